// SPDX-License-Identifier: Apache-2.0

package series

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// collections is why each of two sources has no value, at each collection.
type collections [][2]dcgm.Reason

func TestChoiceOfASource(t *testing.T) {
	const (
		ok, blank, stale, never, denied = dcgm.OK, dcgm.Blank, dcgm.Stale, dcgm.NotSupported, dcgm.NoPermission
	)
	for name, tt := range map[string]struct {
		reasons collections
		want    []int
	}{
		"the first one that works":                       {collections{{ok, ok}}, []int{0}},
		"the next one if it never will":                  {collections{{never, ok}, {ok, ok}}, []int{1, 1}},
		"the next one without permission":                {collections{{denied, ok}}, []int{1}},
		"waits for one that is late":                     {collections{{blank, ok}, {blank, ok}, {ok, ok}}, []int{-1, -1, 0}},
		"not for ever":                                   {collections{{blank, ok}, {blank, ok}, {stale, ok}, {blank, ok}}, []int{-1, -1, -1, 1}},
		"sticks to what goes blank":                      {collections{{ok, ok}, {blank, ok}, {never, ok}}, []int{0, 0, 0}},
		"takes a better one that was late, and keeps it": {collections{{blank, ok}, {blank, ok}, {blank, ok}, {stale, ok}, {blank, ok}, {ok, ok}, {blank, ok}}, []int{-1, -1, -1, 1, 1, 0, 0}},
		"waits for none that never will":                 {collections{{blank, ok}, {blank, ok}, {blank, ok}, {blank, ok}, {never, ok}, {ok, ok}}, []int{-1, -1, -1, 1, 1, 1}},
		"keeps the next one of one that never would":     {collections{{never, ok}, {blank, ok}, {ok, ok}}, []int{1, 1, 1}},
		"takes what comes late if there is nothing else": {collections{{blank, never}, {blank, never}, {blank, never}, {blank, never}, {ok, never}}, []int{-1, -1, -1, -1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			var s state
			for i, reasons := range tt.reasons {
				got, _ := s.choose(2, func(i int) dcgm.Reason { return reasons[i] })
				require.Equal(t, tt.want[i], got, "collection %d", i)
			}
		})
	}
}

func TestUndecidedSeriesSayWhy(t *testing.T) {
	var s state
	_, why := s.choose(2, func(i int) dcgm.Reason { return []dcgm.Reason{dcgm.NotSupported, dcgm.Blank}[i] })
	require.Equal(t, dcgm.NotSupported, why)
}

func TestBetterSourceCountsFromItsOwnStart(t *testing.T) {
	var s state
	reasons := []dcgm.Reason{dcgm.Blank, dcgm.OK}
	for range patiencePolls + 1 {
		s.choose(2, func(i int) dcgm.Reason { return reasons[i] })
	}
	s.total.advance(catalog.Counter, second, catalog.Number{I: 5}, period)
	reasons[0] = dcgm.OK
	s.choose(2, func(i int) dcgm.Reason { return reasons[i] })
	require.Equal(t, cumulative{}, s.total)
}

func TestOnlyWhatWasThereIsLost(t *testing.T) {
	const ok, blank, never = dcgm.OK, dcgm.Blank, dcgm.NotSupported
	for name, tt := range map[string]struct {
		chosen  int8
		reasons []dcgm.Reason
		drops   int
	}{
		"never had":           {0, []dcgm.Reason{never, never, never}, 0},
		"lost":                {1, []dcgm.Reason{ok, never, never, never}, 1},
		"lost twice":          {1, []dcgm.Reason{never, ok, never}, 2},
		"blank counts always": {0, []dcgm.Reason{blank, blank, never, blank}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := state{chosen: tt.chosen}
			drops := 0
			for _, why := range tt.reasons {
				if s.countsAsDrop(why) && why != ok {
					drops++
				}
			}
			require.Equal(t, tt.drops, drops)
		})
	}
}
