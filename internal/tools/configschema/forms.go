// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// reference matches what may stand for any value: a text with a reference that the Collector resolves.
const reference = `\$`

// variable is such a text.
var variable = schema{"type": "string", "pattern": reference}

// Durations are Go's, or a number of nanoseconds.
const (
	durationPattern = `^[-+]?(` + number + unit + `)+$|^[-+]?0$|` + reference
	negativePattern = `^-.*[1-9]`
	zeroPattern     = `^[-+]?(((0+(\.0*)?)|\.0+)` + unit + `)+$|^[-+]?0$`

	number = `([0-9]+(\.[0-9]*)?|\.[0-9]+)`
	unit   = `(ns|us|µs|μs|ms|s|m|h)`
)

// orReference is the schema of a type that is no text, of a reference in its place, and of a key without a value.
func orReference(name string, more schema) schema {
	described := schema{"type": []string{name, "string", "null"}, "pattern": reference}
	maps.Copy(described, more)
	return described
}

func section(properties schema) schema {
	return orReference("object", schema{"properties": properties, "additionalProperties": false})
}

// list takes a text, too, where its elements are plain: confmap parts it by commas.
func list(element reflect.Type, items schema) schema {
	if types, has := items["type"].([]string); has && !isText(element) {
		items["type"] = slices.DeleteFunc(types, func(name string) bool { return name == "null" })
	}
	described := orReference("array", schema{"items": items})
	if element.Kind() == reflect.String || element == durationType {
		delete(described, "pattern")
	}
	return described
}

// textPatterns are of types that read a text, and that no keys.yaml describes.
var textPatterns = map[string]string{
	"SizerType": `^(bytes|items|requests)$`,
	"ID":        `^\s*[A-Za-z][0-9A-Za-z_]{0,62}\s*(/.+)?$`,
}

func textOf(t reflect.Type) schema {
	described := schema{"type": []string{"string", "null"}}
	if pattern := textPatterns[t.Name()]; pattern != "" {
		described["pattern"] = pattern + "|" + reference
	}
	return described
}

// switchable adds the key that configoptional has beside those of its section.
func switchable(described schema) schema {
	if properties, is := described["properties"].(schema); is {
		properties["enabled"] = orReference("boolean", nil)
	}
	return described
}

// isPairs says whether a type is configopaque's list of names and values, which may be a map as well.
func isPairs(t reflect.Type) bool {
	return t.Name() == "MapList" && strings.HasSuffix(t.PkgPath(), "config/configopaque")
}

func pairs() schema {
	text := schema{"type": []string{"string", "null"}}
	return schema{
		"type": []string{"array", "object", "string", "null"}, "pattern": reference,
		"items":                section(schema{"name": text, "value": text}),
		"additionalProperties": text,
	}
}

// isServer says whether a type is the server of which confmap/forwardalias knows a later spelling.
func isServer(t reflect.Type) bool {
	return t.Name() == "ServerConfig" && strings.HasSuffix(t.PkgPath(), "config/confighttp")
}

// keepalive is that spelling.
func keepalive(properties schema) schema {
	return section(schema{"enabled": orReference("boolean", nil), "idle_timeout": properties["idle_timeout"]})
}
