// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

func TestXIDsAreCountedForAWhileAndTheLastOneStays(t *testing.T) {
	a, b := inventory.Key{ID: "a"}, inventory.Key{ID: "b"}
	x := NewXIDs()
	for at, code := range map[int64]int{10: 31, 20: 31, 30: 79} {
		x.Take(a, a, code, at)
	}
	x.Take(b, a, 43, 25)
	require.Equal(t, []CodeCount{{31, 2}, {43, 1}, {79, 1}}, x.Since(10, a))
	_, ok := x.Last(b)
	require.True(t, ok)
	x.Forget(b)
	require.Equal(t, []CodeCount{{31, 1}, {43, 1}, {79, 1}}, x.Since(11, a), "what was in it has gone")
	require.Empty(t, x.Since(31, a))
	last, ok := x.Last(a)
	require.True(t, ok)
	require.Equal(t, XID{79, 30}, last)
	x.Forget(a)
	_, ok = x.Last(a)
	require.False(t, ok)
}

func TestClockEventsAreCountedByInterval(t *testing.T) {
	const idle, powerCap = 0, 2
	var c ClockEvents
	for _, sample := range []struct {
		at   int64
		mask uint64
	}{{100, 1}, {109, 1}, {110, 0}, {115, 4}, {121, 5}, {121, 5}} {
		c.Take(sample.at, sample.mask, 10)
	}
	counts := c.Since(100)
	require.Equal(t, int64(2), counts[idle])
	require.Equal(t, int64(2), counts[powerCap])
	counts = c.Since(120)
	require.Equal(t, int64(1), counts[idle])
	require.Len(t, c.intervals, 1)
}

func TestTextsOfErrorsAndXIDs(t *testing.T) {
	require.Equal(t, "DCGM_FR_OK", ErrorName(0))
	require.Equal(t, "DCGM_FR_FALLEN_OFF_BUS", ErrorName(120))
	require.Equal(t, "DCGM_FR_999", ErrorName(999))
	require.Equal(t, "GPU memory page fault", MessageOf(31))
	require.Equal(t, "Unknown Error", MessageOf(999))
	require.Len(t, messages(), 173)
}
