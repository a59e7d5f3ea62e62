// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/internal/metadatatest"
)

var dcgmID = component.MustNewIDWithName("dcgm", "rack2")

func idSet(attrs ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(attrs, attribute.String("component_id", "dcgm/rack2"))...)
}

func TestReceiverReportsThroughTheMeterProvider(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	r := NewReceiver(tel.NewTelemetrySettings(), dcgmID, "watch")
	defer r.Shutdown()

	r.IncError(KindRead)
	r.IncError("watch")
	r.IncError("undeclared")
	r.IncEmissions(3)
	r.IncEmissions(-7)
	r.ObserveLatency(200 * time.Microsecond)
	r.ObserveLatency(2 * time.Second)

	metadatatest.AssertEqualReceiverErrorsTotal(t, tel, []metricdata.DataPoint[int64]{
		{Attributes: idSet(attribute.String("kind", "read")), Value: 1},
		{Attributes: idSet(attribute.String("kind", "watch")), Value: 1},
		{Attributes: idSet(attribute.String("kind", "undeclared")), Value: 1},
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualReceiverEmissionsTotal(t, tel, []metricdata.DataPoint[int64]{{Attributes: idSet(), Value: 3}}, metricdatatest.IgnoreTimestamp())

	m, err := tel.GetMetric("tracecore.receiver.collection_latency_seconds")
	require.NoError(t, err)
	point := m.Data.(metricdata.Histogram[float64]).DataPoints[0]
	require.InDelta(t, 2.0002, point.Sum, 1e-9)
	require.Equal(t, []uint64{1, 1}, nonZero(point.BucketCounts), "200 µs and 2 s land in different buckets")
}

func nonZero(counts []uint64) []uint64 {
	var out []uint64
	for _, n := range counts {
		if n != 0 {
			out = append(out, n)
		}
	}
	return out
}

func TestReceiverDegradedTimeIncludesTheOpenInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		r := NewReceiver(tel.NewTelemetrySettings(), dcgmID)
		for _, step := range []struct {
			degraded bool
			want     float64
		}{
			{degraded: true, want: 10},
			{degraded: true, want: 20},
			{degraded: false, want: 20},
			{degraded: false, want: 20},
			{degraded: true, want: 30},
			{degraded: false, want: 30},
			{degraded: true, want: 40},
			{degraded: false, want: 40},
		} {
			r.SetDegraded(step.degraded)
			time.Sleep(10 * time.Second)
			metadatatest.AssertEqualReceiverDegradedSecondsTotal(t, tel,
				[]metricdata.DataPoint[float64]{{Attributes: idSet(), Value: step.want}}, metricdatatest.IgnoreTimestamp())
		}
	})
}

func TestReceiverLastActivityStartsAtConstruction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tel := componenttest.NewTelemetry()
		r := NewReceiver(tel.NewTelemetrySettings(), dcgmID)
		lastActivity := func(want int64) {
			metadatatest.AssertEqualReceiverLastActivityUnixSeconds(t, tel,
				[]metricdata.DataPoint[int64]{{Attributes: idSet(), Value: want}}, metricdatatest.IgnoreTimestamp())
		}
		built := time.Now().Unix()
		time.Sleep(time.Minute)
		lastActivity(built)
		r.IncError(KindRead)
		r.IncEmissions(1)
		r.ObserveLatency(time.Second)
		r.SetDegraded(true)
		r.SetDegraded(false)
		lastActivity(built) // None of these is a success.
		r.MarkActivity()
		lastActivity(built + 60)
	})
}

func TestReceiverIsSilentAfterShutdown(t *testing.T) {
	tel := componenttest.NewTelemetry()
	r := NewReceiver(tel.NewTelemetrySettings(), dcgmID)
	r.Shutdown()
	r.Shutdown()
	_, err := tel.GetMetric("tracecore.receiver.last_activity_unix_seconds")
	require.Error(t, err)
}

