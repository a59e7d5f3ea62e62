// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap/zapcore"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

func (s *simulation) requireUp(up bool) {
	s.t.Helper()
	text := s.now()
	require.Equal(s.t, up, strings.HasPrefix(text["dcgm.up{}"], "1 "), "dcgm.up is %s", text["dcgm.up{}"])
	require.Equal(s.t, up, hasGPUs(text), "GPUs have series exactly while DCGM is up")
}

func hasGPUs(text seriesText) bool { return len(text) > len(text.of()) }

func TestTroubleIsSaidOnceWhenItBeginsAndOnceWhenItEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		begin, end []string
		kind       selftelemetry.Kind
	}{
		"a dead host engine":         {[]string{"engine_dies"}, []string{"engine_returns"}, selftelemetry.KindConnect},
		"GPUs that cannot be listed": {[]string{"call call=dcgmGetAllSupportedDevices status=-3"}, []string{"call call=dcgmGetAllSupportedDevices status=0"}, selftelemetry.KindEnumerate},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				t := s.t
				s.pass(interval)
				s.requireUp(true)
				require.Empty(t, s.host.statuses())

				s.sim.Send(tt.begin...)
				for range 6 {
					s.pass(interval)
					s.requireUp(false)
				}
				require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())

				s.sim.Send(tt.end...)
				s.pass(2 * lastBackoff)
				s.requireUp(true)
				require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
				report := s.self.Report()
				require.Equal(t, []bool{true, false}, report.Degraded)
				require.Positive(t, report.Errors[tt.kind])
				require.Equal(t, 1, s.logs.FilterMessage("DCGM receiver is degraded").Len())
				require.Equal(t, 1, s.logs.FilterMessage("DCGM receiver has recovered").Len())
			})
		})
	}
}

func TestHostEngineThatStartsLateIsWaitedFor(t *testing.T) {
	simulate(t, steady+"at 0s engine_dies\n", nil, func(s *simulation) {
		t := s.t
		s.requireUp(false)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
		require.Equal(t, []bool{true}, s.self.Report().Degraded, "degraded from the start")
		s.pass(5 * time.Minute)
		attempts := s.self.Report().Errors[selftelemetry.KindConnect]
		require.Greater(t, attempts, int64(6), "doubling from 1 s to 60 s")
		require.Less(t, attempts, int64(20), "doubling from 1 s to 60 s")
		s.sim.Send("engine_returns")
		s.pass(2 * lastBackoff)
		s.requireUp(true)
		require.Contains(t, s.now()["dcgm.reconnects{}"], "0 ", "it is the first connection")
	})
}

func TestHostEngineTakesEverythingBackInSilence(t *testing.T) {
	for range 2 { // As after a reload.
		simulate(t, steady, only(nil), func(s *simulation) {
			t := s.t
			s.pass(interval)
			s.sim.Send("gpu_added 2 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0 serial=3")
			s.pass(interval)
			require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "1 ")
			require.Contains(t, s.now(), "hw.power{hw.name=nvidia2}")
			require.Contains(t, s.now().lines(), "gpu.driver.version=580.65.06")
			s.stop()
			require.Empty(t, s.sim.EngineErrors())
			require.Zero(t, s.logs.FilterLevelExact(zapcore.WarnLevel).FilterMessageSnippet("take").Len())
		})
	}
}

func TestUnknownFieldsAreLeftOutOneByOne(t *testing.T) {
	simulate(t, steady+"at 0s unknown_field 155,252,1002,1523\n", nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.requireUp(true)
		text := s.now().of("nvidia0").lines()
		for _, gone := range []string{"hw.power{", "gpu.memory.state=used", "gpu.sm.utilization{", "gpu.recovery.action{"} {
			require.NotContains(t, text, gone)
		}
		for _, there := range []string{"hw.energy{", "hw.temperature{", "gpu.memory.state=free", "gpu.sm.occupancy{", "gpu.power.limit{"} {
			require.Contains(t, text, there)
		}
		require.Empty(t, s.host.statuses())
		require.NotZero(t, s.logs.FilterMessageSnippet("does not know some fields").Len())
		require.Zero(t, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len())
	})
}

func TestEveryMetricAtOnceFitsTheLimitsOfTheHostEngine(t *testing.T) {
	simulate(t, "gb200-grace", only(nil), func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.pass(interval)
		s.requireUp(true)
		require.Greater(t, s.collector.watched, int64(dcgm.MaxFields), "more than one group takes")
		require.Empty(t, s.host.statuses())
		text := s.now().of("nvidia0").lines()
		for _, detail := range []string{"gpu.cycles{", "gpu.engine.utilization{", "gpu.ecc.location.errors{", "gpu.nvlink.packets{", "gpu.clock.limit{"} {
			require.Contains(t, text, detail)
		}
	})
}

