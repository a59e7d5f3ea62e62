// SPDX-License-Identifier: Apache-2.0

package series

import (
	"slices"
	"strconv"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Set is what is known of the series of one entity. It outlives connections, so that totals go on.
type Set struct {
	layout    *catalog.Layout
	samples   []dcgm.Sample // the newest of every field, by slot
	states    []state       // by row
	fallbacks []Fallback
	scratch   []dcgm.Sample
}

// Traits are what decides about the sources of an entity beside its samples.
type Traits struct {
	Architecture catalog.Architecture // 0 if unknown
	GPM          bool                 // it has the profiling that GPM provides
}

// Fallback is how many series of a metric do not come from their first source.
type Fallback struct {
	Metric string
	Series int64
}

// NewSet returns the series of an entity of which nothing is known.
func NewSet(layout *catalog.Layout) *Set {
	s := &Set{layout: layout, samples: make([]dcgm.Sample, layout.Slots()), states: make([]state, len(layout.Rows))}
	s.Forget()
	return s
}

// At returns the newest sample at a slot.
func (s *Set) At(slot int) dcgm.Sample { return s.samples[slot] }

// Text returns the newest value of a field as a text, "" where there is none or nothing needs the field.
func (s *Set) Text(field dcgm.FieldID) string {
	slot, needed := s.layout.Slot(field)
	switch {
	case !needed || s.samples[slot].Reason != dcgm.OK || s.samples[slot].TS == 0:
		return ""
	case s.samples[slot].Type == dcgm.String:
		return s.samples[slot].Text()
	default:
		return strconv.FormatInt(s.samples[slot].Int(), 10)
	}
}

// put takes a sample, and reports whether it is another one than was there before, and whether it is older than that.
// Less than a second is an adjustment of the clock.
func (s *Set) put(slot int, sample dcgm.Sample) (isNew, isOlder bool) {
	before := s.samples[slot].TS
	s.samples[slot] = sample
	return sample.TS != before, sample.TS > 0 && sample.TS < before-time.Second.Microseconds()
}

// Blank makes a sample one that holds no value.
func (s *Set) Blank(slot int) { s.samples[slot].Reason = dcgm.Blank }

// Drop says why there is no sample at a slot.
func (s *Set) Drop(slot int, why dcgm.Reason) { s.samples[slot] = dcgm.Sample{Reason: why} }

// Forget drops all samples, so that none gives a value again.
func (s *Set) Forget() {
	for i := range s.samples {
		s.samples[i].Reason = max(s.samples[i].Reason, dcgm.Blank)
	}
}

// Restart restarts all totals, as after a reset. Sources that are still to be chosen have their time to give a
// value once more.
func (s *Set) Restart() {
	for i := range s.states {
		s.states[i].total, s.states[i].polls = cumulative{}, 0
	}
}

// SetBack has totals restart with the next sample that is older than their last one: the engine's clock has been set
// back.
func (s *Set) SetBack() {
	for i := range s.states {
		s.states[i].total.setBack = true
	}
}

// ForgetChoices leaves sources that need one of some fields to those that need none, as where a host engine does not
// know these any more.
func (s *Set) ForgetChoices(fields []dcgm.FieldID) {
	for i := range s.states {
		if chosen := s.states[i].chosen; chosen > 0 && s.layout.Rows[i].Sources[chosen-1].NeedsAny(fields) {
			s.states[i] = state{}
		}
	}
	s.countFallbacks()
}

// Fallbacks counts the series of each metric that do not come from their first source.
func (s *Set) Fallbacks() []Fallback { return s.fallbacks }

func (s *Set) countFallbacks() {
	s.fallbacks = nil
	for i := range s.states {
		if s.states[i].chosen <= 1 {
			continue
		}
		metric := s.layout.Rows[i].Name
		if catalog.Find(metric) == nil {
			continue // It is of another view.
		}
		at := slices.IndexFunc(s.fallbacks, func(f Fallback) bool { return f.Metric == metric })
		if at < 0 {
			at = len(s.fallbacks)
			s.fallbacks = append(s.fallbacks, Fallback{Metric: metric})
		}
		s.fallbacks[at].Series++
	}
}

// AddLive adds the fields that the entity has a use for: those that something beside the rows needs, those of sources in use, of better ones that are late, and
// where nothing is in use yet, of those that may still give something.
func (s *Set) AddLive(live map[dcgm.FieldID]bool) {
	for _, need := range s.layout.Needs() {
		if slot, _ := s.layout.Slot(need.Field); s.samples[slot].Reason != dcgm.NotSupported {
			live[need.Field] = true
		}
	}
	for i := range s.layout.Rows {
		row, state := &s.layout.Rows[i], &s.states[i]
		for j, src := range row.Sources {
			for k, field := range src.Fields {
				open := state.chosen == 0 && s.samples[row.Slots[j][k]].Reason != dcgm.NotSupported
				if int(state.chosen) == j+1 || open || state.waitsFor(j) {
					live[field] = true
				}
			}
		}
	}
}
