// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// describer makes schemas of values, which are the defaults of a component, and rows of those keys that a keys.yaml describes.
type describer struct {
	root  string
	files map[string]*docs
	rows  []row
	errs  []error
}

var (
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (d *describer) exists(folder string) bool {
	_, err := os.Stat(filepath.Join(d.root, folder, keysFile))
	return err == nil
}

func (d *describer) load(folder string) *docs {
	if d.files == nil {
		d.files = map[string]*docs{}
	}
	if d.files[folder] == nil {
		read, err := load(d.root, folder)
		if err != nil {
			d.errs = append(d.errs, err)
			read = &docs{folder: folder}
		}
		d.files[folder] = read
	}
	return d.files[folder]
}

// err is all that is wrong, once everything is described.
func (d *describer) err() error {
	errs := d.errs
	for _, file := range d.files {
		errs = append(errs, file.unused())
	}
	return errors.Join(errs...)
}

func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(unmarshalerType) }

func (d *describer) describe(v reflect.Value, at place) schema {
	t := v.Type()
	switch {
	case t == durationType:
		return withDefault(schema{"type": []string{"string", "number", "null"}, "pattern": durationPattern}, v, duration(v))
	case isText(t):
		return textOf(t)
	case isOptional(t):
		return switchable(d.describe(optional(v), at))
	case isPairs(t):
		return pairs()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.describe(pointed(v), at)
	case reflect.Struct:
		return d.structure(v, at)
	case reflect.Slice, reflect.Array:
		return list(t.Elem(), d.describe(zero(t.Elem()), at.under("<i>", "0")))
	case reflect.Map:
		return orReference("object", schema{"additionalProperties": d.describe(zero(t.Elem()), at.underKey())})
	case reflect.String:
		return withDefault(schema{"type": []string{"string", "null"}}, v, v.String())
	default:
		return d.plain(v)
	}
}

func (d *describer) plain(v reflect.Value) schema {
	name := kindName(v.Kind())
	if name == "" {
		return schema{}
	}
	return withDefault(orReference(name, nil), v, v.Interface())
}

// kindName is the name of JSON schema for what is no text, which a reference can stand for.
func kindName(kind reflect.Kind) string {
	switch {
	case kind == reflect.Bool:
		return "boolean"
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return "integer"
	case kind == reflect.Float32 || kind == reflect.Float64:
		return "number"
	}
	return ""
}

func zero(t reflect.Type) reflect.Value { return reflect.New(t).Elem() }

func pointed(v reflect.Value) reflect.Value {
	if v.IsNil() {
		return zero(v.Type().Elem())
	}
	return v.Elem()
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

// optional returns what is there once a section is written.
func optional(v reflect.Value) reflect.Value {
	written := reflect.New(v.Type())
	written.Elem().Set(v)
	return written.MethodByName("GetOrInsertDefault").Call(nil)[0].Elem()
}

func (d *describer) structure(v reflect.Value, at place) schema {
	properties := schema{}
	var required []string
	if strings.HasSuffix(v.Type().PkgPath(), "/internal/metadata") && isSwitches(v.Type().Name()) {
		d.switches(v, properties, at)
	} else {
		required = d.fields(v, properties, at.in(d, v.Type()))
	}
	if isServer(v.Type()) {
		properties["keepalive"] = keepalive(properties)
	}
	described := section(properties)
	if len(required) > 0 {
		described["required"] = required
	}
	return described
}

// isSwitches says whether a structure that mdatagen made has one key for each metric or resource attribute.
func isSwitches(name string) bool {
	return name == "MetricsConfig" || name == "ResourceAttributesConfig"
}

// switches describes sections that are all alike in one set of rows.
func (d *describer) switches(v reflect.Value, properties schema, at place) {
	from := len(d.rows)
	for i := range v.NumField() {
		name := keyOf(v.Type().Field(i))
		known := d.rows
		properties[name] = d.describe(v.Field(i), at.under("<name>", name))
		if i == 0 {
			continue
		}
		d.rows = known
		if from == len(d.rows) {
			continue // They have no entry.
		}
		if v.Field(i).FieldByName("Enabled").Bool() != v.Field(0).FieldByName("Enabled").Bool() {
			d.rows[from].defaults = "see [documentation.md](documentation.md)"
		}
	}
}

func keyOf(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
	if name == "" {
		return strings.ToLower(field.Name)
	}
	return name
}

// fields adds the keys of a structure, and of those that are squashed into it. It returns those that are required.
func (d *describer) fields(v reflect.Value, properties schema, at place) (required []string) {
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		_, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch name := keyOf(field); {
		case !field.IsExported() || name == "-" || strings.Contains(options, "remain"):
		case strings.Contains(options, "squash"):
			required = append(required, d.fields(v.Field(i), properties, at)...)
		default:
			under := at.under(name, name)
			properties[name] = d.field(v.Field(i), under)
			if said := under.entry(); said != nil && said.Required {
				required = append(required, name)
			}
		}
	}
	return required
}

// field describes a key, by what its keys.yaml says about it.
func (d *describer) field(v reflect.Value, at place) schema {
	said := at.entry()
	if said == nil {
		if !at.others && needsEntry(v.Type()) {
			d.errs = append(d.errs, fmt.Errorf("%s: %q: has no entry", filepath.Join(at.docs.folder, keysFile), at))
		}
		return d.describe(v, at)
	}
	made, err := newRow(v, at, said)
	if err != nil {
		d.errs = append(d.errs, fmt.Errorf("%s: %q: %w", filepath.Join(at.docs.folder, keysFile), at, err))
	}
	d.rows = append(d.rows, made)
	described := d.describe(v, at)
	said.constrain(described, v.Type())
	return described
}

// needsEntry says whether a key has to be described: all but sections whose keys are.
func needsEntry(t reflect.Type) bool {
	return t.Kind() != reflect.Struct || isText(t) || isOptional(t) || !strings.HasPrefix(t.PkgPath(), repository)
}
