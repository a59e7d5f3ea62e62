// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGridIsAlignedToTheEpoch(t *testing.T) {
	at := func(nanos int64) time.Time { return time.Unix(0, nanos) }
	for _, tt := range []struct {
		earliest, first int64
		interval        time.Duration
	}{
		{earliest: 100, first: 100, interval: 10},
		{earliest: 101, first: 110, interval: 10},
		{earliest: 109, first: 110, interval: 10},
		{earliest: int64(time.Minute) + 1, first: int64(time.Minute + 15*time.Second), interval: 15 * time.Second},
	} {
		require.Equal(t, at(tt.first), Aligned(at(tt.earliest), tt.interval))
	}
}

func TestCadenceNeverDriftsAndCountsWhatItMissed(t *testing.T) {
	start := time.Unix(1000, 0)
	c := NewCadence(start, time.Second, 0)
	for _, step := range []struct {
		now, due time.Duration
		missed   int64
	}{
		{now: 0, due: 0},
		{now: 100 * time.Millisecond, due: time.Second},
		{now: 1999 * time.Millisecond, due: 2 * time.Second},
		{now: 3 * time.Second, due: 3 * time.Second},
		{now: 4001 * time.Millisecond, due: 5 * time.Second, missed: 1},
		{now: 5*time.Second + 1, due: 6 * time.Second},
		{now: time.Hour, due: time.Hour, missed: 3600 - 7},
	} {
		due, missed := c.Next(start.Add(step.now))
		require.Equal(t, step.due, due.Sub(start))
		require.Equal(t, step.missed, missed, "at %s", step.now)
	}
}

func TestFirstTickIsNeverMissed(t *testing.T) {
	start := time.Unix(1000, 0)
	c := NewCadence(start, time.Second, 0)
	due, missed := c.Next(start.Add(500 * time.Millisecond))
	require.Equal(t, start, due)
	require.Zero(t, missed)
}

// FuzzCadence states what holds for any interval, jitter and sequence of delays: a tick lies within jitter behind its grid point, no tick
// is waited for twice, and every grid point is either a tick or missed.
func FuzzCadence(f *testing.F) {
	f.Add(int64(1e9), int64(0), []byte{1, 200, 3})
	f.Add(int64(1e7), int64(9e6), []byte{255, 0, 17, 90})
	f.Fuzz(func(t *testing.T, interval, jitter int64, delays []byte) {
		if interval < int64(time.Millisecond) || interval > int64(time.Hour) || jitter < 0 || jitter >= interval {
			return // outside the contract of NewCadence
		}
		c := NewCadence(time.Now(), time.Duration(interval), time.Duration(jitter))
		now, ticks, total := c.first, int64(0), int64(0)
		for _, delay := range delays {
			due, missed := c.Next(now)
			late := due.Sub(c.first.Add(time.Duration(c.index) * c.interval))
			require.True(t, late >= 0 && (late < c.jitter || late == 0), "%s behind its grid point", late)
			require.GreaterOrEqual(t, missed, int64(0))
			require.False(t, ticks > 0 && due.Before(now), "a tick that has passed")
			ticks, total = ticks+1, total+missed
			require.Equal(t, c.index+1, ticks+total)
			now = due.Add(time.Duration(delay) * c.interval / 64)
		}
	})
}

func TestWaitEndsAtItsInstantOrWithItsContext(t *testing.T) {
	for name, tt := range map[string]struct {
		instant, cancel time.Duration
		want            bool
		took            time.Duration
	}{
		"instant first":       {time.Second, 2 * time.Second, true, time.Second},
		"context first":       {2 * time.Second, time.Second, false, time.Second},
		"instant in the past": {-time.Second, time.Second, true, 0},
		"context has ended":   {-time.Second, 0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for range 50 { // Where both have come, either may be seen first.
					begin := time.Now()
					ctx, cancel := context.WithDeadline(t.Context(), begin.Add(tt.cancel))
					require.Equal(t, tt.want, Wait(ctx, begin.Add(tt.instant)))
					require.Equal(t, tt.took, time.Since(begin))
					cancel()
				}
			})
		})
	}
}
