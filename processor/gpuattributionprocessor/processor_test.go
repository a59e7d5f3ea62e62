// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.yaml.in/yaml/v3"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

const podA = "k8s.container.name=main k8s.namespace.name=ml k8s.pod.name=a"

func TestOneHolderIsOnAllSeriesOfItsGPU(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	require.Equal(t, []string{
		"hw.power{gpu=1 " + podA + "} 300 at 10",
		"hw.power{gpu=2} 70 at 10",
		"hw.energy{gpu=1 " + podA + "} 0 at 10 since 10",
		"hw.energy{gpu=2} 500 at 10 since 0",
		"system.cpu.load{} 3 at 10",
		"hw.power{hw.id=nvswitch0} 50 at 10",
	}, r.send(batch(10, "host.name=gpu-017",
		gauge("hw.power", of(1), 300), gauge("hw.power", of(2), 70),
		counter("hw.energy", of(1), 9000.), counter("hw.energy", of(2), 500.),
		gauge("system.cpu.load", "", 3), gauge("hw.power", "hw.id=nvswitch0", 50),
	)))
}

func TestCountersBeginAnewWithEachHolder(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, held{}, nil)
	require.Equal(t, []string{"hw.energy{gpu=1} 1000 at 10 since 0"}, r.send(batch(10, "", counter("hw.energy", of(1), 1000.))))
	r.says(14, pods(1, "a"), nil)
	require.Equal(t, []string{
		"hw.energy{gpu=1} 1040 at 14 since 0",
		"hw.energy{gpu=1 " + podA + "} 60 at 20 since 14",
	}, r.send(batch(20, "", counter("hw.energy", of(1), 1100.))))
	require.Equal(t, []string{"hw.energy{gpu=1 " + podA + "} 160 at 30 since 14"}, r.send(batch(30, "", counter("hw.energy", of(1), 1200.))))
	r.says(35, held{}, nil)
	require.Equal(t, []string{
		"hw.energy{gpu=1 " + podA + "} 210 at 35 since 14",
		"hw.energy{gpu=1} 50 at 40 since 35",
	}, r.send(batch(40, "", counter("hw.energy", of(1), 1300.))))
}

func TestTwoPodsInTurnWithinOneIntervalEachHaveTheirPart(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, held{}, nil)
	r.send(batch(10, "", counter("gpu.throttle.time", of(1)+" gpu.throttle.reason=power", 0.)))
	r.says(12, pods(1, "a"), nil)
	r.says(15, pods(1, "b"), nil)
	r.says(16, held{}, nil)
	require.Equal(t, []string{
		"gpu.throttle.time{gpu.throttle.reason=power gpu=1} 2 at 12 since 0",
		"gpu.throttle.time{gpu.throttle.reason=power gpu=1 " + podA + "} 3 at 15 since 12",
		"gpu.throttle.time{gpu.throttle.reason=power gpu=1 k8s.container.name=main k8s.namespace.name=ml k8s.pod.name=b} 1 at 16 since 15",
		"gpu.throttle.time{gpu.throttle.reason=power gpu=1} 4 at 20 since 16",
	}, r.send(batch(20, "", counter("gpu.throttle.time", of(1)+" gpu.throttle.reason=power", 10.))))
}

func TestAnXIDOfANewCodeIsTheHoldersFromTheBeginning(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	r.send(batch(10, "", gauge("hw.power", of(1), 1)))
	require.Equal(t, []string{"gpu.xid.errors{gpu.xid.code=79 gpu=1 " + podA + "} 1 at 20 since 10"},
		r.send(batch(20, "", counter("gpu.xid.errors", of(1)+" gpu.xid.code=79", 1))))
}

