// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/benchtest"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/restarts"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

// published returns every point of every gauge, by its name and attributes.
func published(t *testing.T, telemetry *componenttest.Telemetry) map[string]float64 {
	t.Helper()
	var collected metricdata.ResourceMetrics
	require.NoError(t, telemetry.Reader.Collect(t.Context(), &collected))
	points := map[string]float64{}
	add := func(name string, set attribute.Set, value float64) {
		points[name+"{"+set.Encoded(attribute.DefaultEncoder())+"}"] = value
	}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, p.Value)
				}
			}
		}
	}
	return points
}

func TestGaugesAreTheLastPass(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	builder, err := metadata.NewTelemetryBuilder(telemetry.NewTelemetrySettings())
	require.NoError(t, err)
	var state health.State
	var history restarts.History
	g := newGauges(&state)
	g.restarts = &history
	require.NoError(t, g.register(builder))
	require.Empty(t, published(t, telemetry), "nothing before the first pass")

	start := func(kind component.Kind, id string) *componentstatus.InstanceID {
		source, starting := componentstatus.NewInstanceID(component.MustNewID(id), kind), componentstatus.NewEvent(componentstatus.StatusStarting)
		history.Observe(source, starting)
		if kind != component.KindExtension {
			state.Observe(source, starting)
		}
		return source
	}
	for range 2 { // a start and a reload
		start(component.KindExtension, "health_slo")
		state.Observe(start(component.KindReceiver, "otlp"), componentstatus.NewEvent(componentstatus.StatusOK))
		state.Observe(start(component.KindReceiver, "dcgm"), componentstatus.NewRecoverableErrorEvent(nil))
		state.Observe(start(component.KindExporter, "otlp"), componentstatus.NewPermanentErrorEvent(nil))
	}

	g.publish(&sampling.View{
		At: time.Now(),
		Exporters: []sampling.Exporter{
			{ID: "otlp", Signal: "traces", FailureRate: 0.25, HasQueue: true, QueueRatio: 0.5, Stalled: true},
			{ID: "debug", Signal: "logs"},
		},
		Objectives: []sampling.Objective{
			{Name: "export", Indicator: "exporter_success_ratio", Target: 0.99, Current: 0.98, BudgetRemaining: -1, Known: true, BurnRates: []sampling.BurnRate{{Window: 5 * time.Minute, Rate: 3, BadPasses: 7}, {Window: time.Hour, Rate: 2}}},
			{Name: "unknown", Indicator: "receiver_freshness", Target: 0.99},
		},
	})
	require.Equal(t, map[string]float64{
		"tracecore.exporter.failure_rate{data_type=traces,exporter=otlp}":                         0.25,
		"tracecore.exporter.failure_rate{data_type=logs,exporter=debug}":                          0,
		"tracecore.exporter.stalled{data_type=traces,exporter=otlp}":                              1,
		"tracecore.exporter.stalled{data_type=logs,exporter=debug}":                               0,
		"tracecore.queue.depth_ratio{data_type=traces,exporter=otlp}":                             0.5,
		"tracecore.slo.target{indicator=exporter_success_ratio,objective=export}":                 0.99,
		"tracecore.slo.good_ratio{indicator=exporter_success_ratio,objective=export}":             0.98,
		"tracecore.slo.error_budget_remaining{indicator=exporter_success_ratio,objective=export}": -1,
		"tracecore.slo.bad_passes{indicator=exporter_success_ratio,objective=export,window=5m}":   7,
		"tracecore.slo.bad_passes{indicator=exporter_success_ratio,objective=export,window=1h}":   0,
		"tracecore.slo.burn_rate{indicator=exporter_success_ratio,objective=export,window=5m}":    3,
		"tracecore.slo.burn_rate{indicator=exporter_success_ratio,objective=export,window=1h}":    2,
		"tracecore.component.healthy{component_id=dcgm,component_kind=receiver}":                  0,
		"tracecore.component.healthy{component_id=otlp,component_kind=exporter}":                  0,
		"tracecore.component.healthy{component_id=otlp,component_kind=receiver}":                  1,
		"tracecore.component.restart_count_per_hour{component_id=dcgm,component_kind=receiver}":   1,
		"tracecore.component.restart_count_per_hour{component_id=otlp,component_kind=exporter}":   1,
		"tracecore.component.restart_count_per_hour{component_id=otlp,component_kind=receiver}":   1,
	}, published(t, telemetry))

	g.publish(&sampling.View{At: time.Now()})
	require.NotContains(t, fmt.Sprint(published(t, telemetry)), "exporter.failure_rate", "absent, not the last value")
	builder.Shutdown()
	require.Empty(t, published(t, telemetry))
}

