// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each key is a series at a time, and the value how often it was emitted.
func emittedOver(t *testing.T, repeat bool) map[string]int {
	t.Helper()
	counts := map[string]int{}
	change := func(cfg *Config) {
		setEnabled(cfg, func(string) bool { return true })
		cfg.RepeatUnchanged = repeat
	}
	simulate(t, "h100x8", change, func(s *simulation) {
		for range 15 {
			s.pass(interval)
		}
		for _, batch := range s.sink.AllMetrics() {
			for m, point := range points(batch) {
				counts[m.Name()+attributesText(point.Attributes())+pointText(m, point, s.origin)]++
			}
		}
	})
	return counts
}

func TestNothingButRepetitionsIsLeftOut(t *testing.T) {
	repeated, once := emittedOver(t, true), emittedOver(t, false)
	points := 0
	for point, n := range repeated {
		points += n
		require.Equal(t, 1, once[point], point)
	}
	require.Len(t, once, len(repeated))
	require.Greater(t, points, len(repeated)*5/4, "that saves something")
}