func TestATimeOfAnXIDIsOfWhoHeldTheGPUThen(t *testing.T) {
	r := newRig(t, nil)
	r.send(batch(0, "", gauge("hw.power", of(1), 1)))
	r.says(0, pods(1, "a"), nil)
	xid := gauge("gpu.xid.last", of(1)+" gpu.xid.code=31", float64(at(5).Unix()))
	r.says(8, pods(1, "b"), nil)
	labels := "gpu.xid.last{gpu.xid.code=31 gpu=1 " + podA + "}"
	for _, second := range []float64{6, 10, 20} {
		sent := r.send(batch(second, "", xid))
		require.Len(t, sent, 1)
		require.Contains(t, sent[0], labels)
	}
	before := r.send(batch(30, "", gauge("gpu.xid.last", of(1)+" gpu.xid.code=31", float64(at(-5).Unix()))))
	require.Contains(t, before[0], "gpu.xid.last{gpu.xid.code=31 gpu=1}", "nobody is known to have held it")
}

func TestSharedGPUsStaySingle(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = true })
	r.says(0, pods(1, "a", "b"), nil)
	shares := " gpu.allocation.kind=timeslice gpu.allocation.share_count=2 gpu.allocation.shares=1 gpu=1 k8s.container.name=main k8s.namespace.name=ml k8s.pod.name="
	require.Equal(t, []string{
		"hw.power{gpu=1} 300 at 10",
		"hw.energy{gpu=1} 1000 at 10 since 0",
		"gpu.allocation{" + shares[1:] + "a} 1 at 10",
		"gpu.allocation{" + shares[1:] + "b} 1 at 10",
	}, r.send(batch(10, "", gauge("hw.power", of(1), 300), counter("hw.energy", of(1), 1000.))))
}

func TestSharedSumsAreDividedOnRequest(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.Split = splitByShare })
	two := pods(1, "a", "b")
	two[holders.UUIDRef(kubelettest.GPU(1))][0].Shares = 3
	r.says(0, two, nil)
	r.send(batch(10, "", counter("hw.energy", of(1), 1000.)))
	require.ElementsMatch(t, []string{
		"hw.energy{gpu=1 " + podA + "} 75 at 20 since 10",
		"hw.energy{gpu=1 k8s.container.name=main k8s.namespace.name=ml k8s.pod.name=b} 25 at 20 since 10",
	}, r.send(batch(20, "", counter("hw.energy", of(1), 1100.))))
}

