// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// keysFile is next to the structures that it describes.
const keysFile = "keys.yaml"

// entry is what a keys.yaml says about a key. Rules are held against the component's Validate by a test.
type entry struct {
	Meaning string    `yaml:"meaning"`
	Example yaml.Node `yaml:"example"`
	Type    string    `yaml:"type"`    // in place of the structure's
	Default string    `yaml:"default"` // what leaving the key out means, where the structure has nothing
	Each    string    `yaml:"each"`    // what the keys of a map are, and one of them
	Sample  string    `yaml:"sample"`

	KeyPattern string `yaml:"key_pattern"` // a regular expression for those keys

	OneOf    []string `yaml:"one_of"`
	Min      string   `yaml:"min"`
	Max      string   `yaml:"max"`
	Above    string   `yaml:"above"`
	Below    string   `yaml:"below"`
	Or       string   `yaml:"or"` // a value outside these bounds that is taken
	Required bool     `yaml:"required"`
	Rule     string   `yaml:"rule"` // what has no other word here; needs values, or whole configurations, that it refuses

	With                  map[string]any    `yaml:"with"`  // what the key needs beside itself
	Files                 map[string]string `yaml:"files"` // those that values name
	Accepted              []any             `yaml:"accepted"`
	Refused               []any             `yaml:"refused"`
	RefusedConfigurations []map[string]any  `yaml:"refused_configurations"`
}

// docs is a keys.yaml.
type docs struct {
	folder  string
	entries map[string]*entry
	used    map[string]bool
}

func load(root, folder string) (*docs, error) {
	path := filepath.Join(root, folder, keysFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	read := &docs{folder: folder, used: map[string]bool{}}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&read.entries); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(read.entries)) {
		if err := read.entries[key].check(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %q: %w", path, key, err))
		}
	}
	return read, errors.Join(errs...)
}

func (e *entry) check() error {
	switch {
	case e == nil || e.Meaning == "":
		return errors.New(`"meaning": must be given`)
	case e.Example.IsZero():
		return errors.New(`"example": must be given`)
	case e.Rule != "" && len(e.Refused)+len(e.RefusedConfigurations) == 0:
		return errors.New(`"rule": needs "refused" or "refused_configurations"`)
	case e.Above != "" && e.Min != "" || e.Below != "" && e.Max != "":
		return errors.New(`"min" and "above", "max" and "below": must be either`)
	}
	return nil
}

// take returns what is said about a key, nil for nothing.
func (d *docs) take(key string) *entry {
	found := d.entries[key]
	if found != nil {
		d.used[key] = true
	}
	return found
}

// unused reports keys that no structure has.
func (d *docs) unused() error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(d.entries)) {
		if !d.used[key] {
			errs = append(errs, fmt.Errorf("%s: %q: the configuration has no such key", filepath.Join(d.folder, keysFile), key))
		}
	}
	return errors.Join(errs...)
}

// rules says what Validate enforces beside the type.
func (e *entry) rules() string {
	var rules []string
	if e.Required {
		rules = append(rules, "required")
	}
	if bounds := e.bounds(); bounds != "" {
		rules = append(rules, bounds)
	}
	if e.Rule != "" {
		rules = append(rules, e.Rule)
	}
	return strings.Join(rules, "; ")
}

func (e *entry) bounds() string {
	var parts []string
	for _, bound := range []struct{ word, value string }{{"above", e.Above}, {"below", e.Below}, {"at least", e.Min}, {"at most", e.Max}} {
		if bound.value != "" {
			parts = append(parts, bound.word+" "+code(bound.value))
		}
	}
	text := strings.Join(parts, ", ")
	if e.Min != "" && e.Max != "" {
		text = code(e.Min) + " to " + code(e.Max)
	}
	if e.Or != "" {
		text = code(e.Or) + ", or " + text
	}
	return text
}

var markdownLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// description is what an editor shows.
func (e *entry) description() string {
	text := e.Meaning
	if rules := e.rules(); rules != "" {
		text += ". Rule: " + rules
	}
	return strings.ReplaceAll(markdownLink.ReplaceAllString(text, "$1"), "`", "")
}
