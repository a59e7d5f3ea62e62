// SPDX-License-Identifier: Apache-2.0

package dcgmnames

import (
	"fmt"
	"strings"
)

// Version is that of a host engine. The zero value is one that is not known.
type Version struct{ Major, Minor int }

var renamed = Version{4, 7} // the release that renamed fields in place

func (v Version) before(other Version) bool {
	return v.Major < other.Major || v.Major == other.Major && v.Minor < other.Minor
}

// Resolve returns the field that a name means to a host engine. With a version that is not known, a name that means different
// fields is refused.
func Resolve(name string, engine Version) (Field, error) {
	fields := shipped().byName[name]
	switch {
	case len(fields) == 0:
		return Field{}, fmt.Errorf("no field of DCGM is called %s", name)
	case len(fields) == 1:
		return *fields[0], nil
	case engine == Version{}:
		return Field{}, fmt.Errorf("%s is ambiguous: %s", name, readings(name, fields))
	}
	for _, f := range fields {
		if current(f, engine) == name {
			return *f, nil
		}
	}
	return *fields[0], nil
}

// current is the name that a host engine's own header has.
func current(f *Field, engine Version) string {
	if engine.before(renamed) {
		return f.Name46
	}
	return f.Name47
}

// readings says what a name means in which release.
func readings(name string, fields []*Field) string {
	var texts []string
	for _, f := range fields {
		release := "older releases"
		switch name {
		case f.Name47:
			release = "DCGM 4.7"
		case f.Name46:
			release = "DCGM 4.6"
		}
		texts = append(texts, fmt.Sprintf("in %s it is field %d (%s, unit %s)", release, f.ID, f.Type, f.Unit))
	}
	return strings.Join(texts, ", ")
}
