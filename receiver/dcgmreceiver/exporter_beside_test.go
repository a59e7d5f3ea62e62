// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// fieldPower is what both clients watch, at other periods.
const fieldPower = 155

// powerTimes are the timestamps of hw.power at each collection.
func (s *simulation) powerTimes() []time.Time {
	var times []time.Time
	for _, batch := range s.sink.AllMetrics() {
		for m, point := range points(batch) {
			if m.Name() == "hw.power" {
				times = append(times, point.Timestamp().AsTime())
			}
		}
	}
	return times
}

// longestPause is the longest time between two of some instants.
func longestPause(times []time.Time) time.Duration {
	slices.SortFunc(times, time.Time.Compare)
	var longest time.Duration
	for i := 1; i < len(times); i++ {
		longest = max(longest, times[i].Sub(times[i-1]))
	}
	return longest
}

// dcgm-exporter watches every 30 s, this receiver every 10 s here. Each has a watch of its own, on a connection of its own.
func TestNeitherLosesASampleBesideDCGMExporter(t *testing.T) {
	const exporterPeriod, span = 30 * time.Second, 3 * time.Minute
	alone := func(src dcgm.Source) dcgm.Source { return src }
	stepwiseWith(t, node(1), only([]string{"hw.power", "gpu.throttle.events"}), alone, func(s *steps) {
		exporter := s.sim.Connect()
		exporter.Watch(fieldPower, exporterPeriod)
		collect := func() {
			for range int(span / interval) {
				s.pass(interval)
			}
		}
		collect()
		ours, theirs := s.powerTimes(), exporter.Samples(fieldPower)
		require.Len(s.t, slices.Compact(ours), 19, "a new sample at every collection")
		require.LessOrEqual(s.t, longestPause(ours), interval)
		require.GreaterOrEqual(s.t, len(theirs), int(span/exporterPeriod))
		require.LessOrEqual(s.t, longestPause(theirs), exporterPeriod)

		exporter.Disconnect()
		collect()
		require.Len(s.t, slices.Compact(s.powerTimes()), 37, "its watches are not ours")

		exporter = s.sim.Connect()
		defer exporter.Disconnect()
		exporter.Watch(fieldPower, exporterPeriod)
		require.NoError(s.t, s.collector.release(s.t.Context()))
		ended := s.sim.Now()
		s.sim.Advance(span)
		late := slices.DeleteFunc(exporter.Samples(fieldPower), func(at time.Time) bool { return at.Before(ended) })
		require.GreaterOrEqual(s.t, len(late), int(span/exporterPeriod)-1, "our watches are not its")
		require.LessOrEqual(s.t, longestPause(late), exporterPeriod)
	})
}
