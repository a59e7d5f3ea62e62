// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The lists that the command line embeds: the names of contrib's components, and the changes that
// modules of an older version lack.
const (
	contribNames = "internal/distcmd/contrib-names.tsv"
	olderModules = "internal/distcmd/older-modules.tsv"
)

// componentName is what a component is called in 0.152.0, and here if it is carried.
type componentName struct{ upstream, here string }

// String is the name of 0.152.0, with the one here if that differs. Providers have none.
func (n componentName) String() string {
	switch {
	case n.upstream == "":
		return ""
	case n.here == "" || n.here == n.upstream:
		return "`" + n.upstream + "`"
	default:
		return fmt.Sprintf("`%s`, here `%s`", n.upstream, n.here)
	}
}

// key is the module's kind and last element, which the lists name it by.
func (m *module) key() string { return strings.TrimSuffix(m.kind, "s") + " " + path.Base(m.path) }

func loadNames(root string) (map[string]componentName, error) {
	rows, err := readTSV(filepath.Join(root, filepath.FromSlash(contribNames)), 5)
	if err != nil {
		return nil, err
	}
	names := map[string]componentName{}
	for _, r := range rows {
		if module := r[3]; module != "" {
			names[r[0]+" "+module] = componentName{upstream: r[1], here: r[4]}
		}
	}
	return names, nil
}

// olderTable lists by module what its users lack of 0.152.0.
func olderTable(root string) (string, error) {
	rows, err := readTSV(filepath.Join(root, filepath.FromSlash(olderModules)), 7)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintln(&b, summary(rows))
	before := ""
	for _, r := range rows {
		module, version := r[1], r[2]
		if module != before {
			fmt.Fprintf(&b, "\n### `%s` %s\n\n| came in | what | in upstream's words |\n| --- | --- | --- |\n", module, version)
			before = module
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r[3], r[4], strings.ReplaceAll(r[6], "|", `\|`))
	}
	return b.String(), nil
}

// summary counts the changes by what they are.
func summary(rows [][]string) string {
	modules, classes := map[string]bool{}, map[string]int{}
	for _, r := range rows {
		modules[r[1]] = true
		classes[r[4]]++
	}
	var counts []string
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		counts = append(counts, fmt.Sprintf("%s %d", class, classes[class]))
	}
	return fmt.Sprintf("%d changes in %d modules: %s.", len(rows), len(modules), strings.Join(counts, ", "))
}

// readTSV returns the rows of a table below its heading, without comments.
func readTSV(path string, columns int) (rows [][]string, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(strings.TrimRight(string(content), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != columns {
			return nil, fmt.Errorf("%s:%d: %d columns instead of %d", path, i+1, len(cells), columns)
		}
		rows = append(rows, cells)
	}
	return rows[1:], nil
}
