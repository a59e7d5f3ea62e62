// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What each shipped node gives at its third collection, when everything that needs two
// samples has them.
func TestNodesGiveTheirMetrics(t *testing.T) {
	for scenario, devices := range map[string][]string{
		"h100x8":      {"nvidia0", "nvidia7"},
		"a100x4-mig":  {"nvidia0", "nvidia3"},
		"gb200-grace": {"nvidia0"},
		"l4x1":        {"nvidia0"},
		"mixed":       {"nvidia0", "nvidia1", "nvidia2"},
		"empty":       nil,
	} {
		t.Run(scenario, func(t *testing.T) {
			simulate(t, scenario, nil, func(s *simulation) {
				t := s.t
				s.pass(10 * time.Second)
				s.pass(10 * time.Second)
				require.Len(t, s.sink.AllMetrics(), 3)
				requireGolden(t, scenario, s.now().of(devices...).lines())
			})
		})
	}
}
