// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// elsewhere are benchmarks that run for or within others.
var elsewhere = []string{"internal/e2e BareCall", "internal/e2e DropInFootprint"}

// benchmarksInSource finds "folder Name" of all benchmark functions.
func benchmarksInSource(t *testing.T) []string {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func Benchmark(\w+)\(b \*testing\.B\)`)
	var found []string
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != root {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(file))
		for _, match := range declared.FindAllStringSubmatch(read(t, file), -1) {
			found = append(found, filepath.ToSlash(folder)+" "+match[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestListHasAllBenchmarksAndNoOthers(t *testing.T) {
	all, err := readList("benchmarks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	listed := slices.Clone(elsewhere)
	for _, b := range all {
		listed = append(listed, path.Join(b.Module, b.Package)+" "+b.Name)
	}
	found := benchmarksInSource(t)
	for _, name := range found {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is not in benchmarks.yaml", name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(found, name) {
			t.Errorf("benchmarks.yaml has %s, the code does not", name)
		}
	}
}

// A gate without a baseline would fail, and a row that nobody looks at would be no gate.
func TestEveryGateHasBaselines(t *testing.T) {
	all, err := readList("benchmarks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	baselines, err := readResults("baselines", all)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all.gated() {
		own := b.own(baselines)
		for _, name := range append(names(own), b.Name)[:max(1, len(names(own)))] {
			for _, unit := range b.Gate {
				if len(values(own, name, unit)) < enough {
					t.Errorf("%s: %s, %s: %d values in baselines/, want %d", b.Module, name, unit, len(values(own, name, unit)), enough)
				}
			}
		}
	}
}

func TestListIsRead(t *testing.T) {
	for text, want := range map[string]string{
		"- {about: a, module: m, name: N, gat: [x]}": "field gat not found",
		"- {about: a, module: m}":                    "every benchmark needs about, module and name",
	} {
		file := filepath.Join(t.TempDir(), "list.yaml")
		write(t, file, text)
		if _, err := readList(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
