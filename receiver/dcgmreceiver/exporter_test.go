// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
)

// asExporter shows some counters in dcgm-exporter's view alone.
func asExporter(counters string, more ...func(*Config)) func(*Config) {
	return func(cfg *Config) {
		cfg.Views = []string{viewDCGMExporter}
		cfg.DCGMExporter.Counters = counters + "\n"
		for _, change := range more {
			change(cfg)
		}
	}
}

// exported are the values of a metric in the newest batch, by the labels that are asked for.
func (s *simulation) exported(metric string, labels ...string) map[string]float64 {
	s.t.Helper()
	values := map[string]float64{}
	batches := s.sink.AllMetrics()
	if len(batches) == 0 {
		return values
	}
	for m, point := range points(batches[len(batches)-1]) {
		if m.Name() != metric {
			continue
		}
		var key []string
		for _, label := range labels {
			if value, has := point.Attributes().Get(label); has {
				key = append(key, value.AsString())
			}
		}
		require.NotContains(s.t, values, strings.Join(key, " "))
		values[strings.Join(key, " ")] = point.DoubleValue() + float64(point.IntValue())
	}
	return values
}

func TestLostGPUEndsItsSeriesAndKeepsItsXIDs(t *testing.T) {
	counters := "DCGM_FI_DEV_GPU_TEMP, gauge, t\nDCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION, counter, e\nDCGM_FI_DEV_XID_ERRORS, gauge, x\nDCGM_EXP_XID_ERRORS_COUNT, gauge, c"
	simulate(t, node(2), asExporter(counters), func(s *simulation) {
		s.pass(interval)
		require.Len(s.t, s.exported("DCGM_FI_DEV_GPU_TEMP", "gpu"), 2)
		s.sim.Send("xid gpu=1 code=79", "gpu_lost gpu=1")
		s.pass(interval)
		require.Equal(s.t, []string{"0"}, sortedKeys(s.exported("DCGM_FI_DEV_GPU_TEMP", "gpu")))
		require.Equal(s.t, []string{"0"}, sortedKeys(s.exported("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "gpu")))
		require.Equal(s.t, map[string]float64{"1 79 GPU has fallen off the bus": 79}, s.exported("DCGM_FI_DEV_XID_ERRORS", "gpu", "err_code", "err_msg"))
		require.Equal(s.t, map[string]float64{"0 300000": 0, "1 300000 79": 1}, s.exported("DCGM_EXP_XID_ERRORS_COUNT", "gpu", "window_size_in_ms", "xid"))
		s.sim.Send("gpu_restored gpu=1")
		s.pass(3 * interval)
		require.Len(s.t, s.exported("DCGM_FI_DEV_GPU_TEMP", "gpu"), 2)
	})
}

func TestLastXIDIsShownForAWhileUnlessItIsSticky(t *testing.T) {
	for name, want := range map[string]map[string]float64{"for a while": {}, "sticky": {"0": 31}} {
		t.Run(name, func(t *testing.T) {
			change := asExporter("DCGM_FI_DEV_XID_ERRORS, gauge, x\nDCGM_EXP_XID_ERRORS_COUNT, gauge, c", func(cfg *Config) {
				cfg.DCGMExporter.XIDWindow, cfg.DCGMExporter.StickyXID = time.Minute, name == "sticky"
			})
			simulate(t, node(1), change, func(s *simulation) {
				require.Empty(s.t, s.exported("DCGM_FI_DEV_XID_ERRORS"))
				s.sim.Send("xid gpu=0 code=31")
				s.pass(interval)
				require.Equal(s.t, map[string]float64{"0": 31}, s.exported("DCGM_FI_DEV_XID_ERRORS", "gpu"))
				s.pass(2 * time.Minute)
				require.Equal(s.t, want, s.exported("DCGM_FI_DEV_XID_ERRORS", "gpu"))
				require.Equal(s.t, map[string]float64{"60000": 0}, s.exported("DCGM_EXP_XID_ERRORS_COUNT", "window_size_in_ms", "xid"))
			})
		})
	}
}

func TestXIDsOfAGPUAreThoseOfItsInstances(t *testing.T) {
	simulate(t, node(1)+"mig 0 1g.10gb,3g.40gb/1+2\n", asExporter("DCGM_FI_DEV_XID_ERRORS, gauge, x"), func(s *simulation) {
		s.sim.Send("xid gpu=0 gi=0 code=43")
		s.pass(interval)
		require.Equal(s.t, map[string]float64{"1": 43}, s.exported("DCGM_FI_DEV_XID_ERRORS", "GPU_I_ID"))
		s.sim.Send("xid gpu=0 ci=1 code=31")
		s.pass(interval)
		require.Equal(s.t, map[string]float64{"1": 43, "2": 31}, s.exported("DCGM_FI_DEV_XID_ERRORS", "GPU_I_ID"))
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Equal(s.t, map[string]float64{"1": 79, "2": 79}, s.exported("DCGM_FI_DEV_XID_ERRORS", "GPU_I_ID"))
	})
}

// What records tell does not depend on how metrics are emitted.
func TestRecordsComeWhateverTheViews(t *testing.T) {
	simulate(t, node(1), asExporter("DCGM_FI_DEV_GPU_TEMP, gauge, t"), func(s *simulation) {
		s.sim.Send("throttle gpu=0 reason=hw_thermal for 5s", "xid gpu=0 code=31", "row_remap gpu=0 pending")
		s.pass(4 * interval)
		found := map[string]int{}
		for _, logs := range s.records.AllLogs() {
			for _, record := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
				found[record.EventName()]++
			}
		}
		for _, event := range []string{"gpu.throttle", "gpu.xid", "gpu.memory.remap"} {
			require.Positive(s.t, found[event], "%s: %v", event, found)
		}
	})
}

func TestTotalsAndCountsOfEvents(t *testing.T) {
	counters := "DCGM_EXP_XID_ERRORS_TOTAL, counter, x\nDCGM_EXP_CLOCK_EVENTS_TOTAL, counter, t\nDCGM_EXP_CLOCK_EVENTS_COUNT, gauge, c"
	simulate(t, node(1)+"field 112 * const 0\n", asExporter(counters), func(s *simulation) {
		s.pass(interval)
		require.Empty(s.t, s.exported("DCGM_EXP_XID_ERRORS_TOTAL"))
		s.sim.Send("xid gpu=0 code=31", "xid gpu=0 code=31", "field gpu=0 id=112 value=64 for 20s")
		s.pass(4 * interval)
		require.Equal(s.t, map[string]float64{"31": 2}, s.exported("DCGM_EXP_XID_ERRORS_TOTAL", "xid"))
		require.Equal(s.t, map[string]float64{"hw_thermal": 1}, s.exported("DCGM_EXP_CLOCK_EVENTS_TOTAL", "clock_event"))
		count := s.exported("DCGM_EXP_CLOCK_EVENTS_COUNT", "clock_event")["hw_thermal"]
		require.GreaterOrEqual(s.t, count, 2.0, "intervals of 10 s, not samples of every second")
		require.LessOrEqual(s.t, count, 3.0)
		s.pass(6 * time.Minute)
		require.Empty(s.t, s.exported("DCGM_EXP_CLOCK_EVENTS_COUNT", "clock_event"))
	})
}

// A host engine of DCGM 4.6 has none of the fields that dcgm-exporter 4.9 reads.
func TestBothReleasesOfOneValue(t *testing.T) {
	counters := "DCGM_FI_DEV_GPU_UTIL, gauge, u\nDCGM_FI_DEV_FB_USED, gauge, f\nDCGM_FI_DRIVER_VERSION, label, d"
	both := asExporter(counters, func(cfg *Config) { cfg.DCGMExporter.Names = exporterview.BothNames })
	simulate(t, node(1)+"field 203 * const 50\nfield 252 * const 1000\n", both, func(s *simulation) {
		s.pass(5 * interval)
		for metric, want := range map[string]float64{
			"DCGM_FI_DEV_GPU_UTIL": 50, "DCGM_FI_DEV_GPU_UTIL_RATIO": 0.5, "DCGM_FI_DEV_FB_USED": 1000, "DCGM_FI_DEV_FB_USED_BYTES": 1000 << 20,
		} {
			got := s.exported(metric, "DCGM_FI_DRIVER_VERSION", "DCGM_FI_SYSTEM_DRIVER_VERSION")
			require.Equal(s.t, map[string]float64{"580.65.06 580.65.06": want}, got, metric)
		}
	})
}

func TestFieldsAreLabels(t *testing.T) {
	counters := "DCGM_FI_DEV_GPU_TEMP, gauge, t\nDCGM_FI_DEV_BRAND, label, b\nDCGM_FI_DEV_SERIAL, label, s\nDCGM_FI_DEV_MINOR_NUMBER, label, m"
	simulate(t, node(2)+"field 51 * const Tesla\n", asExporter(counters), func(s *simulation) {
		s.pass(interval)
		got := s.exported("DCGM_FI_DEV_GPU_TEMP", "gpu", "DCGM_FI_DEV_BRAND", "DCGM_FI_DEV_SERIAL", "DCGM_FI_DEV_MINOR_NUMBER")
		require.Equal(s.t, []string{"0 Tesla 0 0", "1 Tesla 1 1"}, sortedKeys(got))
	})
}

func TestLabelOfTheHost(t *testing.T) {
	const old, is = "DCGM_FI_DEV_GPU_TEMP, gauge, t", "DCGM_FI_DEV_GPU_TEMP_CELSIUS, gauge, t"
	for name, tt := range map[string]struct {
		counters string
		names    exporterview.Names
		choice   string
		want     map[string][2]string // Hostname and hostname, by series
	}{
		"of 4.8 by default":             {old, "", "", map[string][2]string{"DCGM_FI_DEV_GPU_TEMP": {"n1", ""}}},
		"of 4.8":                        {is, "4.8", "", map[string][2]string{"DCGM_FI_DEV_GPU_TEMP": {"n1", ""}}},
		"of 4.9":                        {old, "4.9", "", map[string][2]string{"DCGM_FI_DEV_GPU_TEMP_CELSIUS": {"", "n1"}}},
		"of a counters file of 4.9":     {is, "", "", map[string][2]string{"DCGM_FI_DEV_GPU_TEMP_CELSIUS": {"", "n1"}}},
		"of both":                       {old, "both", "", map[string][2]string{"DCGM_FI_DEV_GPU_TEMP": {"n1", "n1"}, "DCGM_FI_DEV_GPU_TEMP_CELSIUS": {"n1", "n1"}}},
		"Hostname":                      {old, "4.9", hostnameUpper, map[string][2]string{"DCGM_FI_DEV_GPU_TEMP_CELSIUS": {"n1", ""}}},
		"hostname, as 4.8.2 has it":     {old, "4.8", hostnameLower, map[string][2]string{"DCGM_FI_DEV_GPU_TEMP": {"", "n1"}}},
		"both, with names of 4.8 alone": {old, "", hostnameBoth, map[string][2]string{"DCGM_FI_DEV_GPU_TEMP": {"n1", "n1"}}},
		"none":                          {old, "both", hostnameNone, map[string][2]string{"DCGM_FI_DEV_GPU_TEMP": {"", ""}, "DCGM_FI_DEV_GPU_TEMP_CELSIUS": {"", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOST_NAME", "n1")
			change := asExporter(tt.counters, func(cfg *Config) { cfg.DCGMExporter.HostnameLabel, cfg.DCGMExporter.Names = tt.choice, tt.names })
			simulate(t, node(1), change, func(s *simulation) {
				for metric, want := range tt.want {
					require.Equal(s.t, []string{want[0]}, sortedKeys(s.exported(metric, "Hostname")), metric)
					require.Equal(s.t, []string{want[1]}, sortedKeys(s.exported(metric, "hostname")), metric)
				}
			})
		})
	}
}

// A GPU whose MIG is switched off has series of its own again.
func TestInstancesStandInThePlaceOfTheirGPU(t *testing.T) {
	simulate(t, node(1)+"mig 0 1g.10gb,3g.40gb\nfield 252 gi:* const 7 each=1\n", asExporter("DCGM_FI_DEV_FB_USED, gauge, f\nDCGM_FI_DEV_GPU_TEMP, gauge, t"), func(s *simulation) {
		s.pass(interval)
		require.Equal(s.t, []string{"1g.10gb 1", "3g.40gb 2"}, sortedKeys(s.exported("DCGM_FI_DEV_GPU_TEMP", "GPU_I_PROFILE", "GPU_I_ID")))
		used := s.exported("DCGM_FI_DEV_FB_USED", "GPU_I_ID")
		require.InDelta(s.t, 1, used["2"]-used["1"], 0, "an instance has its own")
		s.sim.Send("mig_reconfigure gpu=0 layout=none")
		s.pass(2 * time.Minute)
		require.Equal(s.t, []string{""}, sortedKeys(s.exported("DCGM_FI_DEV_GPU_TEMP", "GPU_I_PROFILE", "GPU_I_ID")))
	})
}

// As the choices f, g, i and g+i of dcgm-exporter.
func TestSeriesOfAGPUWithMIG(t *testing.T) {
	const counters = "DCGM_FI_DEV_FB_USED, gauge, f\nDCGM_EXP_XID_ERRORS_COUNT, gauge, x"
	for choice, want := range map[string][]string{
		migFlex: {"0 1", "0 2", "1"}, migGPUs: {"0", "1"}, migInstances: {"0 1", "0 2"}, migBoth: {"0", "0 1", "0 2", "1"},
	} {
		t.Run(choice, func(t *testing.T) {
			change := asExporter(counters, func(cfg *Config) { cfg.DCGMExporter.MIG = choice })
			simulate(t, node(2)+"mig 0 1g.10gb,3g.40gb\nfield 252 * const 40\nfield 252 gi:* const 7\n", change, func(s *simulation) {
				s.pass(interval)
				used := s.exported("DCGM_FI_DEV_FB_USED", "gpu", "GPU_I_ID")
				require.Equal(s.t, want, sortedKeys(used))
				require.Equal(s.t, want, sortedKeys(s.exported("DCGM_EXP_XID_ERRORS_COUNT", "gpu", "GPU_I_ID")))
				for of, value := range used {
					expected := 40.0
					if strings.Contains(of, " ") {
						expected = 7
					}
					require.InDelta(s.t, expected, value, 0, of)
				}
			})
		})
	}
}

func TestViewHasNoSeriesBeyondTheLimit(t *testing.T) {
	change := asExporter("DCGM_FI_DEV_FB_USED, gauge, f\nDCGM_FI_DEV_GPU_TEMP, gauge, t", func(cfg *Config) { cfg.MaxSeries = 3 })
	simulate(t, node(2), change, func(s *simulation) { require.Equal(s.t, 3, s.sink.DataPointCount()) })
}

// What both views need is one field of one layout: one watch, one read.
func TestViewsShareTheirFields(t *testing.T) {
	fields := func(views ...string) map[dcgm.FieldID]bool {
		cfg := createDefaultConfig().(*Config)
		cfg.Views = views
		view, err := newExporter(cfg, "", zap.NewNop())
		require.NoError(t, err)
		found := map[dcgm.FieldID]bool{}
		for _, need := range newDemand(cfg, view, newGoogle(cfg, "", zap.NewNop())).needs[dcgm.GPU].Fields {
			require.False(t, found[need.Field], "field %d is watched twice", need.Field)
			found[need.Field] = true
		}
		return found
	}
	own, view, both := fields(viewOTel), fields(viewDCGMExporter), fields(viewOTel, viewDCGMExporter, viewGoogle)
	for field := range view {
		require.True(t, both[field])
	}
	for field := range own {
		require.True(t, both[field])
	}
	require.Less(t, len(both), len(own)+10, "nearly all of the default counters are watched anyhow")
	require.NotContains(t, both, dcgm.FieldID(1), "the driver's version is known")
}