func TestShortDuration(t *testing.T) {
	f := func(want string) {
		t.Helper()
		d, err := time.ParseDuration(want)
		require.NoError(t, err)
		require.Equal(t, want, shortDuration(d))
	}
	f("30s")
	f("5m")
	f("10m")
	f("1m30s")
	f("1h")
	f("1h30m")
	f("10h")
	f("1h0m10s")
	f("720h")
	f("100ms")
}

// countingObserver stands for the SDK's side of a callback, so that ours alone is measured.
type countingObserver struct {
	noop.Float64Observer
	observed int
}

//go:noinline // A real observer is not inlined either.
func (o *countingObserver) Observe(float64, ...metric.ObserveOption) { o.observed++ }

func viewOf(exporters int) *sampling.View {
	view := &sampling.View{At: time.Now()}
	for i := range exporters {
		view.Exporters = append(view.Exporters, sampling.Exporter{ID: "otlp_grpc/" + strconv.Itoa(i), Signal: "metrics", HasQueue: true})
	}
	return view
}

func failureRates(v *gaugeValues) []gaugeValue[float64] { return v.failureRate }

func TestCallbacksAllocateNothing(t *testing.T) {
	g := newGauges(&health.State{})
	g.publish(viewOf(100))
	callback, observer := g.floats(failureRates), &countingObserver{}
	require.Zero(t, testing.AllocsPerRun(100, func() { require.NoError(t, callback(context.Background(), observer)) }))
	require.Equal(t, 101*100, observer.observed)
}

// BenchmarkGaugeCallback is one callback: what is ours, and a reading of its instrument, most of
// which is the SDK's aggregation of each point.
func BenchmarkGaugeCallback(b *testing.B) {
	for _, exporters := range []int{1, 10, 100} {
		g := newGauges(&health.State{})
		g.publish(viewOf(exporters))
		b.Run("ours/"+strconv.Itoa(exporters), func(b *testing.B) {
			callback, observer, ctx := g.floats(failureRates), &countingObserver{}, b.Context()
			benchtest.ReportCPU(b)
			for b.Loop() {
				_ = callback(ctx, observer)
			}
			require.Zero(b, observer.observed%exporters)
		})
		b.Run("read/"+strconv.Itoa(exporters), func(b *testing.B) {
			telemetry := componenttest.NewTelemetry()
			builder, err := metadata.NewTelemetryBuilder(telemetry.NewTelemetrySettings())
			require.NoError(b, err)
			require.NoError(b, builder.RegisterExporterFailureRateCallback(g.floats(failureRates)))
			var collected metricdata.ResourceMetrics
			benchtest.ReportCPU(b)
			for b.Loop() {
				_ = telemetry.Reader.Collect(b.Context(), &collected)
			}
			require.Len(b, collected.ScopeMetrics[0].Metrics[0].Data.(metricdata.Gauge[float64]).DataPoints, exporters)
		})
	}
}

func BenchmarkPublish100Exporters(b *testing.B) {
	g, view := newGauges(&health.State{}), viewOf(100)
	benchtest.ReportCPU(b)
	for b.Loop() {
		g.publish(view)
	}
}
