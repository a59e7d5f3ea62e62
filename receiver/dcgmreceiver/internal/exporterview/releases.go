// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"fmt"
	"slices"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// The releases of DCGM that dcgm-exporter 4.8 and 4.9 are built for: a name is what it is there.
var (
	engine48 = dcgmnames.Version{Major: 4, Minor: 6}
	engine49 = dcgmnames.Version{Major: 4, Minor: 7}
)

// engineOf is the release of DCGM whose names lines have: that of a release of dcgm-exporter, or the one that alone has some of the names. It
// is zero where neither says it.
func engineOf(names Names, lines []Line) dcgmnames.Version {
	switch {
	case names == Names48:
		return engine48
	case names == Names49 || slices.ContainsFunc(lines, isOf49):
		return engine49
	default:
		return dcgmnames.Version{}
	}
}

// isOf49 reports whether dcgm-exporter before 4.9 refuses a line, because DCGM before 4.7 has no such name.
func isOf49(line Line) bool {
	field, err := dcgmnames.Resolve(line.Name, dcgmnames.Version{})
	return err == nil && field.Name46 == "" && field.Name47 == line.Name
}

// hintOf says what to do about a name that means two fields.
func hintOf(name string, names Names) string {
	field, err := dcgmnames.Resolve(name, engine48)
	switch _, errOfEither := dcgmnames.Resolve(name, dcgmnames.Version{}); {
	case err != nil || errOfEither == nil:
		return ""
	case names == BothNames:
		return fmt.Sprintf(`; with "names" both, write %s, which makes the series of both releases`, field.Name47)
	default:
		return `; set "names" to 4.8 for the first or to 4.9 for the second`
	}
}

// namesOf are the names by which the series go.
func (b *builder) namesOf(names Names) Names {
	if names != AsWritten {
		return names
	}
	isNew := false
	for _, rename := range dcgmnames.Renames() {
		if b.from[rename.Old] != "" {
			return Names48
		}
		isNew = isNew || b.from[rename.New] != ""
	}
	if isNew {
		return Names49
	}
	return Names48
}
