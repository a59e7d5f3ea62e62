// SPDX-License-Identifier: Apache-2.0

package otlpjson

import "go.opentelemetry.io/collector/pdata/pcommon"

// stringTable is the string table of a profiles dictionary, extended without changing the original.
//
// In profiles, the keys and strings of resource and scope attributes are references into the dictionary. pdata resolves them when it
// reads and makes them again when it writes; a plain key would be lost there, because its reader takes an absent reference for entry 0.
type stringTable struct {
	original pcommon.StringSlice
	added    []string
	indexes  map[string]int32
}

func newStringTable(original pcommon.StringSlice) *stringTable {
	return &stringTable{original: original}
}

// index returns the index of s, which is added when it is missing.
func (t *stringTable) index(s string) int32 {
	if t.indexes == nil {
		t.fill()
	}
	i, found := t.indexes[s]
	if !found {
		i = int32(t.Len())
		t.added = append(t.added, s)
		t.indexes[s] = i
	}
	return i
}

func (t *stringTable) fill() {
	t.indexes = make(map[string]int32, t.original.Len())
	for i := range t.original.Len() {
		t.indexes[t.original.At(i)] = int32(i)
	}
	if t.original.Len() == 0 {
		// Entry 0 stands for "not set" and has to be the empty string.
		t.added = append(t.added, "")
	}
}

// Len returns the number of strings in the extended table.
func (t *stringTable) Len() int {
	return t.original.Len() + len(t.added)
}

// At returns a string of the extended table.
func (t *stringTable) At(i int) string {
	if n := t.original.Len(); i >= n {
		return t.added[i-n]
	}
	return t.original.At(i)
}