func TestConfiguredDeviceThatIsAbsentIsReportedAndWaitedFor(t *testing.T) {
	const uuid = "GPU-00000000-0000-0000-0000-000000000002"
	devices := func(cfg *Config) { cfg.Devices = []string{"1", uuid} }
	simulate(t, steady, devices, func(s *simulation) {
		t := s.t
		s.requireUp(true)
		s.requireState("", "absent")
		s.requireState("nvidia1", "ok")
		require.Empty(t, len(s.now().of("nvidia0"))-len(s.now().of()), "a GPU that is not configured")
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
		require.ErrorContains(t, s.host.firstError(), `"devices": not present, waited for: `+uuid)

		s.sim.Send("gpu_added 2 model=h100 uuid=" + uuid + " pci=00000000:03:00.0 serial=3")
		s.pass(interval)
		require.NotContains(t, s.now(), "gpu.up{hw.name=}")
		s.requireState("nvidia2", "ok")
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
	})
}

func TestHostEngineWithoutGPUsIsSaidOnceAndWaitedFor(t *testing.T) {
	simulate(t, "include models/h100.model\n", nil, func(s *simulation) {
		t := s.t
		for range 6 {
			s.pass(interval)
			require.Contains(t, s.now()["dcgm.up{}"], "1 ", "the host engine answers")
		}
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
		require.ErrorContains(t, s.host.firstError(), "host engine has no GPU, waiting for one")
		require.Equal(t, 1, s.logs.FilterMessage("DCGM receiver is degraded").Len())
		require.Equal(t, []bool{true}, s.self.Report().Degraded)

		s.sim.Send("gpu_added 0 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000000 pci=00000000:01:00.0")
		s.pass(interval)
		s.requireUp(true)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
	})
}

func TestGPUThatIsLostBeforeTheStartIsReportedAndReadWhenItIsBack(t *testing.T) {
	simulate(t, steady+"at 0s gpu_lost gpu=0\n", nil, func(s *simulation) {
		t := s.t
		for range 20 {
			s.pass(interval)
		}
		s.requireState("gpu0", "lost")
		require.Contains(t, s.now()["hw.status{hw.name=gpu0 hw.state=failed}"], "1 ")
		require.NotContains(t, s.now().lines(), "hw.power{hw.name=gpu0}", "it has no values")
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia1}")
		require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "0 ", "the others are not interrupted for it")

		s.sim.Send("gpu_restored gpu=0")
		for range 3 {
			s.pass(interval)
		}
		s.requireState("nvidia0", "ok")
		require.Len(t, s.now().of("nvidia0"), len(s.now().of("nvidia1")), "it has all that the witness has")
		require.Equal(t, s.collector.gpus[1].values.Fallbacks(), s.collector.gpus[0].values.Fallbacks(), "from the same sources")
		require.NotContains(t, s.now().lines(), "hw.name=gpu0")
	})
}

func TestDetachedGPUKeepsItsStatusWhenThePlanIsMadeAnew(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.sim.Send("gpu_detached gpu=0")
		s.pass(interval)
		s.sim.Send("gpu_added 2 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0 serial=3")
		for range 3 {
			s.pass(interval)
			s.requireState("nvidia0", "detached")
			require.Contains(t, s.now()["hw.status{hw.name=nvidia0 hw.state=degraded}"], "1 ")
			require.NotContains(t, s.now().lines(), "hw.power{hw.name=nvidia0}")
			require.Contains(t, s.now(), "hw.power{hw.name=nvidia2}")
		}
		require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "1 ")

		s.sim.Send("gpu_attached gpu=0")
		s.pass(interval)
		s.requireState("nvidia0", "ok")
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
	})
}

