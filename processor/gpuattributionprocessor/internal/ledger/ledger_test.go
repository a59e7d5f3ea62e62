// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// own returns owners of one share each; "" is nobody.
func own(keys ...string) []Owner[string] {
	var out []Owner[string]
	for _, key := range keys {
		out = append(out, Owner[string]{key, 1})
	}
	return out
}

func by(at int64, keys ...string) Change[string] { return Change[string]{At: at, Owners: own(keys...)} }

type (
	points  = []Point[string, float64]
	changes = []Change[string]
)

// step is a sample with the changes before it, and the points that it gives.
type step struct {
	sample  Sample[float64]
	changes changes
	want    points
}

func TestASumIsSplitAtEveryChangeOfItsOwner(t *testing.T) {
	for name, tt := range map[string]struct {
		owners []Owner[string]
		steps  []step
	}{
		"nobody's series is the device's own": {own(""), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"", 1, 10, 100, false}}},
			{Sample[float64]{1, 20, 150}, nil, points{{"", 1, 20, 150, false}}},
		}},
		"a holder is not charged for what came before": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 150}, nil, points{{"a", 10, 20, 50, false}}},
		}},
		"a change is interpolated, and closes the series of who leaves": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 200}, changes{by(13, "b")}, points{{"a", 10, 13, 30, true}, {"b", 13, 20, 70, false}}},
			{Sample[float64]{1, 30, 250}, nil, points{{"b", 13, 30, 120, false}}},
		}},
		"two holders in turn between two samples each have a series": {own(""), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"", 1, 10, 100, false}}},
			{Sample[float64]{1, 20, 200}, changes{by(12, "a"), by(15, "b"), by(19, "")}, points{
				{"", 1, 12, 120, true}, {"a", 12, 15, 30, true}, {"b", 15, 19, 40, true}, {"", 19, 20, 10, false},
			}},
		}},
		"a change at the time of a sample charges the new holder nothing": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 200}, changes{by(20, "b")}, points{{"a", 10, 20, 100, true}, {"b", 20, 20, 0, false}}},
		}},
		"a change that is noticed late takes nothing back": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 200}, changes{by(8, "b")}, points{{"b", 10, 20, 100, false}}},
		}},
		"a holder that goes on beside another keeps its series": {own("a"), []step{
			{Sample[float64]{1, 10, 0}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 100}, changes{by(15, "a", "b")}, points{{"a", 10, 20, 75, false}, {"b", 15, 20, 25, false}}},
			{Sample[float64]{1, 30, 200}, changes{by(25, "b")}, points{{"a", 10, 25, 100, true}, {"b", 15, 30, 100, false}}},
		}},
		"a sum that restarts restarts all series": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{14, 20, 30}, nil, points{{"a", 14, 20, 30, false}}},
		}},
		"a sum that falls has restarted": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 30}, nil, points{{"a", 10, 20, 30, false}}},
		}},
		"a change after a new beginning is interpolated from there": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{12, 20, 80}, changes{by(16, "b")}, points{{"a", 12, 16, 40, true}, {"b", 16, 20, 40, false}}},
		}},
		"a change before a new beginning gives all of it to the new holder": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{15, 20, 80}, changes{by(12, "b")}, points{{"a", 10, 12, 0, true}, {"b", 15, 20, 80, false}}},
		}},
		"the same sample again gives the same points": {own("a"), []step{
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 10, 10, 0, false}}},
			{Sample[float64]{1, 20, 200}, nil, points{{"a", 10, 20, 100, false}}},
			{Sample[float64]{1, 20, 200}, nil, points{{"a", 10, 20, 100, false}}},
		}},
		"an older sample changes nothing": {own("a"), []step{
			{Sample[float64]{1, 20, 200}, nil, points{{"a", 20, 20, 0, false}}},
			{Sample[float64]{1, 10, 100}, nil, points{{"a", 20, 20, 0, false}}},
			{Sample[float64]{1, 30, 250}, nil, points{{"a", 20, 30, 50, false}}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var s Series[string, float64]
			for _, step := range tt.steps {
				if !s.Seen() {
					require.Equal(t, step.want, s.Begin(nil, step.sample, tt.owners))
					continue
				}
				require.Equal(t, step.want, s.Add(nil, step.sample, step.changes))
			}
		})
	}
}

