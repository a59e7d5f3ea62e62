// SPDX-License-Identifier: Apache-2.0

package series

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// patiencePolls is how many collections a source may stay without a value before the next
// one is taken: profiling and other rates need two samples.
const patiencePolls = 3

// state is that of one series.
type state struct {
	chosen int8  // 1 + index of the source in use; 0 while undecided
	late   uint8 // by bit: better sources that were passed over because they were late
	polls  uint8
	lacks  bool // the source in use is not supported now
	total  cumulative
	read   int64 // timestamp of the last reading
}

// countsAsDrop reports whether a series that has no value for a reason has lost one. What a GPU
// never had is no loss, and what it has not any more is one loss.
func (s *state) countsAsDrop(why dcgm.Reason) bool {
	lacked := s.lacks
	s.lacks = why == dcgm.NotSupported
	return !s.lacks || !lacked && s.chosen > 0
}

// choose returns the index of the source in use, or -1 and why there is none yet, given why
// each source has no value now. A choice stays: two sources of one quantity may differ in
// meaning and must not alternate in one series. It changes once where a better source was
// late, as when profiling was held by another client at the start.
func (s *state) choose(sources int, reason func(i int) dcgm.Reason) (int, dcgm.Reason) {
	if s.chosen > 0 {
		s.reconsider(reason)
		return int(s.chosen) - 1, dcgm.OK
	}
	first, late := dcgm.OK, uint8(0)
	for i := range sources {
		why := reason(i)
		if why == dcgm.OK {
			s.chosen, s.late = int8(i+1), late //nolint:gosec // A series has a handful of sources.
			return i, dcgm.OK
		}
		if first == dcgm.OK {
			first = why
		}
		if Conclusive(why) {
			continue
		}
		if s.polls < patiencePolls {
			break
		}
		late |= 1 << i
	}
	s.polls = min(s.polls+1, patiencePolls)
	return -1, first
}

// reconsider takes a better source that was late and has come. One that will never come is
// waited for no longer.
func (s *state) reconsider(reason func(i int) dcgm.Reason) {
	for i := 0; s.late>>i != 0; i++ {
		if !s.waitsFor(i) {
			continue
		}
		why := reason(i)
		if why == dcgm.OK {
			*s = state{chosen: int8(i + 1), late: s.late & (1<<i - 1)} //nolint:gosec // A series has a handful of sources.
			return
		}
		if Conclusive(why) {
			s.late &^= 1 << i
		}
	}
}

func (s *state) waitsFor(source int) bool { return s.late>>source&1 == 1 }

// Conclusive tells a field that an entity will never give from one that is late.
func Conclusive(why dcgm.Reason) bool {
	return why == dcgm.NotSupported || why == dcgm.NoPermission
}
