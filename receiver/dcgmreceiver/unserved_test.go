// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// A host engine of another version refuses single calls with an API version mismatch (-12), and one whose module is
// denylisted those of the module (-33).
func TestCallsThatTheHostEngineDoesNotServeCostWhatNeedsThem(t *testing.T) {
	for call, tt := range map[string]struct {
		status int
		name   string
		absent string
	}{
		"dcgmHostengineVersionInfo":                 {-12, "ask the host engine for its version", ""},
		"dcgmGetAllSupportedDevices":                {-12, "list supported GPUs", ""},
		"dcgmGetEntityGroupEntities":                {-12, "list all GPUs, list GPU instances, list NVSwitches", ""},
		"dcgmProfGetSupportedMetricGroups":          {-12, "list profiling fields", "gpu.sm.utilization{hw.name=nvidia0}"},
		"dcgmGetNvLinkLinkStatus":                   {-33, "get the states of NVLinks", "gpu.nvlink.links{gpu.nvlink.link.state=up hw.name=nvidia0}"},
		"dcgmIntrospectGetHostengineMemoryUsage":    {-33, "ask the host engine for its usage", "dcgm.hostengine.memory.usage{}"},
		"dcgmIntrospectGetHostengineCpuUtilization": {-12, "ask the host engine for its usage", "dcgm.hostengine.cpu.utilization{}"},
	} {
		t.Run(call, func(t *testing.T) {
			simulate(t, fmt.Sprintf("%sat 0s call call=%s status=%d\n", steady, call, tt.status), nil, func(s *simulation) {
				t := s.t
				for range 30 {
					s.pass(interval)
				}
				s.requireUp(true)
				require.Contains(t, s.now(), "hw.power{hw.name=nvidia1}")
				if tt.absent != "" {
					require.NotContains(t, s.now(), tt.absent)
				}
				require.Empty(t, s.host.statuses())
				require.Empty(t, s.self.Report().Errors)
				require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "0 ")
				said := s.logs.FilterMessageSnippet("does not serve a call").All()
				var calls []string
				for _, entry := range said {
					calls = append(calls, fmt.Sprint(entry.ContextMap()["call"]))
				}
				require.ElementsMatch(t, strings.Split(tt.name, ", "), calls, "said once of each")
			})
		})
	}
}

// readThrough is a source whose library refuses the door's own read.
type readThrough struct{ dcgm.Source }

func (readThrough) Unserved() map[string]error {
	return map[string]error{"read values in place": dcgm.ErrReadThrough}
}

func TestReadsThroughGoDCGMAreLoggedOnce(t *testing.T) {
	stepwise(t, steady, func(src dcgm.Source) dcgm.Source { return readThrough{src} }, func(s *steps) {
		s.pass(interval)
		s.pass(interval)
		require.Len(s.t, s.logs.FilterMessage("libdcgm does not serve a call, another one takes its place").All(), 1)
		require.Zero(s.t, s.logs.FilterMessageSnippet("is absent").Len())
	})
}
