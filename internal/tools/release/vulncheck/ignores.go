// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ignore is one vulnerability that one distribution is released with.
type ignore struct {
	distribution, id, reason string
	until                    time.Time // the last day
}

type ignores []ignore

var osvID = regexp.MustCompile(`^GO-\d{4}-\d+$`)

// readIgnores reads rows of distribution, vulnerability, last day and reason, separated by tabs.
func readIgnores(path string) (ignores, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the ignored vulnerabilities: %w", err)
	}
	var rows ignores
	for number, line := range strings.Split(string(content), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row, err := parseIgnore(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number+1, err)
		}
		if rows.of(row.distribution)[row.id] != (ignore{}) {
			return nil, fmt.Errorf("%s:%d: %s is there twice for %s", path, number+1, row.id, row.distribution)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func parseIgnore(line string) (ignore, error) {
	cells := strings.Split(line, "\t")
	if len(cells) != 4 || slices.Contains(cells, "") {
		return ignore{}, fmt.Errorf("must be distribution, vulnerability, last day and reason, separated by tabs, not %q", line)
	}
	if !osvID.MatchString(cells[1]) {
		return ignore{}, fmt.Errorf("vulnerability must be like GO-2026-1234, not %q", cells[1])
	}
	until, err := time.Parse(time.DateOnly, cells[2])
	if err != nil {
		return ignore{}, fmt.Errorf("last day must be like 2027-01-31, not %q", cells[2])
	}
	return ignore{distribution: cells[0], id: cells[1], until: until, reason: cells[3]}, nil
}

// of returns the rows of a distribution, by vulnerability.
func (rows ignores) of(distribution string) map[string]ignore {
	found := map[string]ignore{}
	for _, row := range rows {
		if row.distribution == distribution {
			found[row.id] = row
		}
	}
	return found
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
