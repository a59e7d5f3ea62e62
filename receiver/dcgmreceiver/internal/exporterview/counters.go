// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
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

// read returns the lines of a counters file, given its path or its text.
func read(counters string) ([]Line, error) {
	if isText(counters) {
		return Parse("line", counters)
	}
	text, err := os.ReadFile(counters)
	if err != nil {
		return nil, fmt.Errorf("read the counters file: %w", err)
	}
	return Parse(counters, string(text))
}

// Parse returns the lines of a counters file that are no comments, and an error for each that is wrong.
func Parse(file, text string) ([]Line, error) {
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	reader.Comment, reader.FieldsPerRecord, reader.TrimLeadingSpace, reader.ReuseRecord = '#', -1, true, true
	p := parser{first: map[string]string{}}
	for {
		cells, err := reader.Read()
		switch wrong := (*csv.ParseError)(nil); {
		case errors.Is(err, io.EOF):
			return p.lines, p.err()
		case errors.As(err, &wrong):
			p.fail(fmt.Sprintf("%s:%d", file, wrong.Line), "%w", wrong.Err)
		case err != nil:
			return nil, err
		default:
			number, _ := reader.FieldPos(0)
			p.take(fmt.Sprintf("%s:%d", file, number), cells)
		}
	}
}

type parser struct {
	lines []Line
	first map[string]string // where a name came first
	errs  []error
}

func (p *parser) fail(at, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...)))
}

func (p *parser) err() error {
	if len(p.lines) == 0 && len(p.errs) == 0 {
		return errors.New("has no counters")
	}
	return errors.Join(p.errs...)
}

func (p *parser) take(at string, cells []string) {
	const columns = 3
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if len(cells) == 1 && cells[0] == "" {
		return
	}
	if len(cells) != columns {
		p.fail(at, "must have 3 columns, which are field, type and help, got %d: quote a help text with commas", len(cells))
		return
	}
	line := Line{At: at, Name: cells[0], Type: Type(cells[1]), Help: cells[2]}
	switch before := p.first[line.Name]; {
	case before != "":
		p.fail(at, "%s stands at %s already", line.Name, before)
	case !slices.Contains(types, line.Type):
		p.fail(at, "type of %s must be gauge, counter or label, got %q", line.Name, line.Type)
	default:
		p.first[line.Name] = at
		p.lines = append(p.lines, line)
	}
}
