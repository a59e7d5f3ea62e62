// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Type is what a line of a counters file makes of its field.
type Type string

// The types. dcgm-exporter takes two more words, histogram and summary, and writes pages with them that no parser takes.
const (
	Gauge   Type = "gauge"
	Counter Type = "counter"
	Label   Type = "label"
)

var types = []Type{Gauge, Counter, Label}

// Line is a line of a counters file.
type Line struct {
	At   string // file and line
	Name string
	Type Type
	Help string
}

// DefaultCounters stands for the counters file that dcgm-exporter comes with.
const DefaultCounters = "default"

// What dcgm-exporter counts unless it is told otherwise, by release.
var (
	//go:embed counters-4.8.csv
	counters48 string
	//go:embed counters-4.9.csv
	counters49 string
)

// isText tells the text of a counters file from the path of one.
func isText(counters string) bool { return strings.ContainsAny(counters, "\n,") }

var errNone = errors.New("has no counters")

// read returns the lines of a counters file, given its path or its text.
func read(counters string) ([]Line, error) {
	switch {
	case counters == "":
		return nil, fmt.Errorf("must be %s, the path of a counters file or its text, got none", DefaultCounters)
	case isText(counters):
		return Parse("line", counters)
	}
	text, err := os.ReadFile(counters)
	if err != nil {
		return nil, fmt.Errorf("read the counters file: %w", err)
	}
	lines, err := Parse(counters, string(text))
	if errors.Is(err, errNone) {
		err = fmt.Errorf("%s: %w", counters, err)
	}
	return lines, err
}

// Parse returns the lines of a counters file that are no comments, and an error for each that is wrong.
func Parse(file, text string) ([]Line, error) {
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return nil, fmt.Errorf("%s:1: must be UTF-8, is UTF-16", file)
	}
	p := parser{first: map[string]string{}}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		p.take(fmt.Sprintf("%s:%d", file, number), strings.TrimSpace(line))
	}
	return p.lines, p.err()
}

type parser struct {
	lines []Line
	first map[string]string // where a name came first
	errs  []error
}

func (p *parser) err() error {
	if len(p.lines) == 0 && len(p.errs) == 0 {
		return errNone
	}
	return errors.Join(p.errs...)
}

// take takes a line of a file. A quoted text ends on its line: help on a page is one line.
func (p *parser) take(at, text string) {
	if text == "" || text[0] == '#' {
		return
	}
	line, err := parseLine(text)
	if before := p.first[line.Name]; err == nil && before != "" {
		err = fmt.Errorf("%s stands at %s already", line.Name, before)
	}
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s: %w", at, err))
		return
	}
	line.At = at
	p.first[line.Name] = at
	p.lines = append(p.lines, line)
}

const columns = 3

var fieldName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

func parseLine(text string) (Line, error) {
	if !utf8.ValidString(text) {
		return Line{}, errors.New("must be UTF-8")
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.TrimLeadingSpace = true
	cells, err := reader.Read()
	if wrong := (*csv.ParseError)(nil); errors.As(err, &wrong) {
		return Line{}, fmt.Errorf(`column %d: %w: a quoted text begins and ends with ", and has "" for each within it`, wrong.Column, wrong.Err)
	}
	if len(cells) != columns {
		return Line{}, fmt.Errorf("must have 3 columns, which are field, type and help, with commas between them, got %d: quote a help text with commas", len(cells))
	}
	line := Line{Name: strings.TrimSpace(cells[0]), Type: Type(strings.TrimSpace(cells[1])), Help: strings.TrimSpace(cells[2])}
	switch {
	case !fieldName.MatchString(line.Name):
		return line, fmt.Errorf("must begin with the name of a field, got %q", line.Name)
	case !slices.Contains(types, line.Type):
		return line, fmt.Errorf("type of %s must be gauge, counter or label, got %q", line.Name, line.Type)
	}
	return line, nil
}
