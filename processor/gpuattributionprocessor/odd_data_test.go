// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

func TestSumsOfDifferentResourcesAndScopesAreDifferentSums(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, held{}, nil)
	send := func(second, one, two, three float64) []string {
		md := batch(second, "service.instance.id=one", counter("hw.energy", of(1), one))
		batch(second, "service.instance.id=two", counter("hw.energy", of(1), two)).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		batch(second, "", counter("hw.energy", of(1), three)).ResourceMetrics().At(0).ScopeMetrics().MoveAndAppendTo(md.ResourceMetrics().At(0).ScopeMetrics())
		md.ResourceMetrics().At(0).ScopeMetrics().At(1).Scope().SetName("another")
		return r.send(md)
	}
	for second := 10.; second < 40; second += 10 {
		require.Equal(t, []string{
			fmt.Sprintf("hw.energy{gpu=1} %v at %v since 0", second, second),
			fmt.Sprintf("hw.energy{gpu=1} %v at %v since 0", 3*second, second),
			fmt.Sprintf("hw.energy{gpu=1} %v at %v since 0", 2*second, second),
		}, send(second, second, 2*second, 3*second))
	}
}

// points are those of a batch's first metric.
func points(md pmetric.Metrics) pmetric.NumberDataPointSlice {
	m := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0)
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

func TestASampleOfAClockThatIsAheadCostsNoOtherItsSeries(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	send := func(gpu int, at time.Time, value float64) pmetric.NumberDataPoint {
		md := batch(0, "", counter("hw.energy", of(gpu), value))
		points(md).At(0).SetTimestamp(pcommon.NewTimestampFromTime(at))
		require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), md))
		return points(md).At(0)
	}
	begin := time.Now()
	send(1, begin.Add(-time.Second), 1000)
	require.WithinRange(t, send(2, begin.AddDate(1, 0, 0), 5).Timestamp().AsTime(), begin, time.Now().Add(ahead))
	for i := range 2 * sweepEvery {
		send(3, begin, float64(i))
	}
	require.InDelta(t, 50, send(1, time.Now(), 1050).DoubleValue(), 0)

	send(1, begin.AddDate(1, 0, 0), 1060)
	time.Sleep(time.Millisecond)
	require.InDelta(t, 70, send(1, time.Now(), 1070).DoubleValue(), 0, "nor its own")
}

func TestAPointWithoutATimeIsOfNow(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = true })
	r.says(0, pods(1, "a"), nil)
	md := batch(0, "", gauge("hw.power", of(1), 1))
	points(md).At(0).SetTimestamp(0)
	begin := time.Now()
	lines := r.send(md)
	require.Contains(t, lines[0], podA)
	derived := r.sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(1).Metrics().At(0).Sum().DataPoints().At(0)
	require.WithinRange(t, derived.Timestamp().AsTime(), begin, time.Now())
}

func TestAGPUWithoutReadingsIsNeitherStalledNorIdle(t *testing.T) {
	busy := func() []value {
		return []value{
			gauge("hw.gpu.utilization", of(1)+" hw.gpu.task=general", 1), gauge("hw.power", of(1), 100),
			gauge("gpu.power.limit", of(1)+" gpu.power.limit.type=enforced", 700),
		}
	}
	for name, tt := range map[string]struct {
		gap  func(r *rig) []string
		want string // of gpu.stalled
	}{
		"other data alone": {func(r *rig) []string {
			return r.send(batch(700, "", gauge("hw.temperature", of(1), 50)))
		}, ""},
		"stale markers": {func(r *rig) []string {
			r.send(batch(390, "", gauge("hw.temperature", of(1), 50)))
			md := batch(400, "", busy()...)
			points(md).At(0).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
			points(md).At(0).SetDoubleValue(0)
			return r.send(md)
		}, "} 1 at 400"},
		"a gap": {func(r *rig) []string { return r.send(batch(700, "", busy()...)) }, "} 0 at 700"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) {
				cfg.MetricsBuilderConfig.Metrics.GpuStalled.Enabled = true
				cfg.MetricsBuilderConfig.Metrics.GpuIdleTime.Enabled = true
				cfg.Idle, cfg.Stalled.After = IdleConfig{Utilization: 1, After: 20 * time.Second}, 20*time.Second
			})
			r.says(0, pods(1, "a"), nil)
			for second := 310.; second < 390; second += 20 {
				r.send(batch(second, "", busy()...))
			}
			lines := tt.gap(r)
			stalled, idle := "", ""
			for _, line := range lines {
				if strings.HasPrefix(line, "gpu.stalled") {
					stalled = line
				}
				if strings.HasPrefix(line, "gpu.idle.time") {
					idle = line
				}
			}
			require.Equal(t, tt.want == "", stalled == "", stalled)
			require.Contains(t, stalled, tt.want)
			require.Contains(t, idle, "} 40 at ", "time of which nothing is known is not idle")
		})
	}
}

