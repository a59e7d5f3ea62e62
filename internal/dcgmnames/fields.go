// SPDX-License-Identifier: Apache-2.0

package dcgmnames

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed fields.tsv
var fieldsTSV string

// Field is a field of DCGM.
type Field struct {
	ID             uint16
	Name46, Name47 string   // "" in a release that does not have the field
	Older          []string // names of earlier headers, then those of dcgm-exporter 1.x in lower case
	Type           string   // INT64, DOUBLE, STRING, BINARY, or "" where it is not known
	Unit           string   // by UCUM, "" where it is none or not known
	Level          string   // GPU, GPU_I, GPU_CI, LINK, SWITCH, CPU, CPU_CORE, VGPU, CONNECTX, NONE, or "" where it is not known
	Base           uint16   // the field that has the same quantity in a base unit, 0 if there is none
	ToBase         Factor
}

// Is reports whether the field is called so in some release.
func (f *Field) Is(name string) bool {
	return f.Name46 == name || f.Name47 == name || slices.Contains(f.Older, name)
}

// IsNumber reports whether values of the field are numbers.
func (f *Field) IsNumber() bool { return f.Type == "INT64" || f.Type == "DOUBLE" }

// Factor is a ratio, as two numbers: 1/100 is no binary fraction.
type Factor struct{ Multiply, Divide float64 }

// Of returns a value times the factor.
func (f Factor) Of(value float64) float64 { return value * f.Multiply / f.Divide }

// Inverse returns the factor back.
func (f Factor) Inverse() Factor { return Factor{f.Divide, f.Multiply} }

// IsOne reports whether the factor changes nothing.
func (f Factor) IsOne() bool { return f.Multiply == f.Divide }

var one = Factor{1, 1}

type table struct {
	fields []Field
	byID   map[uint16]*Field
	byName map[string][]*Field
	legacy map[uint16]*Field // by the field in the base unit
}

var shipped = sync.OnceValue(func() *table {
	fields, err := parseFields(fieldsTSV)
	if err != nil {
		panic(err) // A test reads the embedded file.
	}
	t := &table{fields: fields, byID: map[uint16]*Field{}, byName: map[string][]*Field{}, legacy: map[uint16]*Field{}}
	for i := range fields {
		t.add(&fields[i])
	}
	return t
})

func (t *table) add(f *Field) {
	t.byID[f.ID] = f
	if f.Base != 0 {
		t.legacy[f.Base] = f
	}
	names := append([]string{f.Name46, f.Name47}, f.Older...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name != "" {
			t.byName[name] = append(t.byName[name], f)
		}
	}
}

// Fields returns all fields in the order of their numbers. The caller does not change them.
func Fields() []Field { return shipped().fields }

// ByID returns a field by its number.
func ByID(id uint16) (Field, bool) {
	f, ok := shipped().byID[id]
	if !ok {
		return Field{}, false
	}
	return *f, true
}

// InOldUnit returns the field that has the quantity of a field in another than the base unit, such as 203, in percent, for 1613.
// Host engines from before the field in the base unit have that one alone.
func InOldUnit(id uint16) (Field, bool) {
	f, ok := shipped().legacy[id]
	if !ok {
		return Field{}, false
	}
	return *f, true
}

// columns are those of fields.tsv, in order; "-" is an empty cell.
const columns = 9

func parseFields(text string) ([]Field, error) {
	rows, err := cells(text, columns)
	if err != nil {
		return nil, err
	}
	var fields []Field
	for i, row := range rows {
		field, err := parseField(row)
		if err != nil {
			return nil, fmt.Errorf("read field %d of fields.tsv: %w", i+1, err)
		}
		fields = append(fields, field)
	}
	return fields, nil
}

func parseField(row []string) (Field, error) {
	id, err := strconv.ParseUint(row[0], 10, 16)
	if err != nil {
		return Field{}, fmt.Errorf("parse id: %w", err)
	}
	f := Field{ID: uint16(id), Name46: row[1], Name47: row[2], Type: row[4], Unit: row[5], Level: row[6], ToBase: one}
	if row[3] != "" {
		f.Older = strings.Split(row[3], ",")
	}
	if row[7] == "" {
		return f, nil
	}
	base, err := strconv.ParseUint(row[7], 10, 16)
	if err != nil {
		return Field{}, fmt.Errorf("parse base: %w", err)
	}
	f.Base = uint16(base)
	f.ToBase, err = parseFactor(row[8])
	return f, err
}

// parseFactor reads 1000 and 1/1000.
func parseFactor(text string) (Factor, error) {
	f := one
	multiply, divide, isRatio := strings.Cut(text, "/")
	var err error
	if f.Multiply, err = strconv.ParseFloat(multiply, 64); err != nil {
		return f, fmt.Errorf("parse factor: %w", err)
	}
	if !isRatio {
		return f, nil
	}
	if f.Divide, err = strconv.ParseFloat(divide, 64); err != nil {
		return f, fmt.Errorf("parse factor: %w", err)
	}
	return f, nil
}

// cells splits a table into rows, without comments, its header and the dashes of empty cells.
func cells(text string, columns int) ([][]string, error) {
	var rows [][]string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(row) != columns {
			return nil, fmt.Errorf("read row %q: it has %d columns, not %d", row[0], len(row), columns)
		}
		for i := range row {
			row[i] = strings.TrimPrefix(row[i], "-")
		}
		rows = append(rows, row)
	}
	return rows[1:], nil
}
