// SPDX-License-Identifier: Apache-2.0

package dcgmnames

import (
	_ "embed"
	"fmt"
	"sync"
)

//go:embed series.tsv
var seriesTSV string

// Rename is a series, or a label, of dcgm-exporter's presets that has another name in 4.9 than in 4.8.
type Rename struct {
	Old, New           string
	OldField, NewField Field
	Convert            Factor // from the unit of the old series to that of the new one
	Label              bool
}

var renames = sync.OnceValue(func() []Rename {
	list, err := parseSeries(seriesTSV)
	if err != nil {
		panic(err) // A test reads the embedded file.
	}
	return list
})

func parseSeries(text string) ([]Rename, error) {
	rows, err := cells(text, 2)
	if err != nil {
		return nil, err
	}
	var list []Rename
	for _, row := range rows {
		was, err := Resolve(row[0], Version{4, 6})
		if err != nil {
			return nil, fmt.Errorf("read series.tsv: %w", err)
		}
		is, err := Resolve(row[1], Version{4, 7})
		if err != nil {
			return nil, fmt.Errorf("read series.tsv: %w", err)
		}
		r := Rename{Old: row[0], New: row[1], OldField: was, NewField: is, Convert: one, Label: was.Type == "STRING"}
		if was.ID != is.ID && was.Base != is.ID {
			return nil, fmt.Errorf("read series.tsv: field %d of %s is not in the base unit of field %d of %s", is.ID, r.New, was.ID, r.Old)
		}
		if was.Base == is.ID {
			r.Convert = was.ToBase
		}
		list = append(list, r)
	}
	return list, nil
}

// Renames returns what dcgm-exporter 4.9 renamed, in the order of the fields' groups.
func Renames() []Rename { return renames() }

// In49 returns how dcgm-exporter 4.9 calls a series or label of 4.8; false where the name stayed.
func In49(old string) (Rename, bool) { return find(func(r *Rename) bool { return r.Old == old }) }

// In48 returns how dcgm-exporter 4.8 called a series or label of 4.9; false where the name stayed.
func In48(name string) (Rename, bool) { return find(func(r *Rename) bool { return r.New == name }) }

// Releases of dcgm-exporter by whose names series go.
const (
	Release48    = "4.8"
	Release49    = "4.9"
	BothReleases = "both"
)

// RenameOf returns what 4.9 renamed a counter to, or from, given its name in either release and the field that it means; false where the
// name stayed.
func RenameOf(name string, field Field) (Rename, bool) {
	return find(func(r *Rename) bool { return r.Old == name || r.New == name && r.NewField.ID == field.ID })
}

// SeriesOf returns the names of the series, or labels, that a counter makes by the names of a release, or of both. Without a release, they
// go by the name that the counter has.
func SeriesOf(name string, field Field, release string) []string {
	rename, isRenamed := RenameOf(name, field)
	switch {
	case !isRenamed:
		return []string{name}
	case release == BothReleases:
		return []string{rename.Old, rename.New}
	case release == Release49 || release == "" && name == rename.New:
		return []string{rename.New}
	default:
		return []string{rename.Old}
	}
}

func find(is func(*Rename) bool) (Rename, bool) {
	for _, r := range renames() {
		if is(&r) {
			return r, true
		}
	}
	return Rename{}, false
}
