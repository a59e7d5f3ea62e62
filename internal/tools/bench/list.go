// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	repository       = "github.com/tracecoreai/tracecore/"
	defaultBenchtime = "500ms"
	defaultRounds    = 3
)

// list is benchmarks.yaml, in the order of the documentation.
type list []*benchmark

// benchmark is one benchmark function.
type benchmark struct {
	About     string   `yaml:"about"`     // what it measures
	Module    string   `yaml:"module"`    // folder
	Package   string   `yaml:"package"`   // folder in the module
	Name      string   `yaml:"name"`      // without "Benchmark"
	Benchtime string   `yaml:"benchtime"` // as for go test
	Rounds    int      `yaml:"rounds"`    // how often the documentation's number is measured; the median counts
	Binary    bool     `yaml:"binary"`    // it runs the node agent
	Gate      []string `yaml:"gate"`      // units that may not become worse, all of them better when smaller
	Show      []string `yaml:"show"`      // units in the documentation, by default all but wall time
}

func readList(path string) (list, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var l list
	if err := decoder.Decode(&l); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, b := range l {
		if b.About == "" || b.Module == "" || b.Name == "" {
			return nil, fmt.Errorf("%s: %w", path, errors.New("every benchmark needs about, module and name"))
		}
		b.Benchtime, b.Rounds = or(b.Benchtime, defaultBenchtime), or(b.Rounds, defaultRounds)
	}
	return l, nil
}

func or[T comparable](value, otherwise T) T {
	var none T
	if value == none {
		return otherwise
	}
	return value
}

// of selects the benchmarks of some modules, or all when there are none.
func (l list) of(modules []string) list {
	return l.where(func(b *benchmark) bool { return len(modules) == 0 || slices.Contains(modules, b.Module) })
}

func (l list) gated() list { return l.where(func(b *benchmark) bool { return len(b.Gate) > 0 }) }

func (l list) where(keep func(*benchmark) bool) list {
	return slices.DeleteFunc(slices.Clone(l), func(b *benchmark) bool { return !keep(b) })
}

func (l list) modules() []string {
	var modules []string
	for _, b := range l {
		if !slices.Contains(modules, b.Module) {
			modules = append(modules, b.Module)
		}
	}
	return modules
}

// pkg is the import path of the benchmark's package.
func (b *benchmark) pkg() string { return repository + path.Join(b.Module, b.Package) }

// flags are what a test binary needs to run this benchmark once.
func (b *benchmark) flags(prefix string) []string {
	return []string{"-" + prefix + "run=^$", "-" + prefix + "bench=^Benchmark" + b.Name + "$", "-" + prefix + "benchtime=" + b.Benchtime}
}

// command is what a reader types to get the same numbers.
func (b *benchmark) command() string {
	var c strings.Builder
	if b.Binary {
		c.WriteString("make build-node sim && ")
	}
	c.WriteString("cd " + b.Module + " && ")
	if b.Binary {
		c.WriteString("BINARY=$(git rev-parse --show-toplevel)/bin/otelcol-tracecore-node ")
	}
	fmt.Fprintf(&c, "go test -run '^$' -bench '^Benchmark%s$'", b.Name)
	if b.Benchtime != defaultBenchtime {
		c.WriteString(" -benchtime " + b.Benchtime)
	}
	if b.Package != "" {
		c.WriteString(" ./" + b.Package)
	}
	return c.String()
}