func TestWhatDescribesTheBoardStaysAsItIs(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	want := []string{
		"gpu.memory.rows.remapped{error.type=uncorrected gpu=1} 512 at 10 since 0",
		"hw.errors{gpu=1} 7 at 10 since 0",
		"gpu.nvlink.errors{gpu=1} 3 at 10 since 0",
		"gpu.pcie.replays{gpu=1} 4 at 10 since 0",
		"gpu.c2c.errors{gpu=1} 5 at 10 since 0",
		"DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL{gpu=1} 6 at 10 since 0",
		"DCGM_FI_DEV_PCIE_REPLAY_COUNTER{gpu=1} 7 at 10 since 0",
		"DCGM_FI_DEV_ROW_REMAP_FAILURE{gpu=1} 1 at 10",
	}
	require.Equal(t, want, r.send(batch(10, "",
		counter("gpu.memory.rows.remapped", of(1)+" error.type=uncorrected", 512),
		counter("hw.errors", of(1), 7),
		counter("gpu.nvlink.errors", of(1), 3), counter("gpu.pcie.replays", of(1), 4), counter("gpu.c2c.errors", of(1), 5),
		counter("DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL", of(1), 6), counter("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", of(1), 7),
		gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", of(1), 1))))
}

func TestLateSamplesHaveTheHolderOfTheirTime(t *testing.T) {
	r := newRig(t, nil)
	r.send(batch(0, "", gauge("hw.power", of(1), 1)))
	r.says(0, pods(1, "a"), nil)
	r.says(20, pods(1, "b"), nil)
	require.Equal(t, []string{"hw.power{gpu=1 " + podA + "} 1 at 19"}, r.send(batch(19, "", gauge("hw.power", of(1), 1))))
}

func TestOtherTypesOfDataPassUnchanged(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	md := batch(10, "", counter("delta", of(1), 5), counter("up_down", of(1), 5), counter("histogram", of(1), 5), counter("stale", of(1), 0.))
	metrics := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	metrics.At(0).Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	metrics.At(1).Sum().SetIsMonotonic(false)
	metrics.At(2).SetEmptyHistogram().DataPoints().AppendEmpty().Attributes().PutStr(attrID, kubelettest.GPU(1))
	metrics.At(3).Sum().DataPoints().At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	require.Equal(t, []string{
		"delta{gpu=1 " + podA + "} 5 at 10 since 0",
		"up_down{gpu=1 " + podA + "} 5 at 10 since 0",
		"stale{gpu=1 " + podA + "} 0 at 10 since 0",
	}, r.send(md))
	require.Equal(t, 1, r.sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(2).Histogram().DataPoints().At(0).Attributes().Len())
}

// A page of dcgm-exporter, as a prometheus receiver gives it.
func TestSeriesOfDCGMExporterAreAttributedByTheirLabels(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.Attributes = styleDCGMExporter })
	number := holders.NumberRef("3")
	r.says(0, held{}, held{
		number:               {{Holder: holders.Holder{Job: holders.Job{ID: "17", User: "alice"}}, Kind: holders.Exclusive, Shares: 1}},
		number.Instance("2"): {{Holder: holders.Holder{Job: holders.Job{ID: "18"}}, Kind: holders.MIG, Shares: 1}},
	})
	labels := "gpu=3 UUID=" + kubelettest.GPU(3) + " device=nvidia3 Hostname=gpu-017"
	require.Equal(t, []string{
		"DCGM_FI_DEV_GPU_UTIL{GPU_I_ID=2 Hostname=gpu-017 UUID=" + kubelettest.GPU(3) + " device=nvidia3 gpu=3 hpc_job=18} 50 at 10",
		"DCGM_FI_DEV_GPU_UTIL{Hostname=gpu-017 UUID=" + kubelettest.GPU(3) + " device=nvidia3 gpu=3 hpc_job=17} 99 at 10",
	}, r.send(batch(10, "", gauge("DCGM_FI_DEV_GPU_UTIL", labels+" GPU_I_ID=2", 50), gauge("DCGM_FI_DEV_GPU_UTIL", labels, 99))))
	link := "gpu=3 gpu_uuid=" + kubelettest.GPU(3) + " nvlink=1"
	require.Equal(t, []string{
		"DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX{nvlink=1 nvswitch=nvswitch0} 3 at 20",
		"DCGM_FI_DEV_NVLINK_TX_THROUGHPUT_PER_LINK{gpu=3 gpu_uuid=" + kubelettest.GPU(3) + " hpc_job=17 nvlink=1} 4 at 20",
	}, r.send(batch(20, "", gauge("DCGM_FI_DEV_NVSWITCH_LINK_THROUGHPUT_TX", "nvlink=1 nvswitch=nvswitch0", 3), gauge("DCGM_FI_DEV_NVLINK_TX_THROUGHPUT_PER_LINK", link, 4))))
}

func TestNumbersAndNamesAreLearnedFromGPUInfo(t *testing.T) {
	r := newRig(t, nil)
	job := holders.Holding{Holder: holders.Holder{Job: holders.Job{ID: "17", User: "alice", Account: "ml", Partition: "h100"}}, Kind: holders.Exclusive, Shares: 1}
	r.says(0, held{}, held{holders.NumberRef("6"): {job}})
	require.Equal(t, []string{
		"a.first{gpu=1 slurm.job.account=ml slurm.job.id=17 slurm.job.partition=h100 slurm.job.user=alice} 1 at 10",
		"gpu.info{dcgm.gpu.id=6 gpu=1 hw.name=nvidia5} 1 at 10",
	}, r.send(batch(10, "", gauge("a.first", of(1), 1), gauge("gpu.info", of(1)+" dcgm.gpu.id=6 hw.name=nvidia5", 1))))
}

func TestDataOfOtherNodesIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		resource, labels string
		mine             bool
	}{
		"no name":                    {"", "", true},
		"this node":                  {"host.name=gpu-017", "", true},
		"its name with a domain":     {"host.name=gpu-017.example.com", "", true},
		"one of its names":           {"host.name=pod-1 k8s.node.name=gpu-017", "", true},
		"another node":               {"host.name=gpu-018", "", false},
		"another node of Kubernetes": {"k8s.node.name=gpu-018", "", false},
		"a page of another node":     {"", " Hostname=gpu-018", false},
		"a new page of another node": {"", " hostname=gpu-018", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.says(0, pods(1, "a"), nil)
			gpu := of(1)
			if tt.labels != "" {
				gpu = "UUID=" + kubelettest.GPU(1)
			}
			r.send(batch(10, tt.resource, gauge("hw.power", gpu+tt.labels, 1)))
			point := r.sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
			_, has := point.Attributes().Get("k8s.pod.name")
			require.Equal(t, tt.mine, has)
			record := r.log(10, tt.resource, gpu+tt.labels)
			if tt.labels == "" {
				require.Equal(t, tt.mine, record["k8s.pod.name"] == "a")
			}
		})
	}
}

