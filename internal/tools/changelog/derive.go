// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// list is a file that is written, or the block of one between markers.
type list struct {
	path, text string
	block      string
}

// derive makes all lists.
func derive(root, dir string) ([]list, error) {
	changelog, err := os.ReadFile(filepath.Join(dir, "CHANGELOG.md"))
	if err != nil {
		return nil, err
	}
	names, err := latest(dir)
	if err != nil {
		return nil, err
	}
	repository, err := inRepository(dir)
	if err != nil {
		return nil, err
	}
	modules, err := loadModules(root)
	if err != nil {
		return nil, err
	}
	entries := parse(string(changelog))
	if err := setNames(modules, names, renames(entries)); err != nil {
		return nil, err
	}
	aliases := append(laterNames(modules, renames(entries)), detectors(entries)...)
	table, err := format.Source([]byte(aliasTable(aliases)))
	if err != nil {
		return nil, err
	}
	return []list{
		{path: "internal/distcmd/contrib-names.tsv", text: nameList(modules, names, repository)},
		{path: "internal/distcmd/older-modules.tsv", text: changesSince(modules, entries)},
		{path: "confmap/forwardalias/generated_names.go", text: string(table)},
		{path: "confmap/forwardalias/README.md", text: aliasRows(aliases), block: "names"},
	}, nil
}

// nameList is one component a line: those of 0.152, with the name here if they are carried, those
// that contrib's distribution got later, and those that contrib has in its repository alone.
func nameList(modules []module, latest map[component]string, repository []component) string {
	known := map[component]bool{}
	var rows []string
	add := func(c component, since, base, here string) {
		if !known[c.compact()] {
			known[c.compact()] = true
			rows = append(rows, strings.Join([]string{c.kind, c.name, since, base, here}, "\t"))
		}
	}
	for _, m := range modules {
		add(component{m.kind, m.name}, line, m.base, m.here)
		known[m.plain()] = true
	}
	for c, name := range latest {
		add(component{c.kind, name}, strings.TrimPrefix(sourceVersion, "v"), "", "")
	}
	for _, c := range repository {
		add(c, "never", "", "")
	}
	slices.Sort(rows)
	return "kind\tname\tsince\tmodule\there\n" + strings.Join(rows, "\n") + "\n"
}

// changesSince is what came between the version of a module that is carried and 0.152.
func changesSince(modules []module, entries []entry) string {
	var b strings.Builder
	b.WriteString("kind\tmodule\there\trelease\tclass\tkeys\ttext\n")
	for _, m := range modules {
		if m.version == "" {
			continue
		}
		for _, e := range entries {
			if !after(e.release, m.version) || after(e.release, line) || !e.about(m.plain()) {
				continue
			}
			fmt.Fprintln(&b, strings.Join([]string{m.kind, m.base, m.version, e.release, e.classFor(m.kind), e.keys(m.name), e.text}, "\t"))
		}
	}
	return b.String()
}

func (e entry) about(c component) bool {
	return slices.ContainsFunc(e.subjects, func(subject string) bool {
		kind, name, _ := strings.Cut(subject, "/")
		return component{kind, name}.compact() == c
	})
}

// classFor distinguishes renames from other deprecations.
func (e entry) classFor(kind string) string {
	for _, subject := range e.subjects {
		if _, is := e.rename(subject); is && strings.HasPrefix(subject, kind) {
			return "rename"
		}
	}
	return e.class
}

// keys are the words of an entry that may be keys of a configuration.
func (e entry) keys(name string) string {
	found := map[string]bool{}
	for _, k := range key.FindAllString(e.text+"\n"+e.more, -1) {
		found[k] = k != name
	}
	maps.DeleteFunc(found, func(_ string, is bool) bool { return !is })
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}

// alias is a later name of what a distribution of 0.152 has by another.
type alias struct{ kind, later, here, since string }

// laterNames returns every later name of the modules of 0.152.
func laterNames(modules []module, renames []rename) (aliases []alias) {
	for _, m := range modules {
		for _, r := range renames {
			here := cmp.Or(m.here, m.name)
			if r.kind == m.kind && r.compact() == (component{m.kind, here}).compact() && r.name != here {
				aliases = append(aliases, alias{m.kind, r.name, here, r.release})
			}
		}
	}
	slices.SortFunc(aliases, func(a, b alias) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.kind), slices.Index(kinds, b.kind)), cmp.Compare(a.later, b.later))
	})
	return aliases
}

// deprecated matches the entry about a detector of the resource detection processor.
var deprecated = regexp.MustCompile("The `(\\w+)` detector is deprecated; use `(\\w+)` instead")

// detectors returns the later names of detectors, which are named like components.
func detectors(entries []entry) (aliases []alias) {
	for _, e := range entries {
		if m := deprecated.FindStringSubmatch(e.text); m != nil && after(e.release, line) {
			aliases = append(aliases, alias{"detector", m[2], m[1], e.release})
		}
	}
	return aliases
}

func aliasTable(aliases []alias) string {
	var b strings.Builder
	b.WriteString("// Code generated by internal/tools/changelog. DO NOT EDIT.\n// SPDX-License-Identifier: Apache-2.0\n\npackage forwardalias\n\n")
	fmt.Fprintf(&b, "// laterNames is what contrib renamed until %s. The old names are deprecated aliases later.\nvar laterNames = names{\n", strings.TrimPrefix(sourceVersion, "v"))
	for _, kind := range append(slices.Clone(kinds), "detector") {
		fmt.Fprintf(&b, "%ss: {\n", kind)
		for _, a := range aliases {
			if a.kind == kind {
				fmt.Fprintf(&b, "%q: {%q, %q},\n", a.later, a.here, a.since)
			}
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func aliasRows(aliases []alias) string {
	var b strings.Builder
	b.WriteString("| kind | later name | since | present name |\n| --- | --- | --- | --- |\n")
	for _, a := range aliases {
		fmt.Fprintf(&b, "| %s | `%s` | %s | `%s` |\n", a.kind, a.later, a.since, a.here)
	}
	return b.String()
}

// write writes the file, or the block of this name in it.
func (l list) write(path string) error {
	if l.block == "" {
		return os.WriteFile(path, []byte(l.text), 0o600)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- generated "+l.block+" -->\n", "<!-- end generated "+l.block+" -->\n"
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("no block between %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+l.text+end+after), 0o600)
}
