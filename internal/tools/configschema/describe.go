// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// describer makes schemas of values, which are the defaults of a component.
type describer struct {
	comments comments
	err      error
}

// variable is what may stand for any value: a reference that the Collector resolves.
var variable = schema{"type": "string", "pattern": `\$`}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// nullable is a type of which a key without a value is one, too.
func nullable(name string) []string { return []string{name, "null"} }

func (d *describer) describe(v reflect.Value) schema {
	t := v.Type()
	switch {
	case t == durationType:
		return withDefault(schema{"type": "string", "pattern": `^[-+]?([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$|\$`}, v, v.Interface().(time.Duration).String())
	case reflect.PointerTo(t).Implements(unmarshalerType):
		return schema{"type": "string"}
	case isOptional(t):
		return d.optional(v)
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v = reflect.New(t.Elem())
		}
		return d.describe(v.Elem())
	case reflect.Struct:
		return d.structure(v)
	case reflect.Slice, reflect.Array:
		return schema{"type": nullable("array"), "items": d.describe(reflect.New(t.Elem()).Elem())}
	case reflect.Map:
		return schema{"type": nullable("object"), "additionalProperties": d.describe(reflect.New(t.Elem()).Elem())}
	case reflect.String:
		return withDefault(schema{"type": "string"}, v, v.String())
	case reflect.Bool:
		return orVariable(withDefault(schema{"type": "boolean"}, v, v.Interface()))
	case reflect.Float32, reflect.Float64:
		return orVariable(withDefault(schema{"type": "number"}, v, v.Interface()))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return orVariable(withDefault(schema{"type": "integer"}, v, v.Interface()))
	default:
		return schema{}
	}
}

// orVariable describes a value that is no text, which a reference can stand for.
func orVariable(plain schema) schema {
	described := schema{"anyOf": []schema{{"type": plain["type"]}, variable}}
	if value, ok := plain["default"]; ok {
		described["default"] = value
	}
	return described
}

func withDefault(described schema, v reflect.Value, value any) schema {
	if !v.IsZero() {
		described["default"] = value
	}
	return described
}

// isOptional says whether a type is configoptional's.
func isOptional(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && strings.HasSuffix(t.PkgPath(), "config/configoptional")
}

// optional describes what is there only when it is set. Its default has no exported name, so the type of Get's result is what there is.
func (d *describer) optional(v reflect.Value) schema {
	get, _ := reflect.PointerTo(v.Type()).MethodByName("Get")
	return d.describe(reflect.New(get.Type.Out(0).Elem()).Elem())
}

func (d *describer) structure(v reflect.Value) schema {
	properties := schema{}
	d.fields(v, properties)
	return schema{"type": nullable("object"), "properties": properties, "additionalProperties": false}
}

// fields adds the keys of a structure, and of those that are squashed into it.
func (d *describer) fields(v reflect.Value, properties schema) {
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case !field.IsExported() || name == "-":
		case strings.Contains(options, "squash"):
			d.fields(v.Field(i), properties)
		case strings.Contains(options, "remain"):
		default:
			if name == "" {
				name = strings.ToLower(field.Name)
			}
			described := d.describe(v.Field(i))
			text, err := d.comments.of(t, field.Name)
			if err != nil {
				d.err = err
			}
			if text != "" {
				described["description"] = text
			}
			properties[name] = described
		}
	}
}