func TestACountThatWasZeroIsChargedFromTheBeginning(t *testing.T) {
	var s Series[string, int64]
	got := s.Count(nil, 10, Sample[int64]{Start: 1, At: 20, Value: 1}, own("a"), nil)
	require.Equal(t, []Point[string, int64]{{"a", 10, 20, 1, false}}, got)
}

func TestWholeNumbersStayWhole(t *testing.T) {
	var s Series[string, int64]
	s.Begin(nil, Sample[int64]{1, 10, 0}, own("a"))
	require.Equal(t, []Point[string, int64]{{"a", 10, 16, 1, true}, {"b", 16, 20, 0, false}},
		s.Add(nil, Sample[int64]{1, 20, 1}, changes{by(16, "b")}), "the event is that of the nearer end")
	var shared Series[string, int64]
	shared.Begin(nil, Sample[int64]{1, 10, 0}, own("a", "b", "c"))
	before := make([]int64, 3)
	for at := int64(1); at <= 100; at++ {
		sum := int64(0)
		for i, p := range shared.Add(nil, Sample[int64]{1, 10 + at, at}, nil) {
			require.GreaterOrEqual(t, p.Value, before[i])
			before[i] = p.Value
			sum += p.Value
		}
		require.Equal(t, at, sum)
	}
	require.ElementsMatch(t, []int64{33, 33, 34}, before)
}

func TestWeightsDivide(t *testing.T) {
	var s Series[string, float64]
	s.Begin(nil, Sample[float64]{1, 10, 0}, []Owner[string]{{"a", 3}, {"b", 1}})
	require.Equal(t, points{{"a", 10, 20, 75, false}, {"b", 10, 20, 25, false}}, s.Add(nil, Sample[float64]{1, 20, 100}, nil))
}

// Over any schedule of holders, of samples and of new beginnings, all series of a device add up to what the device counted.
func TestSeriesOfAllOwnersAddUpToTheDevice(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		floats, whole := &sums[float64]{}, &sums[int64]{}
		at, start, value := int64(0), int64(0), int64(0)
		pending := changes{}
		var owners []Owner[string]
		counted := int64(-1)
		for range 60 {
			at += 1 + r.Int64N(20)
			if r.IntN(15) == 0 && counted >= 0 {
				value, start = 0, at-r.Int64N(2)
			}
			gained := r.Int64N(1000)
			value += gained
			if counted < 0 {
				counted = 0
				owners = randomOwners(r)
				floats.begin(float64(value), start, at, owners)
				whole.begin(value, start, at, owners)
				continue
			}
			counted += gained
			floats.add(t, float64(value), start, at, pending)
			whole.add(t, value, start, at, pending)
			pending = nil
			for next := at; r.IntN(2) == 0; {
				next += r.Int64N(8)
				pending = append(pending, Change[string]{At: next, Owners: randomOwners(r)})
			}
			pending = slices.DeleteFunc(pending, func(c Change[string]) bool { return c.At > at+1 })
		}
		require.Equal(t, counted, whole.total(), "seed %d", seed)
		require.InDelta(t, float64(counted), floats.total(), 1e-6, "seed %d", seed)
	}
}

func randomOwners(r *rand.Rand) []Owner[string] {
	all := [][]Owner[string]{own(""), own("a"), own("b"), own("a", "b"), {{"b", 2}, {"c", 5}}}
	return all[r.IntN(len(all))]
}

// sums adds up what reached the series of a device as a backend would: an increase within a series of one start, and
// all of a series that is new. What nobody's series had at its first sample is not counted.
type sums[N Number] struct {
	series Series[string, N]
	seen   map[[2]any]N
	all    N
}

func (s *sums[N]) begin(value N, start, at int64, owners []Owner[string]) {
	s.seen = map[[2]any]N{}
	for _, p := range s.series.Begin(nil, Sample[N]{start, at, value}, owners) {
		s.seen[[2]any{p.Key, p.Start}] = p.Value
	}
}

func (s *sums[N]) add(t *testing.T, value N, start, at int64, pending changes) {
	t.Helper()
	for _, p := range s.series.Add(nil, Sample[N]{start, at, value}, pending) {
		require.LessOrEqual(t, p.Start, p.At)
		key := [2]any{p.Key, p.Start}
		if before, seen := s.seen[key]; !seen || p.Value >= before {
			s.all += p.Value - before
		} else {
			s.all += p.Value // restarted at the same start
		}
		s.seen[key] = p.Value
	}
}

func (s *sums[N]) total() N { return s.all }
