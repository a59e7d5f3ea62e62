// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"strings"
)

// entry is one entry of a changelog.
type entry struct {
	release  string // 0.152.0
	class    string
	subjects []string // receiver/yang_grpc
	text     string
	more     string // the indented lines that follow
}

// classes are the sections of a release, by a word of their heading.
var classes = []struct{ heading, class string }{
	{"Breaking changes", "breaking"},
	{"Deprecations", "deprecation"},
	{"New components", "new"},
	{"Enhancements", "enhancement"},
	{"Bug fixes", "fix"},
}

var entryStart = regexp.MustCompile("^- `([^`]+)`: (.*?)(?: \\([#\\d, ]+\\))?$")

// parse returns the entries of contrib's CHANGELOG.md, newest first.
func parse(changelog string) (entries []entry) {
	release, class := "", ""
	for line := range strings.Lines(changelog) {
		line = strings.TrimRight(line, "\n")
		if found, is := strings.CutPrefix(line, "## v"); is {
			release, class = found, ""
			continue
		}
		if heading, is := strings.CutPrefix(line, "### "); is {
			class = classOf(heading)
			continue
		}
		if m := entryStart.FindStringSubmatch(line); m != nil && release != "" {
			entries = append(entries, entry{release: release, class: class, subjects: strings.Split(m[1], ", "), text: m[2]})
		} else if strings.HasPrefix(line, "  ") && len(entries) > 0 {
			entries[len(entries)-1].more += line + "\n"
		}
	}
	return entries
}

func classOf(heading string) string {
	for _, c := range classes {
		if strings.Contains(heading, c.heading) {
			return c.class
		}
	}
	return ""
}

// rename is a component that got another name, which is the old one with underscores.
type rename struct {
	component

	old, release string
}

// component is a kind and a name: receiver, yang_grpc.
type component struct{ kind, name string }

// compact is the name without underscores, by which a changelog, a module and a configuration
// mean the same component.
func (c component) compact() component {
	return component{c.kind, strings.ReplaceAll(c.name, "_", "")}
}

var (
	renaming = regexp.MustCompile(`(?i)^(rename|introduce new snake case compliant name)\b`)
	word     = regexp.MustCompile(`\w+`)
	// key matches what may be a key of a configuration.
	key = regexp.MustCompile(`\b[a-z0-9]+(?:_[a-z0-9]+)+\b`)
)

// renames returns the renames among entries, newest first.
func renames(entries []entry) (found []rename) {
	for _, e := range entries {
		for _, subject := range e.subjects {
			if r, is := e.rename(subject); is {
				found = append(found, r)
			}
		}
	}
	return found
}

func (e entry) rename(subject string) (rename, bool) {
	kind, name, _ := strings.Cut(subject, "/")
	r := rename{component: component{kind, name}, release: e.release}
	if !renaming.MatchString(e.text) || !strings.Contains(name, "_") {
		return r, false
	}
	named := false
	for _, w := range word.FindAllString(e.text, -1) {
		named = named || w == name
		if w != name && (component{kind, w}).compact() == r.compact() {
			r.old = w
		}
	}
	if r.old == "" {
		r.old = joined(name)
	}
	return r, named
}

// joined is how upstream wrote a name before it wrote words apart.
func joined(name string) string {
	if of, isEncoding := strings.CutSuffix(name, "_encoding"); isEncoding {
		return strings.ReplaceAll(of, "_", "") + "_encoding"
	}
	return strings.ReplaceAll(name, "_", "")
}