func TestMaxSeriesLeavesOutTheLeastImportantMetricsOfAllGPUs(t *testing.T) {
	for _, limit := range []int{20, 100} {
		few := func(cfg *Config) { cfg.MaxSeries = limit }
		simulate(t, steady, few, func(s *simulation) {
			t := s.t
			s.pass(interval)
			s.pass(interval)
			text := s.now()
			gpu0 := len(text.of("nvidia0")) - len(text.of())
			gpu1 := len(text.of("nvidia1")) - len(text.of())
			require.InDelta(t, gpu0, gpu1, 1, "no GPU is preferred")
			require.Equal(t, limit, gpu0+gpu1)
			require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindCardinality: 3}, s.self.Report().Errors)
			require.Equal(t, 1, s.logs.FilterMessageSnippet("max_series").Len(), "said once")
			require.NotRegexp(t, "^0 ", text["dcgm.values.dropped{dcgm.drop.reason=cardinality}"])
			require.Empty(t, s.host.statuses())
		})
	}
}

func TestSecondEndpointIsRefusedAndTheFirstUntouched(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		cfg := createDefaultConfig().(*Config)
		cfg.Endpoint, cfg.InitialDelay = "gpu-node-2:5555", 0
		second := newRig(t, cfg, nil)
		second.start()
		s.pass(interval)

		require.Equal(t, []componentstatus.Status{componentstatus.StatusPermanentError}, second.host.statuses())
		require.EqualError(t, second.host.firstError(), "cannot connect to tcp://gpu-node-2:5555: this process is connected to tcp://localhost:5555, and DCGM allows one host engine per process")
		require.Contains(t, second.last(s.origin)["dcgm.up{}"], "0 ")
		require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindInit: 1}, second.self.Report().Errors)
		second.stop()

		s.requireUp(true)
		require.Empty(t, s.host.statuses())
	})
}

func TestReceiversOfOneEndpointShareItAndFreeWhatTheyTook(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		for range 40 { // The engine has 64 groups, and each takes two.
			cfg := createDefaultConfig().(*Config)
			cfg.Endpoint, cfg.InitialDelay = "tcp://localhost:5555", 0
			second := newRig(t, cfg, nil)
			second.start()
			s.settle()
			require.Contains(t, second.last(s.origin)["dcgm.up{}"], "1 ")
			second.stop()
		}
		s.pass(interval)
		s.requireUp(true)
	})
}

// DCGM takes the receivers of a process for one watcher: the last one to ask would set the
// period for all, and the first one to leave would end the watches of all.
func TestReceiversOfOneEndpointKeepTheirOwnPace(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"a slower one":            func(cfg *Config) { cfg.CollectionInterval = time.Minute },
		"a slower one of one GPU": func(cfg *Config) { cfg.CollectionInterval, cfg.Devices = time.Minute, []string{"0"} },
		"a slower one of all":     func(cfg *Config) { cfg.CollectionInterval = time.Minute; only(nil)(cfg) },
		"one as fast":             func(cfg *Config) { cfg.CollectionInterval = interval },
		"a faster one":            func(cfg *Config) { cfg.CollectionInterval = time.Second },
		"a faster one of one item": func(cfg *Config) {
			cfg.CollectionInterval = time.Second
			only([]string{"dcgm.up", "gpu.throttle.active"})(cfg)
		},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				t := s.t
				keepsPace := func() {
					t.Helper()
					for range 15 {
						s.pass(interval)
						at := s.node().Sub(s.origin).String()
						for _, series := range []string{"hw.power{hw.name=nvidia0}", "hw.power{hw.name=nvidia1}"} {
							require.Contains(t, s.now()[series], "400 at "+at, "%s as sampled at this tick", series)
						}
						require.Contains(t, s.now()["gpu.throttle.events{gpu.throttle.reason=hw_thermal hw.name=nvidia0}"], " at "+at)
					}
					require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "0 ")
				}
				s.pass(interval)
				cfg := createDefaultConfig().(*Config)
				cfg.InitialDelay = 0
				change(cfg)
				second := newRig(t, cfg, nil)
				second.start()
				s.settle()
				keepsPace()
				require.Contains(t, second.last(s.origin)["dcgm.up{}"], "1 ")
				second.stop()
				keepsPace()
			})
		})
	}
}

func TestRefusedDataIsNoTroubleOfDCGM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		simtest.StartAt(t, steady, time.Now())
		var broken atomic.Bool
		broken.Store(true)
		next, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error {
			if broken.Load() {
				return errors.New("refused")
			}
			return nil
		})
		require.NoError(t, err)
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval, cfg.InitialDelay = time.Second, 0
		r := newRig(t, cfg, next)
		r.start()
		time.Sleep(2500 * time.Millisecond)
		broken.Store(false)
		time.Sleep(2 * time.Second)
		r.stop()
		report := r.self.Report()
		require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindDownstream: 3}, report.Errors)
		require.EqualValues(t, 2, report.Emissions)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.host.statuses())
	})
}
