// SPDX-License-Identifier: Apache-2.0

package dcgmnames

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed otel.tsv
var otelTSV string

// What a metric is of its field.
const (
	Level   = "level"   // the value times Factor
	Counter = "counter" // the same of a counter
	Rate    = "rate"    // its integral
	State   = "state"   // 1 while the field is State
	Event   = "event"   // a count of its changes
	Part    = "part"    // made of a part of it, or of several fields
)

// Metric is a metric that the dcgm receiver makes of a field.
type Metric struct {
	Field      uint16
	Name       string
	Attributes []Attribute // those that tell the series of the metric apart; without Value where it is not known beforehand
	Unit       string      // by UCUM
	Type       string      // gauge, counter or updowncounter
	Default    bool        // enabled without configuration
	Preference int         // 0 where the field is the first choice, more where others come before it
	Kind       string
	Factor     Factor
	State      int
	Entities   []string // what has it: gpu, gi and ci, which are the instances of MIG, and switch
}

// Attribute is an attribute of a series.
type Attribute struct{ Key, Value string }

var metrics = sync.OnceValue(func() map[uint16][]Metric {
	list, err := parseMetrics(otelTSV)
	if err != nil {
		panic(err) // A test reads the embedded file.
	}
	byField := map[uint16][]Metric{}
	for _, m := range list {
		byField[m.Field] = append(byField[m.Field], m)
	}
	return byField
})

// Metrics returns what the dcgm receiver makes of a field, in the order of its catalog.
func Metrics(field uint16) []Metric { return metrics()[field] }

func parseMetrics(text string) ([]Metric, error) {
	rows, err := cells(text, 10)
	if err != nil {
		return nil, err
	}
	var list []Metric
	for _, row := range rows {
		m, err := parseMetric(row)
		if err != nil {
			return nil, fmt.Errorf("read %s of field %s in otel.tsv: %w", row[1], row[0], err)
		}
		list = append(list, m)
	}
	return list, nil
}

func parseMetric(row []string) (Metric, error) {
	m := Metric{Name: row[1], Attributes: parseAttributes(row[2]), Unit: row[3], Type: row[4], Default: row[5] == "on", Kind: row[7], Factor: one, Entities: strings.Split(row[9], ",")}
	id, err := strconv.ParseUint(row[0], 10, 16)
	if err != nil {
		return m, fmt.Errorf("parse id: %w", err)
	}
	m.Field = uint16(id)
	if m.Preference, err = strconv.Atoi(row[6]); err != nil {
		return m, fmt.Errorf("parse preference: %w", err)
	}
	switch m.Kind {
	case State:
		m.State, err = strconv.Atoi(row[8])
	case Level, Counter, Rate:
		m.Factor, err = parseFactor(row[8])
	}
	return m, err
}

func parseAttributes(text string) []Attribute {
	var attributes []Attribute
	for part := range strings.SplitSeq(text, ",") {
		if key, value, _ := strings.Cut(part, "="); key != "" {
			attributes = append(attributes, Attribute{key, value})
		}
	}
	return attributes
}
