// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"math"
	"slices"
	"sync"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// calling is what a counter goes by in a release of dcgm-exporter, and the fields that it comes from, by preference.
type calling struct {
	name, help string
	fields     []scaled
}

// scaled is a field in the unit of a series.
type scaled struct {
	id      dcgm.FieldID
	factor  dcgmnames.Factor
	isWhole bool // its values are whole numbers
}

func asIs(field *dcgmnames.Field) scaled {
	return scaled{dcgm.FieldID(field.ID), dcgmnames.Factor{Multiply: 1, Divide: 1}, field.Type != "DOUBLE"}
}

// inBase are the fields of a quantity in its base unit: host engines before DCGM 4.7, and most before 4.6.1, have the other one alone.
func inBase(field *dcgmnames.Field) []scaled {
	fields := []scaled{asIs(field)}
	if old, ok := dcgmnames.InOldUnit(field.ID); ok {
		fields = append(fields, scaled{dcgm.FieldID(old.ID), old.ToBase, old.Type != "DOUBLE" && old.ToBase.Divide == 1})
	}
	return fields
}

// callings are what a line's counter goes by.
func callings(line *Line, field *dcgmnames.Field, names Names) []calling {
	rename, isRenamed := dcgmnames.RenameOf(line.Name, *field)
	if !isRenamed {
		return []calling{{line.Name, line.Help, inBase(field)}}
	}
	was := calling{rename.Old, line.Help, []scaled{asIs(&rename.OldField)}}
	is := calling{rename.New, line.Help, inBase(&rename.NewField)}
	if other := &is; !rename.Convert.IsOne() {
		if line.Name == rename.New {
			other = &was
		}
		other.help = helps()[other.name] // The line's own may name the unit.
	}
	series := dcgmnames.SeriesOf(line.Name, *field, string(names))
	return slices.DeleteFunc([]calling{was, is}, func(c calling) bool { return !slices.Contains(series, c.name) })
}

// helps are those of the counters that dcgm-exporter comes with.
var helps = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, text := range []string{counters48, counters49} {
		lines, _ := Parse("", text) // A test parses them.
		for _, line := range lines {
			out[line.Name] = line.Help
		}
	}
	return out
})

// source is the field as a row has it.
func (f scaled) source(t Type) catalog.Source {
	kind := catalog.Level
	if t == Counter {
		kind = catalog.Counter
	}
	return catalog.Source{Fields: []dcgm.FieldID{f.id}, Kind: kind, Value: f.value}
}

func (f scaled) value(samples []dcgm.Sample) (catalog.Number, bool) {
	s := samples[0]
	switch {
	case s.Type == dcgm.String:
		return catalog.Number{}, false
	case f.factor.IsOne():
		return catalog.Number{I: s.Int(), F: s.Float()}, true
	default:
		value := f.factor.Of(s.Float())
		return catalog.Number{I: int64(math.Round(value)), F: value}, true
	}
}