func TestEventsHaveTheHolderOfTheirTime(t *testing.T) {
	r := newRig(t, nil)
	r.send(batch(1, "", gauge("gpu.info", of(1)+" gpu.pci.bus_id=00000000:3B:00.0", 1)))
	r.says(10, pods(1, "a"), nil)
	r.says(20, pods(1, "b"), nil)
	require.Equal(t, "a", r.log(19, "", of(1)+" gpu.xid.code=79")["k8s.pod.name"])
	require.Equal(t, "b", r.log(20, "", of(1)+" gpu.xid.code=79")["k8s.pod.name"])
	require.NotContains(t, r.log(9, "", of(1)), "k8s.pod.name")

	kernel := r.log(19, "", "gpu.pci.bus_id=0000:3b:00")
	require.Equal(t, "a", kernel["k8s.pod.name"], "an event of the kernel names the GPU by its address")
	require.Equal(t, kubelettest.GPU(1), kernel["hw.id"])
	require.NotContains(t, r.log(19, "", "gpu.pci.bus_id=0000:3c:00"), "hw.id")
	require.Equal(t, map[string]any{"message": "hello"}, r.log(19, "", "message=hello"))
}

func TestStateIsFreeAllocatedOrUnknown(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocationState.Enabled = true })
	state := func(second float64) []string {
		return r.send(batch(second, "", gauge("hw.power", of(1), 1)))[1:]
	}
	line := func(status, set, second string) string {
		return "gpu.allocation.state{gpu.allocation.state=" + status + " gpu=1} " + set + " at " + second
	}
	require.Equal(t, []string{line("allocated", "0", "1"), line("free", "0", "1"), line("unknown", "1", "1")}, state(1))
	r.says(2, held{}, nil)
	require.Equal(t, []string{line("allocated", "0", "3"), line("free", "1", "3"), line("unknown", "0", "3")}, state(3))
	r.says(4, pods(1, "a"), nil)
	require.Equal(t, []string{line("allocated", "1", "5"), line("free", "0", "5"), line("unknown", "0", "5")}, state(5))
}

func TestAllocationTimeIsDividedByShares(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocationTime.Enabled = true })
	send := func(second float64) []string { return r.send(batch(second, "", gauge("hw.power", of(1), 1)))[1:] }
	r.says(0, held{}, nil)
	require.Empty(t, send(10))
	r.says(12, pods(1, "a"), nil)
	require.Equal(t, []string{"gpu.allocation.time{gpu=1 " + podA + "} 8 at 20 since 12"}, send(20))
	r.says(20, pods(1, "a", "b"), nil)
	require.Equal(t, []string{
		"gpu.allocation.time{gpu=1 " + podA + "} 13 at 30 since 12",
		"gpu.allocation.time{gpu=1 k8s.container.name=main k8s.namespace.name=ml k8s.pod.name=b} 5 at 30 since 20",
	}, send(30))
}

