// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// exporterFields are the fields of dcgm-exporter's default counters that hold numbers, but
// for XIDs and vGPU licences, and exporterMetrics are the metrics that say the same here, from 24 fields.
var (
	exporterFields = []godcgm.Short{
		100, 101, 140, 150, 155, 156, 202, 203, 204, 206, 207, 251, 252, 253, 393, 394, 395, 449, 1001, 1002, 1004, 1005, 1009, 1010,
	}
	exporterMetrics = []string{
		"gpu.clock.frequency", "hw.temperature", "hw.power", "hw.energy", "gpu.pcie.replays", "gpu.utilization.sampled",
		"hw.gpu.utilization", "gpu.memory.bandwidth.utilization", "gpu.memory.usage", "gpu.sm.utilization",
		"gpu.memory.rows.remapped", "gpu.memory.rows.remap.failed", "hw.gpu.io", "gpu.nvlink.io",
	}
)

// only switches all metrics off but some. A nil list leaves all on.
func only(names []string) func(*Config) {
	return func(cfg *Config) {
		setEnabled(cfg, func(name string) bool { return names == nil || slices.Contains(names, name) })
	}
}

// node is a scenario of n identical GPUs.
func node(n int) string {
	var b strings.Builder
	b.WriteString("include models/h100.model\n")
	for i := range n {
		fmt.Fprintf(&b, "gpu %d model=h100 uuid=GPU-00000000-0000-0000-0000-%012d pci=00000000:%02X:00.0 serial=%d\n", i, i, i+1, i)
	}
	return b.String()
}