func TestDerivedMetricsComeOnceForAGPUAndTime(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = true })
	r.says(0, pods(1, "a"), nil)
	both := func(second float64, first, last string) int {
		md := batch(second, "service.name=events", counter("kernel.gpu.xids", of(1), 1))
		batch(second+1, first, gauge("hw.power", of(1), 1)).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		batch(second+2, last, gauge("hw.temperature", of(1), 1)).ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		return strings.Count(strings.Join(r.send(md), "\n"), "gpu.allocation{")
	}
	both(10, "service.name=dcgm", "service.name=other")
	require.Equal(t, 1, both(20, "service.name=dcgm", "service.name=other"), "of two resources that have its data")
	both(20, "service.name=dcgm", "service.name=other") // The other resource's data was newer.
	require.Equal(t, 0, both(20, "service.name=dcgm", "service.name=other"), "of one time")
}

func TestContainersOfOnePodAreOneHolderOfTheSeries(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = true })
	ref := holders.UUIDRef(kubelettest.GPU(1))
	container := func(name string) holders.Holding {
		return holders.Holding{Holder: holders.Holder{Namespace: "ml", Pod: "a", Container: name}, Kind: holders.Timeslice, Shares: 1}
	}
	claimed := func(name string) holders.Holding {
		h := container(name)
		h.Kind, h.Claim = holders.DRA, holders.Claim{Name: "one"}
		return h
	}
	r.says(0, held{ref: {container("main"), container("side")}}, nil)
	lines := r.send(batch(10, "", gauge("hw.power", of(1), 1), counter("hw.energy", of(1), 5.)))
	require.Equal(t, "hw.power{gpu=1 k8s.namespace.name=ml k8s.pod.name=a} 1 at 10", lines[0])
	require.Equal(t, "hw.energy{gpu=1 k8s.namespace.name=ml k8s.pod.name=a} 0 at 10 since 10", lines[1])
	require.Len(t, lines, 4, "and two holders of shares")
	r.says(15, held{ref: {claimed("main"), claimed("side")}}, nil)
	lines = r.send(batch(20, "", gauge("hw.power", of(1), 1)))
	require.Equal(t, []string{
		"hw.power{gpu=1 k8s.namespace.name=ml k8s.pod.name=a k8s.resourceclaim.name=one} 1 at 20",
		"gpu.allocation{gpu.allocation.kind=dra gpu.allocation.share_count=1 gpu.allocation.shares=1 gpu=1 k8s.namespace.name=ml k8s.pod.name=a k8s.resourceclaim.name=one} 1 at 20",
	}, lines)
}

func TestLabelsOfAPodTakeNoOtherAttributesPlace(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.Attributes = styleDCGMExporter })
	labels := holders.EncodeLabels(map[string]string{"UUID": "x", "pod": "y", "gpu": "7", "a.b": "first", "a_b": "second", "app": "train"})
	r.says(0, held{holders.UUIDRef(kubelettest.GPU(1)): {{
		Holder: holders.Holder{Namespace: "ml", Pod: "a", Container: "main", Labels: labels}, Kind: holders.Exclusive, Shares: 1,
	}}}, nil)
	uuid := "UUID=" + kubelettest.GPU(1)
	require.Equal(t, []string{"hw.power{" + uuid + " a_b=first app=train container=main gpu=1 namespace=ml pod=a} 1 at 10"},
		r.send(batch(10, "", gauge("hw.power", uuid+" gpu=1", 1))))
}

func TestIDsThatNobodyKnowsAreBounded(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	require.Contains(t, r.send(batch(10, "", gauge("hw.power", of(1), 1)))[0], podA)
	for i := range 3000 {
		r.sink.Reset()
		require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), batch(10, "", gauge("hw.power", fmt.Sprintf("hw.id=GPU-%d", i), 1))))
		r.log(10, "", fmt.Sprintf("hw.id=MIG-%d", i))
	}
	require.Contains(t, r.send(batch(20, "", gauge("hw.power", of(1), 1)))[0], podA)
	require.LessOrEqual(t, len(r.metrics.(*metricsProcessor).ledgers.tracks), 1024)
}

func TestAParentThatIsNoGPUIsNone(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	require.Contains(t, r.send(batch(10, "", gauge("hw.power", of(1)+" hw.parent=node-0", 1)))[0], "k8s.pod.name=a")
	require.Nil(t, r.shared().book.Find("node-0", ""))
}

func TestNamesOfThisNodeAreComparedWithoutCase(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, pods(1, "a"), nil)
	require.Contains(t, r.send(batch(10, "host.name=GPU-017.Example.com", gauge("hw.power", of(1), 1)))[0], podA)
}
