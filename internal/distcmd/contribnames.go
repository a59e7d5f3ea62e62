// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	_ "embed" // for the lists of components
	"strings"
)

// contribNames lists the components of otelcol-contrib 0.152.0, of later releases, and of its
// repository alone: kind, name, the release, for 0.152.0 its module, and the name by which the
// full distribution carries it, if it does.
//
//go:embed contrib-names.tsv
var contribNames string

// removedNames lists components that upstream had: kind, name, the release without it, and what
// does the same today.
//
//go:embed removed.tsv
var removedNames string

// row is a line of such a list.
type row []string

// rows returns the lines below the heading.
func rows(list string) (all []row) {
	for line := range strings.Lines(list) {
		all = append(all, strings.Split(strings.TrimRight(line, "\n"), "\t"))
	}
	return all[1:]
}

// contribComponent is a component of contrib.
type contribComponent struct{ name, since, here string }

// inContrib returns the component of this kind that a name means, with or without underscores and
// the name of the kind.
func inContrib(kind, name string) (contribComponent, bool) {
	for _, r := range rows(contribNames) {
		module := compact(name) == r[3] || compact(name)+kind == r[3]
		if r[0] == kind && (module || isSame(kind, name, r[1])) {
			return contribComponent{name: r[1], since: r[2], here: r[4]}, true
		}
	}
	return contribComponent{}, false
}

// removedComponent is a component that upstream no longer has.
type removedComponent struct{ release, instead string }

func removed(kind, name string) (removedComponent, bool) {
	for _, r := range rows(removedNames) {
		if r[0] == kind && isSame(kind, name, r[1]) {
			return removedComponent{release: r[2], instead: r[3]}, true
		}
	}
	return removedComponent{}, false
}

// isSame says whether a name means a component: its own with other underscores, or its module's,
// which ends with the kind.
func isSame(kind, name, component string) bool {
	name, component = compact(name), compact(component)
	return name == component || name == component+kind
}

// compact is a name without what separates its words, which upstream moves between releases.
func compact(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
