// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// withoutRefusals leaves out that watches were refused: the recorded client asked for profiling fields in the same ones, which a host engine
// refuses of NVSwitches. The receiver asks for none.
func withoutRefusals(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, `"WatchFields [`) {
			kept.WriteString(line)
		}
	}
	require.NoError(t, os.WriteFile(path, []byte(kept.String()), 0o600))
	return path
}

// A real host engine's answers about an NVSwitch: what is emitted is what it said, and the table says why the rest is not.
func TestEveryRecordedValueOfASwitchIsEmittedOrLeftOutForAReason(t *testing.T) {
	path := withoutRefusals(t, unpacked(t, "dcgm-4.6.0-nvswitch.jsonl"))
	fields, _ := recordedFields(t, path)
	entity := dcgm.Entity{Kind: dcgm.Switch}
	require.Len(t, fields[entity], 557)
	stepwiseWith(t, path, only(nil), func(src dcgm.Source) dcgm.Source { return src }, func(s *steps) {
		t := s.t
		for range slowPeriod/interval + 1 {
			s.pass(interval)
		}
		batches := s.sink.AllMetrics()
		a := &account{s, pointsOfEntities(batches[len(batches)-1]), s.collector.layouts, map[dcgm.EntityKind]map[string]map[dcgm.FieldID]bool{}}
		a.entity(entity, fields[entity])
		var own []string
		for key := range a.points {
			if strings.Contains(key, "nvswitch0") {
				own = append(own, strings.SplitN(key, "map", 2)[0])
			}
		}
		require.ElementsMatch(t, []string{"gpu.nvswitch.up", "gpu.nvswitch.info", "gpu.nvswitch.links", "gpu.nvswitch.links", "gpu.nvswitch.links"}, own, "points that are of no recorded value")
		requireFile(t, "nvswitch-recording.md", a.table(t.Name(), "# What becomes of the fields of an NVSwitch\n\n"+
			"A recording of DCGM 4.6.0 has 557 values of a simulated NVSwitch of two ports. All metrics are enabled here."))
	})
}
