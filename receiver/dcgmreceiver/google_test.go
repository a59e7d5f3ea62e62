// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// googlePoints are the values of one GPU, by its resource.
func (s *simulation) googlePoints(number string) (attributes map[string]any, values map[string]float64) {
	s.t.Helper()
	batches := s.sink.AllMetrics()
	values = map[string]float64{}
	for _, rm := range batches[len(batches)-1].ResourceMetrics().All() {
		if got, _ := rm.Resource().Attributes().Get("gpu.number"); got.AsString() != number {
			continue
		}
		attributes = rm.Resource().Attributes().AsRaw()
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			for _, point := range pointsOf(m).All() {
				values[m.Name()+attributesText(point.Attributes())] = point.DoubleValue() + float64(point.IntValue())
			}
		}
	}
	return attributes, values
}

// googleXID is the attribute of the first XID in the newest batch.
func (s *simulation) googleXID() pcommon.Value {
	s.t.Helper()
	batches := s.sink.AllMetrics()
	for m, point := range points(batches[len(batches)-1]) {
		if code, has := point.Attributes().Get("gpu.error.xid"); has && m.Name() == "gpu.dcgm.xid_errors" {
			return code
		}
	}
	s.t.Fatal("no XID is emitted")
	return pcommon.Value{}
}

func TestImpliedViewIsSaidOnce(t *testing.T) {
	cfg, err := unmarshalled(nil, "gpu.dcgm.temperature")
	require.NoError(t, err)
	require.Len(t, newRig(t, cfg, nil).logs.FilterMessageSnippet("Google's dcgmreceiver").All(), 1)
	cfg, err = unmarshalled(map[string]any{"views": "google"}, "gpu.dcgm.temperature")
	require.NoError(t, err)
	require.Empty(t, newRig(t, cfg, nil).logs.All())
}

func TestViewOfGooglesReceiver(t *testing.T) {
	const scenario = `include models/h100.model
gpu 0 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000000 pci=00000000:17:00.0
gpu 1 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000001 pci=00000000:2A:00.0
field 252 * const 1000 each=1
field 1001 * const 0.5
field 156 * const 5000
field 241 * const 3000000000
field 310 * const 7
`
	change := func(cfg *Config) {
		cfg.Views = []string{viewGoogle}
		cfg.google.metrics = map[string]bool{"gpu.dcgm.xid_errors": true}
	}
	simulate(t, scenario, change, func(s *simulation) {
		s.sim.Send("xid gpu=1 code=79")
		s.pass(2 * interval)
		resource, values := s.googlePoints("1")
		for key, want := range map[string]any{"gpu.uuid": "GPU-00000000-0000-0000-0000-000000000001", "gpu.model": "NVIDIA H100 80GB HBM3", "tracecore.simulated": true} {
			require.Equal(s.t, want, resource[key])
		}
		for key, want := range map[string]float64{
			"gpu.dcgm.memory.bytes_used{gpu.memory.state=used}":                  1001 * 1048576,
			"gpu.dcgm.utilization{}":                                             0.5,
			"gpu.dcgm.energy_consumption{}":                                      5,
			"gpu.dcgm.clock.throttle_duration.time{gpu.clock.violation=thermal}": 3,
			"gpu.dcgm.ecc_errors{gpu.error.type=sbe}":                            7,
			"gpu.dcgm.xid_errors{gpu.error.xid=79}":                              1,
		} {
			require.Contains(s.t, values, key)
			require.InDelta(s.t, want, values[key], 0, key)
		}
		for key := range values {
			require.Regexp(s.t, "^gpu\\.dcgm\\.", key)
		}
		require.Equal(s.t, pcommon.ValueTypeInt, s.googleXID().Type(), "codes are numbers for Google's receiver")
	})
}
