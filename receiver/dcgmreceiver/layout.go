// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"reflect"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// layout is what a configuration makes of the table: the series to emit, the fields they
// need, and where on a GPU's sheet the newest sample of each field stands.
type layout struct {
	rows      []row
	slots     map[dcgm.FieldID]int
	tierOf    []tier // by slot
	periods   [tiers]time.Duration
	limits    []int64 // by slot: the age in microseconds at which a sample is stale
	gaps      []int64 // by slot: the time in microseconds between samples that are no neighbours any more
	profiling bool    // some series needs a profiling field
	silence   int64   // the age in microseconds at which the last sample of a watch for events is stale
}

// row is a series whose fields have slots.
type row struct {
	*series
	within *plausible
	slots  [][]int // by source and field
}

// enabledMetrics returns which metrics of metadata.yaml are switched on, by name.
func enabledMetrics(metrics metadata.MetricsConfig) map[string]bool {
	enabled := map[string]bool{}
	v := reflect.ValueOf(metrics)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("mapstructure")
		enabled[name] = v.Field(i).FieldByName("Enabled").Bool()
	}
	return enabled
}

func newLayout(table []series, enabled map[string]bool, interval, staleAfter time.Duration) *layout {
	l := &layout{slots: map[dcgm.FieldID]int{}}
	for t, floor := range floors {
		l.periods[t] = max(interval, floor)
	}
	for i := range table {
		if s := &table[i]; enabled[s.metric] {
			l.rows = append(l.rows, row{series: s, within: rangeOf[s.metric], slots: l.slotsOf(s)})
		}
	}
	if enabled[metricHealth] {
		for _, field := range statusInputs {
			l.slot(field, normal)
		}
	}
	l.profiling = l.needsProfiling()
	l.silence = staleLimit(l.periods[normal], interval, staleAfter).Microseconds()
	l.slot(fieldUUID, normal) // It tells whose the other values are.
	for _, t := range l.tierOf {
		period := l.periods[t]
		l.limits = append(l.limits, staleLimit(period, interval, staleAfter).Microseconds())
		// A neighbour may be missed once, and timers are late.
		l.gaps = append(l.gaps, (2*period + period/4).Microseconds())
	}
	return l
}

func (l *layout) slotsOf(s *series) [][]int {
	var out [][]int
	for _, src := range s.sources {
		var slots []int
		for _, field := range src.fields {
			slots = append(slots, l.slot(field, s.tier))
		}
		out = append(out, slots)
	}
	return out
}

// slot returns the slot of a field, which is read in the fastest tier that anything needs it in.
func (l *layout) slot(field dcgm.FieldID, t tier) int {
	slot, known := l.slots[field]
	if !known {
		slot = len(l.slots)
		l.slots[field] = slot
		l.tierOf = append(l.tierOf, t)
	}
	l.tierOf[slot] = min(l.tierOf[slot], t)
	return slot
}

// staleLimit is three periods and at least half a minute, or what the user set for values
// that are sampled every interval, in proportion for those sampled less often.
func staleLimit(period, interval, staleAfter time.Duration) time.Duration {
	if staleAfter > 0 {
		return time.Duration(float64(staleAfter) * float64(period) / float64(interval))
	}
	return max(3*period, 30*time.Second)
}

// fields returns the fields of one tier for which keep holds, in the order of their numbers.
func (l *layout) fields(t tier, keep func(dcgm.FieldID) bool) []dcgm.FieldID {
	var out []dcgm.FieldID
	for field, slot := range l.slots {
		if l.tierOf[slot] == t && keep(field) {
			out = append(out, field)
		}
	}
	slices.Sort(out)
	return out
}

// needsProfiling reports whether any series needs a profiling field.
func (l *layout) needsProfiling() bool {
	for field := range l.slots {
		if dcgm.IsProfiling(field) {
			return true
		}
	}
	return false
}

// gpmOnly returns the fields that no series wants from a GPU without GPM.
func (l *layout) gpmOnly() map[dcgm.FieldID]bool {
	only, wanted := map[dcgm.FieldID]bool{}, map[dcgm.FieldID]bool{}
	for _, r := range l.rows {
		into := wanted
		if r.gpm {
			into = only
		}
		for _, src := range r.sources {
			for _, field := range src.fields {
				into[field] = true
			}
		}
	}
	for field := range wanted {
		delete(only, field)
	}
	return only
}
