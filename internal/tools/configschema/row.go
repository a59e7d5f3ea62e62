// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// row is a key of a component, as its README has it.
type row struct {
	*entry

	key      string
	sample   []string // of the key, in a configuration
	of       []string // section and id of the component, where a test goes through all
	kind     string
	defaults string
	value    reflect.Type
}

func newRow(v reflect.Value, at place, said *entry) (row, error) {
	made := row{entry: said, key: at.String(), sample: at.sample, value: v.Type(), kind: said.Type, defaults: defaultOf(v)}
	if made.kind == "" {
		made.kind = kindOf(v.Type(), said.OneOf)
	}
	switch {
	case said.Default != "":
		made.defaults = said.Default
	case said.Required:
		made.defaults = "none"
	}
	t := v.Type()
	switch {
	case said.Default != "" && !v.IsZero():
		return made, fmt.Errorf(`"default": must be left out, it is %s`, defaultOf(v))
	case made.kind == "section" && needsEntry(t) && !strings.HasPrefix(element(t).PkgPath(), repository) && !strings.Contains(said.Meaning, "](https://"):
		return made, errors.New(`"meaning": must have a link to the documentation of whose section it is`)
	}
	return made, nil
}

// element is the type of what an optional or a pointer has.
func element(t reflect.Type) reflect.Type {
	switch {
	case isOptional(t):
		get, _ := reflect.PointerTo(t).MethodByName("Get")
		return get.Type.Out(0).Elem()
	case t.Kind() == reflect.Pointer:
		return t.Elem()
	}
	return t
}

// kindOf says what users write.
func kindOf(t reflect.Type, oneOf []string) string {
	t = element(t)
	switch {
	case t.Kind() == reflect.Slice && len(oneOf) > 0:
		return "list of " + codes(oneOf)
	case len(oneOf) > 0:
		return codes(oneOf)
	case t == durationType:
		return "duration"
	case strings.HasSuffix(t.PkgPath(), "/component"):
		return "component id"
	case isText(t):
		return "text"
	}
	return kindOfPlain(t)
}

func kindOfPlain(t reflect.Type) string {
	switch kindName(t.Kind()) {
	case "boolean":
		return "`true`, `false`"
	case "integer":
		return "whole number"
	case "number":
		return "number"
	}
	switch t.Kind() {
	case reflect.Slice:
		return "list of " + strings.TrimSuffix(kindOf(t.Elem(), nil), "s") + "s"
	case reflect.Map:
		return "map"
	case reflect.Struct:
		return "section"
	default:
		return "text"
	}
}

func defaultOf(v reflect.Value) string {
	switch kind := v.Kind(); {
	case isOptional(v.Type()):
		if v.Addr().MethodByName("HasValue").Call(nil)[0].Bool() {
			return "on"
		}
		return "off"
	case v.Type() == durationType:
		return code(duration(v))
	case kindName(kind) != "":
		return code(fmt.Sprint(v.Interface()))
	case v.IsZero():
		return "none"
	case kind == reflect.Struct:
		return ""
	case kind == reflect.Slice:
		return code(flow(v.Interface()))
	default:
		return code(fmt.Sprint(v.Interface()))
	}
}

// duration writes 1m0s as 1m.
func duration(v reflect.Value) string {
	text := v.Interface().(time.Duration).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func code(text string) string { return "`" + text + "`" }

func codes(texts []string) string { return code(strings.Join(texts, "`, `")) }

// flow writes a value as YAML does in one line.
func flow(value any) string {
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return flowOf(&node)
}

func flowOf(node *yaml.Node) string {
	copied := *node
	copied.Style |= yaml.FlowStyle
	text, err := yaml.Marshal(&copied)
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

const header = "| key | type | default | rule | example | meaning |\n| --- | --- | --- | --- | --- | --- |\n"

func table(rows []row) string {
	var b strings.Builder
	b.WriteString(header)
	for _, r := range rows {
		cells := []string{code(r.key), r.kind, r.defaults, r.rules(), code(flowOf(&r.Example)), r.Meaning}
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(strings.Join(append(strings.Fields(cell), ""), " "), "|", `\|`))
		}
		b.WriteString("|\n")
	}
	return b.String()
}