// processCPU returns the CPU time of this process, garbage collection and C included.
func processCPU(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// connected returns a receiver that has collected once and is not running.
func connected(b *testing.B, gpus int, change func(*Config)) *gpuReceiver {
	b.Helper()
	simtest.Start(b, node(gpus))
	return connectedTo(b, change)
}

// connectedTo is connected to a node that has started.
func connectedTo(b *testing.B, change func(*Config)) *gpuReceiver {
	b.Helper()
	heap := collectorHeap()
	b.Cleanup(func() { runtime.KeepAlive(heap) })
	cfg := createDefaultConfig().(*Config)
	change(cfg)
	r, err := newGPUReceiver(cfg, receivertest.NewNopSettings(metadata.Type))
	require.NoError(b, err)
	r.metrics = consumertest.NewNop()
	require.NoError(b, r.openJournal(b.Context(), componenttest.NewNopHost()))
	r.loop.Start(componenttest.NewNopHost())
	require.NoError(b, r.open())
	b.Cleanup(r.hangUp)
	r.connect(b.Context())
	require.NoError(b, r.linkErr)
	r.collectOnce(b.Context())
	return r
}

// cpuPerOp measures the CPU time of one call.
func cpuPerOp(b *testing.B, call func()) time.Duration {
	b.Helper()
	runtime.GC()
	const calls = 50
	before := processCPU(b)
	for range calls {
		call()
	}
	return (processCPU(b) - before) / calls
}

// collectorHeap is as much as a Collector has on its heap at rest. The collector of garbage
// runs each time that much has been allocated, and go-dcgm allocates 4 KB per value.
func collectorHeap() []byte { return make([]byte, 32<<20) }

// memory measures what one call allocates: bytes and allocations.
func memory(call func()) (size, allocations float64) {
	const calls = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / calls, float64(after.Mallocs-before.Mallocs) / calls
}

// BenchmarkCollect compares one collection, pushed to nobody, with the call of go-dcgm that
// reads its values. Both run on the same simulated library in turn.
func BenchmarkCollect(b *testing.B) {
	r := connected(b, 8, only(exporterMetrics))
	var entities []godcgm.GroupEntityPair
	for i := range uint(8) {
		entities = append(entities, godcgm.GroupEntityPair{EntityGroupId: godcgm.FE_GPU, EntityId: i})
	}
	var ours, bare time.Duration
	collect := func() { r.collectOnce(context.Background()) }
	for b.Loop() {
		ours += cpuPerOp(b, collect)
		bare += cpuPerOp(b, func() {
			_, err := godcgm.EntitiesGetLatestValues(entities, exporterFields, 0)
			require.NoError(b, err)
		})
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "collect-cpu-µs")
	b.ReportMetric(float64(bare.Microseconds())/float64(b.N), "bare-cpu-µs")
	b.ReportMetric(float64(ours)/float64(bare), "x-bare-call")
	size, allocations := memory(collect)
	b.ReportMetric(size/1e3, "collect-KB")
	b.ReportMetric(allocations, "collect-allocs")
}

// spent is what some calls have cost.
type spent struct {
	cpu               time.Duration
	size, allocations uint64
}

func (s *spent) on(b *testing.B, call func()) {
	b.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := processCPU(b)
	call()
	s.cpu += processCPU(b) - cpu
	runtime.ReadMemStats(&after)
	s.size, s.allocations = s.size+after.TotalAlloc-before.TotalAlloc, s.allocations+after.Mallocs-before.Mallocs
}

// BenchmarkCollectOverTime has an interval pass on the node before every collection, so that what is sampled once a
// minute and what is read as a history has its share.
func BenchmarkCollectOverTime(b *testing.B) {
	for _, run := range []struct {
		name   string
		change func(*Config)
	}{
		{"default metrics", func(*Config) {}},
		{"default metrics, each value once", func(cfg *Config) { cfg.RepeatUnchanged = false }},
		{"all metrics", only(nil)},
	} {
		b.Run(run.name, func(b *testing.B) {
			sim := simtest.StartAt(b, node(8), time.Now())
			r := connectedTo(b, run.change)
			sink := &consumertest.MetricsSink{}
			r.metrics = sink
			var s spent
			points, now := 0, time.Now()
			for b.Loop() {
				for range 40 {
					sim.Advance(defaultCollectionInterval)
					now = now.Add(defaultCollectionInterval)
					s.on(b, func() { r.deliver(b.Context(), r.collection(b.Context(), now)) })
				}
				points += sink.DataPointCount()
				sink.Reset()
			}
			n := float64(40 * b.N)
			b.ReportMetric(float64(s.cpu.Microseconds())/n, "cpu-µs")
			b.ReportMetric(float64(s.size)/n/1e3, "KB")
			b.ReportMetric(float64(s.allocations)/n, "allocs")
			b.ReportMetric(float64(points)/n, "points")
			b.ReportMetric(float64(s.allocations)/float64(points), "allocs/point")
		})
	}
}

// BenchmarkViews shows what dcgm-exporter's view with its default counters adds to a collection of the default metrics. The runs
// alternate, so that a busy machine slows all of them.
func BenchmarkViews(b *testing.B) {
	runs := []struct {
		name  string
		views []string
		*gpuReceiver
		cpu time.Duration
	}{{name: "otel", views: []string{viewOTel}}, {name: "both", views: []string{viewOTel, viewDCGMExporter}}, {name: "dcgm_exporter", views: []string{viewDCGMExporter}}}
	simtest.Start(b, node(8))
	for i := range runs {
		runs[i].gpuReceiver = connectedTo(b, func(cfg *Config) { cfg.Views = runs[i].views })
	}
	for b.Loop() {
		for i := range runs {
			runs[i].cpu += cpuPerOp(b, func() { runs[i].collectOnce(context.Background()) })
		}
	}
	for i := range runs {
		b.ReportMetric(float64(runs[i].cpu.Microseconds())/float64(b.N), runs[i].name+"-cpu-µs")
	}
	b.ReportMetric(float64(runs[1].cpu)/float64(runs[0].cpu), "both/otel")
}

// BenchmarkNoEvents shows what reading XIDs costs while there are none, beside the one call that it takes.
func BenchmarkNoEvents(b *testing.B) {
	r := connected(b, 8, func(*Config) {})
	watch := r.collector.eventWatches(events.FieldXID)[0]
	read := func() { require.NoError(b, r.collector.readXIDs(context.Background())) }
	var ours, bare time.Duration
	for b.Loop() {
		ours += cpuPerOp(b, read)
		bare += cpuPerOp(b, func() {
			_, _, err := watch.Read(context.Background(), r.collector.src, time.Now())
			require.NoError(b, err)
		})
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "cpu-µs")
	b.ReportMetric(float64(bare.Microseconds())/float64(b.N), "bare-cpu-µs")
	size, allocations := memory(read)
	b.ReportMetric(size, "B")
	b.ReportMetric(allocations, "allocs")
}

// BenchmarkCollectGrowth shows how a collection grows with GPUs and with fields.
func BenchmarkCollectGrowth(b *testing.B) {
	for _, metrics := range []struct {
		name  string
		names []string
	}{
		{"exporter's metrics", exporterMetrics},
		{"all metrics", nil},
	} {
		for _, gpus := range []int{1, 2, 4, 8, 16} {
			b.Run(fmt.Sprintf("%s/GPUs=%d", metrics.name, gpus), func(b *testing.B) {
				r := connected(b, gpus, only(metrics.names))
				var cpu time.Duration
				for b.Loop() {
					cpu += cpuPerOp(b, func() { r.collectOnce(context.Background()) })
				}
				b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs")
				b.ReportMetric(float64(r.collector.watched), "fields")
			})
		}
	}
}

// faultMetrics are those of the faults of a GPU.
var faultMetrics = []string{
	"hw.errors", "gpu.ecc.errors", "gpu.ecc.sram.threshold_exceeded", "gpu.memory.unrepairable", "gpu.memory.rows.remapped", "gpu.memory.rows.remap.failed",
	"gpu.memory.rows.remap.pending", "gpu.memory.pages.retired", "gpu.memory.pages.pending", "gpu.recovery.action",
}

// BenchmarkFaultsEveryTime shows what it costs that faults of a GPU are read at every collection, with the default
// metrics.
func BenchmarkFaultsEveryTime(b *testing.B) {
	for name, t := range map[string]catalog.Tier{"every collection": catalog.Normal, "every minute": catalog.Slow} {
		b.Run(name, func(b *testing.B) {
			rows := catalog.Rows()
			for i := range rows {
				if slices.Contains(faultMetrics, rows[i].Name) {
					defer func(before catalog.Tier) { rows[i].Tier = before }(rows[i].Tier)
					rows[i].Tier = t
				}
			}
			r := connected(b, 8, func(*Config) {})
			var cpu time.Duration
			for b.Loop() {
				cpu += cpuPerOp(b, func() { r.collectOnce(context.Background()) })
			}
			b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs")
		})
	}
}

// BenchmarkHeapOverCollections shows that nothing grows with time: the heap after 10 000
// collections beside that after the first hundred.
func BenchmarkHeapOverCollections(b *testing.B) {
	r := connected(b, 8, func(*Config) {})
	for b.Loop() {
		early := heapAfter(r, 100)
		late := heapAfter(r, 10_000)
		b.ReportMetric(float64(early)/1e6, "heap-early-MB")
		b.ReportMetric(float64(late)/1e6, "heap-late-MB")
	}
}

func heapAfter(r *gpuReceiver, collections int) uint64 {
	for range collections {
		r.collectOnce(context.Background())
	}
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// setEnabled switches every metric by its name.
func setEnabled(cfg *Config, on func(name string) bool) {
	metrics := map[string]any{}
	for name := range maps.Keys(enabledOf(cfg.MetricsBuilderConfig.Metrics)) {
		metrics[name] = map[string]any{"enabled": on(name)}
	}
	if err := confmap.NewFromStringMap(map[string]any{"metrics": metrics}).Unmarshal(cfg); err != nil {
		panic(err)
	}
}
