// SPDX-License-Identifier: Apache-2.0

package series

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
)

const (
	second = 1_000_000 // microseconds
	period = 15 * time.Second
)

func micros(t int64) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(time.UnixMicro(t))
}

func TestOlderSamplesSayNothingNew(t *testing.T) {
	for _, k := range []catalog.Kind{catalog.Counter, catalog.Rate} {
		var c cumulative
		ok := c.advance(k, 100*second, catalog.Number{I: 500, F: 500}, period)
		start := micros(c.start)
		require.True(t, ok)
		ok = c.advance(k, 90*second, catalog.Number{I: 400, F: 400}, period)
		require.False(t, ok)
		ok = c.advance(k, 110*second, catalog.Number{I: 600, F: 600}, period)
		again := micros(c.start)
		require.True(t, ok)
		require.Equal(t, start, again, "no reset was seen")
		ok = c.advance(k, 20*second, catalog.Number{I: 700, F: 700}, period)
		again = micros(c.start)
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
		ok := c.advance(catalog.Counter, tt.at, catalog.Number{I: tt.value, F: float64(tt.value)}, period)
		value, start := c.value, micros(c.start)
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
		{178 * second, 2, 276, 100 * second},  // and a late timer
		{212 * second, 2, 0, 212 * second},    // a gap
		{227 * second, -5, 0, 212 * second},   // no negative delta
		{242 * second, 1, 15, 212 * second},   //
	} {
		ok := c.advance(catalog.Rate, tt.at, catalog.Number{F: tt.rate}, period)
		value, start := c.value, micros(c.start)
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
		ok := c.advance(catalog.Counter, tt.at, catalog.Number{I: int64(tt.value), F: tt.value}, period)
		value, start := c.value, micros(c.start)
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
		ok := c.advance(catalog.Rate, n*10*second, catalog.Number{F: perSecond}, period)
		value, start := c.value, micros(c.start)
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

// A clock that is set back by less than missed neighbours explain is known from all samples together.
func TestTotalsGoOnWhenTheClockIsSetBackALittle(t *testing.T) {
	for _, k := range []catalog.Kind{catalog.Counter, catalog.Rate} {
		c := cumulative{setBack: true}
		for i, tt := range []struct {
			at      int64
			setBack bool
			ok      bool
			start   int64
		}{
			{100, false, true, 100},
			{90, false, false, 100},
			{100, true, true, 100}, // It has not been sampled since.
			{90, false, true, 90},
			{85, false, false, 90}, // Once.
			{95, true, true, 90},
			{93, false, false, 90}, // A newer sample has come in between.
		} {
			c.setBack = c.setBack || tt.setBack
			require.Equal(t, tt.ok, c.advance(k, tt.at*second, catalog.Number{I: 7, F: 7}, period), "sample %d", i)
			require.Equal(t, tt.start*second, c.start, "sample %d", i)
		}
	}
}
