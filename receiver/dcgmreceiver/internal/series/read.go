// SPDX-License-Identifier: Apache-2.0

package series

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Reasons for which a value is not emitted are those of samples, and two more.
const (
	BeyondLimit = dcgm.Status + 1 // the limit of series is reached
	Implausible = BeyondLimit + 1 // no board can have it
	Reasons     = Implausible + 1
)

// Reading is the value of a series at an instant.
type Reading struct {
	Value catalog.Number
	At    int64 // timestamp of its oldest sample, in microseconds since the Unix epoch
	Start int64 // of its total; 0 where it is none
	New   bool  // it is another one than the last reading
}

// Read returns the value of a row. Where there is none, it returns false and the reason for which a value is lost; that
// is [dcgm.OK] where nothing is. now is the engine's time in microseconds.
func (s *Set) Read(row int, has Traits, now int64) (Reading, bool, dcgm.Reason) {
	r, state := &s.layout.Rows[row], &s.states[row]
	if r.GPM && !has.GPM {
		return Reading{}, false, dcgm.OK
	}
	before := state.chosen
	i, why := state.choose(len(r.Sources), func(i int) dcgm.Reason { return s.gather(r, i, has, now) })
	if i >= 0 {
		why = s.gather(r, i, has, now)
	}
	if state.chosen != before {
		s.countFallbacks()
	}
	counts := state.countsAsDrop(why)
	switch {
	case why == dcgm.OK:
		return s.convert(r, i, state)
	case counts:
		return Reading{}, false, why
	default:
		return Reading{}, false, dcgm.OK
	}
}

// convert makes a value of the samples that were gathered of a source.
func (s *Set) convert(r *catalog.Placed, source int, state *state) (Reading, bool, dcgm.Reason) {
	src := &r.Sources[source]
	value, ok := src.Value(s.scratch)
	if !ok {
		return Reading{}, false, dcgm.OK
	}
	if !r.Range.Holds(src.Kind, value.F) {
		return Reading{}, false, Implausible
	}
	out := Reading{Value: value, At: oldest(s.scratch)}
	if src.Kind != catalog.Level {
		if !state.total.advance(src.Kind, out.At, value, s.layout.SlotPeriod(r.Slots[source][0])) {
			return Reading{}, false, dcgm.Stale
		}
		out.Value, out.Start = state.total.value, state.total.start
	}
	out.New, state.read = out.At != state.read, out.At
	return out, true, dcgm.OK
}

// gather collects the samples of a source, or says why they give no value.
func (s *Set) gather(r *catalog.Placed, source int, has Traits, now int64) dcgm.Reason {
	if has.Architecture != 0 && has.Architecture < r.Sources[source].From {
		return dcgm.NotSupported
	}
	s.scratch = s.scratch[:0]
	for _, slot := range r.Slots[source] {
		sample := s.samples[slot]
		if sample.Reason != dcgm.OK {
			return sample.Reason
		}
		if now-sample.TS > s.layout.SlotLimit(slot) {
			return dcgm.Stale
		}
		s.scratch = append(s.scratch, sample)
	}
	return dcgm.OK
}

func oldest(samples []dcgm.Sample) int64 {
	at := samples[0].TS
	for _, s := range samples[1:] {
		at = min(at, s.TS)
	}
	return at
}
