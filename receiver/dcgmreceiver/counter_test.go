// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
)

const (
	second = 1_000_000 // microseconds
	gap    = 2 * 15 * second
)

func micros(t int64) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(time.UnixMicro(t))
}

func TestOlderSamplesSayNothingNew(t *testing.T) {
	for _, k := range []catalog.Kind{catalog.Counter, catalog.Rate} {
		var c cumulative
		_, start, ok := c.advance(k, 100*second, catalog.Number{I: 500, F: 500}, gap)
		require.True(t, ok)
		_, _, ok = c.advance(k, 90*second, catalog.Number{I: 400, F: 400}, gap)
		require.False(t, ok)
		_, again, ok := c.advance(k, 110*second, catalog.Number{I: 600, F: 600}, gap)
		require.True(t, ok)
		require.Equal(t, start, again, "no reset was seen")
		_, again, ok = c.advance(k, 20*second, catalog.Number{I: 700, F: 700}, gap)
		require.True(t, ok)
		require.Equal(t, micros(20*second), again, "the clock was set back")
	}
}

func TestCounterKeepsItsStartUntilItDecreases(t *testing.T) {
	var c cumulative
	for _, tt := range []struct{ at, value, start int64 }{
		{10 * second, 500, 10 * second},
		{20 * second, 700, 10 * second},
		{20 * second, 700, 10 * second},
		{30 * second, 20, 30 * second},
		{40 * second, 1<<53 + 1, 30 * second},
		{50 * second, 1 << 53, 50 * second}, // equal as floats
	} {
		value, start, ok := c.advance(catalog.Counter, tt.at, catalog.Number{I: tt.value, F: float64(tt.value)}, gap)
		require.True(t, ok)
		require.Equal(t, micros(tt.start), start)
		require.Equal(t, tt.value, value.I)
	}
}

func TestRateIsIntegratedBetweenNeighboursOnly(t *testing.T) {
	var c cumulative
	for _, tt := range []struct {
		at   int64
		rate float64
		want float64
		from int64
	}{
		{100 * second, 50, 0, 100 * second},   // nothing to integrate over
		{115 * second, 10, 150, 100 * second}, // an average over the 15 s before it
		{115 * second, 10, 150, 100 * second}, // the same sample again
		{145 * second, 2, 210, 100 * second},  // one sample missed
		{176 * second, 2, 0, 176 * second},    // a gap
		{191 * second, -5, 0, 176 * second},   // no negative delta
		{206 * second, 1, 15, 176 * second},   //
	} {
		value, start, ok := c.advance(catalog.Rate, tt.at, catalog.Number{F: tt.rate}, gap)
		require.True(t, ok)
		require.InDelta(t, tt.want, value.F, 1e-9)
		require.Equal(t, int64(tt.want), value.I)
		require.Equal(t, micros(tt.from), start)
	}
}

func TestDecreaseByLessThanOneUnitIsAReset(t *testing.T) {
	var c cumulative
	for _, tt := range []struct {
		at    int64
		value float64
		start int64
	}{
		{10 * second, 100.9, 10 * second},
		{20 * second, 100.95, 10 * second},
		{30 * second, 100.2, 30 * second}, // equal as integers
		{40 * second, 100.2, 30 * second},
	} {
		value, start, ok := c.advance(catalog.Counter, tt.at, catalog.Number{I: int64(tt.value), F: tt.value}, gap)
		require.True(t, ok)
		require.Equal(t, micros(tt.start), start)
		require.InDelta(t, tt.value, value.F, 0)
	}
}

func TestIntegralThatPassesInt64BeginsAnew(t *testing.T) {
	var c cumulative
	const perSecond = 1e17
	before := catalog.Number{}
	for n := int64(1); n < 40; n++ {
		value, start, ok := c.advance(catalog.Rate, n*10*second, catalog.Number{F: perSecond}, gap)
		require.True(t, ok)
		require.GreaterOrEqual(t, value.I, int64(0))
		if value.I < before.I {
			require.Equal(t, catalog.Number{}, value)
			require.Equal(t, micros(n*10*second), start)
			return
		}
		before = value
	}
	require.Fail(t, "it has not passed int64")
}