func TestReceiversShareOneProvider(t *testing.T) {
	tel := componenttest.NewTelemetry()
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			r := NewReceiver(tel.NewTelemetrySettings(), component.MustNewIDWithName("clock", name))
			r.IncEmissions(1)
			r.SetDegraded(true)
		})
	}
	wg.Wait()
	m, err := tel.GetMetric("tracecore.receiver.emissions_total")
	require.NoError(t, err)
	require.Len(t, m.Data.(metricdata.Sum[int64]).DataPoints, 4)
	m, err = tel.GetMetric("tracecore.receiver.degraded_seconds_total")
	require.NoError(t, err)
	require.Len(t, m.Data.(metricdata.Sum[float64]).DataPoints, 4)
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	tel := componenttest.NewTelemetry()
	for name, call := range hotPaths(tel.NewTelemetrySettings()) {
		require.Zero(t, testing.AllocsPerRun(100, call), name)
	}
}

// A component calls these from its own loop while a reader collects: nothing of ours may make
// one wait for the other, not even while the clock of degraded time is being read.
func TestHotPathsTakeNoLock(*testing.T) {
	tel := componenttest.NewTelemetry()
	r := NewReceiver(tel.NewTelemetrySettings(), dcgmID).(*receiver)
	e := NewExporter(tel.NewTelemetrySettings(), dcgmID)
	r.degraded.mu.Lock()
	defer r.degraded.mu.Unlock()
	r.IncError(KindRead)
	r.IncEmissions(1)
	r.ObserveLatency(time.Millisecond)
	r.SetDegraded(false) // unchanged
	r.MarkActivity()
	e.IncCallSuccess()
	e.IncCallFailure(KindDownstream)
}

// Components start, report, are read and stop all at the same time.
func TestConcurrentRegistrationAndCollection(t *testing.T) {
	tel := componenttest.NewTelemetry()
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			id := component.MustNewIDWithName("clock", strconv.Itoa(i))
			for range 20 {
				r := NewReceiver(tel.NewTelemetrySettings(), id)
				e := NewExporter(tel.NewTelemetrySettings(), id)
				r.SetDegraded(true)
				r.IncEmissions(1)
				e.IncCallSuccess()
				r.Shutdown()
			}
		})
	}
	for range 20 {
		wg.Go(func() { require.NoError(t, tel.Reader.Collect(context.Background(), &metricdata.ResourceMetrics{})) })
	}
	wg.Wait()
	for _, name := range []string{"tracecore.receiver.emissions_total", "tracecore.exporter.calls_total"} {
		m, err := tel.GetMetric(name)
		require.NoError(t, err)
		points := m.Data.(metricdata.Sum[int64]).DataPoints
		require.Len(t, points, 16)
		for _, point := range points {
			require.EqualValues(t, 20, point.Value)
		}
	}
	_, err := tel.GetMetric("tracecore.receiver.degraded_seconds_total")
	require.Error(t, err, "who has shut down does not report")
}

// hotPaths are what a component calls all the time.
func hotPaths(set component.TelemetrySettings) map[string]func() {
	r, e := NewReceiver(set, dcgmID, "watch"), NewExporter(set, dcgmID)
	return map[string]func(){
		"IncError":                func() { r.IncError("watch") },
		"IncEmissions":            func() { r.IncEmissions(1) },
		"ObserveLatency":          func() { r.ObserveLatency(time.Millisecond) },
		"SetDegraded/unchanged":   func() { r.SetDegraded(false) },
		"MarkActivity":            func() { r.MarkActivity() },
		"Exporter.IncCallSuccess": func() { e.IncCallSuccess() },
		"Exporter.IncCallFailure": func() { e.IncCallFailure(KindDownstream) },
	}
}

func BenchmarkHotPath(b *testing.B) {
	paths := hotPaths(componenttest.NewTelemetry().NewTelemetrySettings())
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				paths[name]()
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					paths[name]()
				}
			})
		})
	}
}
