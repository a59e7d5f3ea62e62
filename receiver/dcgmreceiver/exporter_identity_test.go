// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

const labelled = ofDevices + "DCGM_FI_DEV_BRAND, label, Brand\nDCGM_FI_DEV_INFOROM_IMAGE_VER, label, InfoROM\nDCGM_FI_CUDA_DRIVER_VERSION, label, CUDA\nDCGM_FI_DEV_XID_ERRORS, gauge, x\n"

// Series of an entity are the same whether or not the fields that are their labels have a value at the moment.
func TestLabelsStayWhereTheirFieldsHaveNoValue(t *testing.T) {
	const texts = "field 82 * const G520\n"
	labels := []string{"gpu", "DCGM_FI_DEV_BRAND", "DCGM_FI_DEV_INFOROM_IMAGE_VER", "DCGM_FI_CUDA_DRIVER_VERSION", "DCGM_FI_DRIVER_VERSION"}
	for name, tt := range map[string]struct {
		begin, end []string
	}{
		"lost and restored":     {[]string{"gpu_lost gpu=*"}, []string{"gpu_restored gpu=*"}},
		"detached and attached": {[]string{"gpu_detached gpu=0", "gpu_detached gpu=1"}, []string{"gpu_attached gpu=0", "gpu_attached gpu=1"}},
		"blank for a while":     {[]string{"field gpu=* id=5,51,82 value=blank for 5m"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, fmt.Sprintf(everything, texts), asExporter(labelled), func(s *simulation) {
				s.sim.Send("xid gpu=0 code=31", "xid gpu=1 code=31")
				s.pass(2 * time.Minute)
				xids, nvswitches := s.exported("DCGM_FI_DEV_XID_ERRORS", labels...), s.exported("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", append(labels, "nvswitch")...)
				require.Contains(s.t, sortedKeys(xids)[0], "NVIDIA G520 13000")
				require.Contains(s.t, sortedKeys(nvswitches)[0], "13000")
				s.sim.Send(tt.begin...)
				for range 8 {
					s.pass(interval)
					if during := s.exported("DCGM_FI_DEV_XID_ERRORS", labels...); len(during) > 0 {
						require.Equal(s.t, sortedKeys(xids), sortedKeys(during))
					}
					require.Equal(s.t, sortedKeys(nvswitches), sortedKeys(s.exported("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", append(labels, "nvswitch")...)))
				}
				s.sim.Send(tt.end...)
				s.pass(time.Minute)
				require.Equal(s.t, sortedKeys(xids), sortedKeys(s.exported("DCGM_FI_DEV_XID_ERRORS", labels...)))
			})
		})
	}
}

// Another layout of a GPU has the counts of the instances before.
func TestXIDsOutlastTheInstancesThatHadThem(t *testing.T) {
	counters := "DCGM_EXP_XID_ERRORS_COUNT, gauge, c\nDCGM_EXP_XID_ERRORS_TOTAL, counter, t"
	simulate(t, node(2)+"mig 1 1g.10gb,3g.40gb\n", asExporter(counters), func(s *simulation) {
		s.pass(interval)
		s.sim.Send("xid gpu=1 gi=0 code=31", "xid gpu=1 code=43")
		s.pass(interval)
		before := s.exported("DCGM_EXP_XID_ERRORS_TOTAL", "gpu", "GPU_I_ID", "xid")
		require.Equal(s.t, map[string]float64{"1 1 31": 1, "1 1 43": 1, "1 2 31": 1, "1 2 43": 1}, before)
		s.sim.Send("mig_reconfigure gpu=1 layout=2g.20gb,2g.20gb")
		s.pass(2 * time.Minute)
		want := map[string]float64{}
		for _, instance := range sortedKeys(s.exported("DCGM_EXP_XID_ERRORS_TOTAL", "gpu", "GPU_I_ID", "xid")) {
			want[instance] = 1
		}
		require.Len(s.t, want, 4)
		require.Equal(s.t, want, s.exported("DCGM_EXP_XID_ERRORS_TOTAL", "gpu", "GPU_I_ID", "xid"))
		counts := s.exported("DCGM_EXP_XID_ERRORS_COUNT", "gpu", "GPU_I_ID", "xid")
		delete(counts, "0")
		require.Equal(s.t, want, counts)
		s.pass(2 * time.Hour)
		require.Equal(s.t, want, s.exported("DCGM_EXP_XID_ERRORS_TOTAL", "gpu", "GPU_I_ID", "xid"), "a total does not fall")
	})
}

// What a CPU and a core are labelled with is what the host engine lists now.
func TestLabelsOfCPUsFollowTheList(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	asExporter(ofDevices)(cfg)
	c := newRig(t, cfg, nil).collector
	devices := map[dcgm.EntityKind]*gpu{}
	for _, kind := range []dcgm.EntityKind{dcgm.CPU, dcgm.CPUCore} {
		devices[kind] = &gpu{known: &inventory.Known{Entity: dcgm.Entity{Kind: kind, ID: 1}}, values: series.NewSet(c.layouts[kind])}
	}
	labels := func(kind dcgm.EntityKind) map[string]any {
		r := exporterRecording{&recording{collector: c}}
		return r.deviceLabels(devices[kind], make([]string, len(c.exporter.Labels))).AsRaw()
	}
	c.outer.processors = []dcgm.Processor{{ID: 1, Cores: []uint32{1}}}
	require.NotContains(t, labels(dcgm.CPU), "cpu_serial")
	require.Equal(t, "1", labels(dcgm.CPUCore)["cpu"])
	c.outer.processors = []dcgm.Processor{{ID: 1, Serial: "0xf"}, {ID: 2, Cores: []uint32{1}}}
	require.Equal(t, "0xf", labels(dcgm.CPU)["cpu_serial"])
	require.Equal(t, "2", labels(dcgm.CPUCore)["cpu"])
}
