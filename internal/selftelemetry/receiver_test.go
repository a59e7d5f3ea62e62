// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"context"
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
	r := NewReceiver(tel.NewTelemetrySettings(), dcgmID, "watch")
	e := NewExporter(tel.NewTelemetrySettings(), dcgmID)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		r.IncError("watch")
		r.IncEmissions(1)
		r.ObserveLatency(time.Millisecond)
		r.SetDegraded(false)
		r.MarkActivity()
		e.IncCallSuccess()
		e.IncCallFailure(KindDownstream)
	}))
}

func BenchmarkReceiver(b *testing.B) {
	tel := componenttest.NewTelemetry()
	r := NewReceiver(tel.NewTelemetrySettings(), dcgmID)
	b.ReportAllocs()
	for b.Loop() {
		r.IncEmissions(1)
		r.ObserveLatency(time.Millisecond)
		r.SetDegraded(false)
		r.MarkActivity()
	}
}