func TestIdleTimeCountsWhatLastsLongerThanItMay(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.MetricsBuilderConfig.Metrics.GpuIdleTime.Enabled = true
		cfg.Idle = IdleConfig{Utilization: 0.05, After: 20 * time.Second}
	})
	r.says(0, pods(1, "a"), nil)
	send := func(second, utilization float64) []string {
		return r.send(batch(second, "", gauge("hw.gpu.utilization", of(1)+" hw.gpu.task=general", utilization)))[1:]
	}
	line := func(value, second string) []string {
		return []string{"gpu.idle.time{gpu=1 " + podA + "} " + value + " at " + second + " since 10"}
	}
	require.Equal(t, line("0", "10"), send(10, 0.9))
	require.Equal(t, line("0", "20"), send(20, 0.05))
	require.Equal(t, line("0", "30"), send(30, 0))
	require.Equal(t, line("5", "45"), send(45, 0), "from 40 on it has been idle for 20 s")
	require.Equal(t, line("15", "55"), send(55, 0))
	require.Equal(t, line("15", "60"), send(60, 0.06))
	r.says(62, held{}, nil)
	send(70, 0)
	send(100, 0)
	r.says(110, pods(1, "b"), nil)
	require.Equal(t, "gpu.idle.time{gpu=1 k8s.container.name=main k8s.namespace.name=ml k8s.pod.name=b} 0 at 120 since 110", send(120, 0)[0],
		"nobody's idle time is not the new holder's")
}

func TestBusyGPUsThatTakeNoPowerAreStalled(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.MetricsBuilderConfig.Metrics.GpuStalled.Enabled = true
		cfg.Stalled = StalledConfig{Utilization: 0.95, Power: 0.3, After: 20 * time.Second}
	})
	r.says(0, pods(1, "a"), nil)
	send := func(second, utilization, power float64) string {
		lines := r.send(batch(second, "", gauge("hw.gpu.utilization", of(1)+" hw.gpu.task=general", utilization), gauge("hw.power", of(1), power),
			gauge("gpu.power.limit", of(1)+" gpu.power.limit.type=enforced", 700), gauge("gpu.power.limit", of(1)+" gpu.power.limit.type=min", 100)))
		return lines[len(lines)-1]
	}
	line := "gpu.stalled{gpu=1 " + podA + "} "
	require.Equal(t, line+"0 at 10", send(10, 1, 650))
	require.Equal(t, line+"0 at 20", send(20, 1, 150))
	require.Equal(t, line+"0 at 30", send(30, 1, 150))
	require.Equal(t, line+"1 at 40", send(40, 1, 210))
	require.Equal(t, line+"0 at 50", send(50, 1, 211))
	require.Equal(t, line+"0 at 60", send(60, 0.9, 100))
	r.says(65, held{}, nil)
	require.NotContains(t, send(70, 1, 100), "gpu.stalled", "nobody's GPU is not stalled")
}

func TestDerivedMetricsAreWhatMetadataSays(t *testing.T) {
	text, err := os.ReadFile("metadata.yaml")
	require.NoError(t, err)
	var file struct {
		Metrics map[string]struct {
			Description, Unit string
			Sum               *struct{ Monotonic bool }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, derivedMetrics, len(file.Metrics))
	for name, m := range file.Metrics {
		want := derived{name: name, description: m.Description, unit: m.Unit, sum: m.Sum != nil, monotonic: m.Sum != nil && m.Sum.Monotonic}
		require.Equal(t, want, *derivedMetrics[name])
	}
}
