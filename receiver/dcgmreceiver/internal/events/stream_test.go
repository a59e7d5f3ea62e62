// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func at(seconds int64) time.Time { return time.Unix(seconds, 0) }

func TestCursorIsRewoundWithTheClock(t *testing.T) {
	c := NewCursor(at(1000))
	require.Equal(t, at(1000), c.Next())
	c.Advance(at(2000))
	c.Rewind(at(2001))
	require.Equal(t, at(2000), c.Next(), "it is not there yet")
	require.False(t, c.IsOld(at(1950), at(1900)), "the clock has not been set back")
	c.Rewind(at(1500))
	require.Equal(t, at(1500), c.Next())
	for sample, old := range map[int64]bool{1501: false, 1510: false, 1511: true, 2000: true, 2001: false} {
		require.Equal(t, old, c.IsOld(at(sample), at(1510)), "%d", sample)
	}
	require.False(t, c.IsOld(at(2000), at(2000)), "the clock has come there again")
}

func TestSamplesOfAStreamAreInOrder(t *testing.T) {
	var s Stream
	require.Zero(t, s.Last())
	s.Rewind(50)
	for i, tt := range []struct {
		ts     int64
		rewind int64
		want   Order
		last   int64
	}{
		{100, 0, First, 100},
		{100, 0, Again, 100},
		{101, 0, Next, 101},
		{90, 0, Again, 101},
		{90, 80, Back, 90},
		{90, 0, Again, 90},
		{91, 0, Next, 91},
		{92, 91, Next, 92},
		{93, 95, Next, 93},
		{70, 80, Again, 80},
		{81, 0, Back, 81},
	} {
		if tt.rewind != 0 {
			s.Rewind(tt.rewind)
		}
		require.Equal(t, tt.want, s.Take(tt.ts), "sample %d", i)
		require.Equal(t, tt.last, s.Last(), "sample %d", i)
	}
}

func TestBitsAreCountedWhenTheyAreSet(t *testing.T) {
	var b Bits
	require.False(t, b.Begun())
	for i, tt := range []struct {
		ts     int64
		rewind int64
		mask   uint64
		start  int64
		want   [3]int64
	}{
		{100, 0, 0b001, 100, [3]int64{0, 0, 0}}, // What is set already is no event.
		{101, 0, 0b011, 100, [3]int64{0, 1, 0}},
		{101, 0, 0b111, 100, [3]int64{0, 1, 0}}, // It has been seen.
		{102, 0, 0b110, 100, [3]int64{0, 1, 1}},
		{103, 0, 0b000, 100, [3]int64{0, 1, 1}},
		{104, 0, 0b111, 100, [3]int64{1, 2, 2}},
		{40, 39, 0b111, 40, [3]int64{0, 0, 0}}, // The clock has been set back, and nothing has happened.
		{41, 0, 0b000, 40, [3]int64{0, 0, 0}},
		{42, 0, 0b100, 40, [3]int64{0, 0, 1}},
		{20, 10, 0b110, 20, [3]int64{0, 1, 0}}, // Back once more, and a bit has been set meanwhile.
	} {
		if tt.rewind != 0 {
			b.Rewind(tt.rewind)
		}
		b.Observe(tt.ts, tt.mask)
		require.True(t, b.Begun())
		require.Equal(t, tt.start, b.Start(), "sample %d", i)
		require.Equal(t, tt.want, [3]int64{b.Count(0), b.Count(1), b.Count(2)}, "sample %d", i)
	}
	b.Restart()
	require.False(t, b.Begun())
	b.Observe(50, 0b1)
	require.Zero(t, b.Count(0))
	require.EqualValues(t, 50, b.Start())
}
