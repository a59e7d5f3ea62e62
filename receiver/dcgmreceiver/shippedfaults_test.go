// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShippedFaultsGiveTheirRecords runs each scenario of a fault for five minutes; calls that take real time are tested elsewhere.
func TestShippedFaultsGiveTheirRecords(t *testing.T) {
	paths, err := filepath.Glob("../../internal/dcgmsim/scenarios/fault-*.scenario")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var story strings.Builder
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".scenario")
		if name == "fault-hang" || name == "fault-slow" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			simulate(t, name, nil, func(s *simulation) {
				s.pass(5 * slowPeriod)
				story.WriteString(name + ":\n" + s.recordLines(0))
			})
		})
	}
	requireGolden(t, "shipped-faults", story.String())
}
