// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtelemetry"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
	otelconf "go.opentelemetry.io/contrib/otelconf/v0.3.0"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/internal/telemetrysource"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// subject is a meter provider made by a factory.
type subject struct {
	telemetry.MeterProvider
	address string // of the configured Prometheus endpoint
	logs    *observer.ObservedLogs
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(tb, err)
	defer func() { require.NoError(tb, listener.Close()) }()
	return listener.Addr().(*net.TCPAddr).Port
}

func newSubject(tb testing.TB, factory telemetry.Factory, change func(*otelconftelemetry.Config, *telemetry.MeterSettings)) subject {
	tb.Helper()
	cfg := factory.CreateDefaultConfig().(*otelconftelemetry.Config)
	port := freePort(tb)
	cfg.Metrics.Readers[0].Pull.Exporter.Prometheus.Port = &port
	resource := pcommon.NewResource()
	resource.Attributes().PutStr("service.name", "otelcol-test")
	core, logs := observer.New(zapcore.DebugLevel)
	set := telemetry.MeterSettings{Settings: telemetry.Settings{Resource: &resource}, Logger: zap.New(core)}
	if change != nil {
		change(cfg, &set)
	}
	provider, err := factory.CreateMeterProvider(tb.Context(), set, cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, provider.Shutdown(context.WithoutCancel(tb.Context()))) })
	return subject{provider, "localhost:" + strconv.Itoa(port), logs}
}

func (s subject) source(tb testing.TB) telemetrysource.Source {
	tb.Helper()
	source, ok := telemetrysource.Find(s)
	require.True(tb, ok)
	return source
}

func (s subject) count(tb testing.TB, scope string, attributes ...attribute.KeyValue) {
	tb.Helper()
	counter, err := s.Meter(scope, metric.WithInstrumentationAttributes(attributes...)).Int64Counter("tracecore.test.calls_total", metric.WithUnit("{call}"))
	require.NoError(tb, err)
	counter.Add(tb.Context(), 3, metric.WithAttributes(attribute.String("hw.id", "0")))
}

// names returns what the source collects, by scope.
func names(tb testing.TB, source telemetrysource.Source) map[string][]string {
	tb.Helper()
	var collected metricdata.ResourceMetrics
	require.NoError(tb, source.Collect(tb.Context(), &collected))
	found := map[string][]string{}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[scope.Scope.Name] = append(found[scope.Scope.Name], m.Name)
		}
	}
	return found
}

func TestSourceReadsWhatTheEndpointShows(t *testing.T) {
	s := newSubject(t, NewFactory(), nil)
	s.count(t, "scope")
	require.Equal(t, map[string][]string{"scope": {"tracecore.test.calls_total"}}, names(t, s.source(t)))

	response, err := http.Get("http://" + s.address + "/metrics")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Contains(t, string(body), `tracecore_test_calls_total{hw_id="0"} 3`)
	require.Contains(t, string(body), `target_info{service_name="otelcol-test"} 1`)
	require.Zero(t, s.logs.Len())
}

func TestOtherScopesHaveNoSource(t *testing.T) {
	_, ok := newSubject(t, NewFactory(), nil).Meter("scope").(telemetrysource.Source)
	require.False(t, ok)
}

func TestCollectorsOfOneProcessDoNotMeet(t *testing.T) {
	one, other := newSubject(t, NewFactory(), nil), newSubject(t, NewFactory(), nil)
	one.count(t, "scope")
	require.Contains(t, page(t, one), "tracecore_test_calls_total")
	require.NotContains(t, page(t, other), "tracecore_test_calls_total")
}

// page is what the source's handler answers.
func page(t *testing.T, s subject) string {
	t.Helper()
	response := httptest.NewRecorder()
	s.source(t).Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	require.Equal(t, http.StatusOK, response.Code, response.Body.String())
	return response.Body.String()
}

func TestNamesHaveNoUnits(t *testing.T) {
	s := newSubject(t, NewFactory(), nil)
	histogram, err := s.Meter("scope").Float64Histogram("tracecore.test.latency", metric.WithUnit("s"))
	require.NoError(t, err)
	histogram.Record(t.Context(), 1)
	require.Contains(t, page(t, s), "tracecore_test_latency_count 1")
}

func TestResourceKeepsItsSchemaAndAttributes(t *testing.T) {
	schema := "https://opentelemetry.io/schemas/1.38.0"
	s := newSubject(t, NewFactory(), func(cfg *otelconftelemetry.Config, _ *telemetry.MeterSettings) { cfg.Resource.SchemaUrl = &schema })
	var collected metricdata.ResourceMetrics
	require.NoError(t, s.source(t).Collect(t.Context(), &collected))
	require.Equal(t, schema, collected.Resource.SchemaURL())
	require.Contains(t, collected.Resource.Attributes(), attribute.String("service.name", "otelcol-test"))
}

func TestAllButMetricsIsUpstreams(t *testing.T) {
	factory := NewFactory()
	cfg := factory.CreateDefaultConfig().(*otelconftelemetry.Config)
	set := telemetry.Settings{BuildInfo: component.BuildInfo{Command: "otelcol-test"}}
	resource, err := factory.CreateResource(t.Context(), set, cfg)
	require.NoError(t, err)
	name, _ := resource.Attributes().Get("service.name")
	require.Equal(t, "otelcol-test", name.AsString())

	set.Resource = &resource
	core, logs := observer.New(zapcore.InfoLevel)
	build := func(zap.Config, ...zap.Option) (*zap.Logger, error) { return zap.New(core), nil }
	logger, shutdown, err := factory.CreateLogger(t.Context(), telemetry.LoggerSettings{Settings: set, BuildZapLogger: build}, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, shutdown.Shutdown(context.WithoutCancel(t.Context()))) })
	logger.Info("written")
	require.Equal(t, 1, logs.Len())

	tracers, err := factory.CreateTracerProvider(t.Context(), telemetry.TracerSettings{Settings: set, Logger: logger}, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tracers.Shutdown(context.WithoutCancel(t.Context()))) })
	expected, err := otelconftelemetry.NewFactory().CreateTracerProvider(t.Context(), telemetry.TracerSettings{Settings: set, Logger: logger}, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, expected.Shutdown(context.WithoutCancel(t.Context()))) })
	require.IsType(t, expected, tracers)
}

// wrapped is what the service makes of a provider while a feature gate is on.
type wrapped struct{ metric.MeterProvider }

func TestSourceIsFoundBehindAWrapper(t *testing.T) {
	s := newSubject(t, NewFactory(), nil)
	_, ok := telemetrysource.Find(wrapped{s})
	require.True(t, ok)
	_, ok = telemetrysource.Find(newSubject(t, otelconftelemetry.NewFactory(), nil))
	require.False(t, ok, "upstream's factory has no source")
}

func TestLevelNoneKeepsTheSourceAndClosesTheEndpoint(t *testing.T) {
	s := newSubject(t, NewFactory(), func(cfg *otelconftelemetry.Config, _ *telemetry.MeterSettings) {
		cfg.Metrics.Level = configtelemetry.LevelNone
	})
	s.count(t, "scope")
	require.Equal(t, map[string][]string{"scope": {"tracecore.test.calls_total"}}, names(t, s.source(t)))
	_, err := net.Dial("tcp", s.address)
	require.ErrorContains(t, err, "connection refused")
	require.Equal(t, 1, s.logs.FilterMessage("Internal metrics telemetry disabled").Len())
}

func TestDefaultViewsApplyWithoutTouchingTheConfiguration(t *testing.T) {
	name := "dropped"
	views := []otelconf.View{{
		Selector: &otelconf.ViewSelector{MeterName: &name},
		Stream:   &otelconf.ViewStream{Aggregation: &otelconf.ViewStreamAggregation{Drop: otelconf.ViewStreamAggregationDrop{}}},
	}}
	var config *otelconftelemetry.Config
	s := newSubject(t, NewFactory(), func(cfg *otelconftelemetry.Config, set *telemetry.MeterSettings) {
		config = cfg
		set.DefaultViews = func(level configtelemetry.Level) []otelconf.View {
			require.Equal(t, configtelemetry.LevelNormal, level)
			return views
		}
	})
	s.count(t, "dropped")
	s.count(t, "kept")
	require.Equal(t, map[string][]string{"kept": {"tracecore.test.calls_total"}}, names(t, s.source(t)))
	require.Nil(t, config.Metrics.Views)
}

func TestConfiguredViewsTakeThePlaceOfDefaultOnes(t *testing.T) {
	name := "*"
	s := newSubject(t, NewFactory(), func(cfg *otelconftelemetry.Config, set *telemetry.MeterSettings) {
		cfg.Metrics.Views = []otelconf.View{}
		set.DefaultViews = func(configtelemetry.Level) []otelconf.View {
			return []otelconf.View{{
				Selector: &otelconf.ViewSelector{InstrumentName: &name},
				Stream:   &otelconf.ViewStream{Aggregation: &otelconf.ViewStreamAggregation{Drop: otelconf.ViewStreamAggregationDrop{}}},
			}}
		}
	})
	s.count(t, "scope")
	require.Equal(t, map[string][]string{"scope": {"tracecore.test.calls_total"}}, names(t, s.source(t)))
}

func TestNamesHaveUnderscoresWhateverTheClientAccepts(t *testing.T) {
	s := newSubject(t, NewFactory(), nil)
	s.count(t, "scope")
	for _, accept := range []string{
		"",
		"text/plain;version=0.0.4",
		"text/plain;version=1.0.0;escaping=allow-utf-8",
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8",
	} {
		request := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
		request.Header.Set("Accept", accept)
		response := httptest.NewRecorder()
		s.source(t).Handler().ServeHTTP(response, request)
		require.Equal(t, http.StatusOK, response.Code)
		require.Contains(t, response.Body.String(), "\ntracecore_test_calls_total{hw_id=\"0\"} 3", "Accept: %s", accept)
	}
}

func TestPanickingCallbackIsAnErrorOfTheRequestAlone(t *testing.T) {
	s := newSubject(t, NewFactory(), nil)
	s.count(t, "scope")
	reason := "oops"
	_, err := s.Meter("scope").Int64ObservableGauge("tracecore.test.broken", metric.WithInt64Callback(func(context.Context, metric.Int64Observer) error {
		if reason != "" {
			panic(reason)
		}
		return nil
	}))
	require.NoError(t, err)
	f := func(want string, code int) {
		t.Helper()
		response := httptest.NewRecorder()
		s.source(t).Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
		require.Equal(t, code, response.Code)
		require.Contains(t, response.Body.String(), want)
	}
	for range 3 {
		f("collect the Collector's own metrics: panic: oops", http.StatusInternalServerError)
	}
	logged := s.logs.FilterLevelExact(zapcore.ErrorLevel).All()
	require.Len(t, logged, 1)
	require.Contains(t, logged[0].ContextMap()["stack"], "TestPanickingCallback")
	reason = ""
	f("tracecore_test_calls_total", http.StatusOK)
	require.Equal(t, 1, s.logs.FilterMessage("The Collector's own metrics can be served again").Len())
	reason = "oops"
	f("panic: oops", http.StatusInternalServerError)
	require.Equal(t, 2, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len(), "the same panic after a recovery is logged again")
}

func TestScopesKeepSeriesApartWithPipelineTelemetry(t *testing.T) {
	registry := featuregate.GlobalRegistry()
	require.NoError(t, registry.Set(scopedComponents, true))
	t.Cleanup(func() { require.NoError(t, registry.Set(scopedComponents, false)) })
	s := newSubject(t, NewFactory(), nil)
	s.count(t, "scope", attribute.String("otelcol.component.id", "a"))
	s.count(t, "scope", attribute.String("otelcol.component.id", "b"))
	response := httptest.NewRecorder()
	s.source(t).Handler().ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	require.Equal(t, http.StatusOK, response.Code, response.Body.String())
	require.Contains(t, response.Body.String(), `otel_scope_otelcol_component_id="b"`)
}

func TestErrors(t *testing.T) {
	f := func(want string, change func(*otelconftelemetry.Config, *telemetry.MeterSettings)) {
		t.Helper()
		factory := NewFactory()
		cfg := factory.CreateDefaultConfig().(*otelconftelemetry.Config)
		resource := pcommon.NewResource()
		set := telemetry.MeterSettings{Settings: telemetry.Settings{Resource: &resource}, Logger: zap.NewNop()}
		change(cfg, &set)
		_, err := factory.CreateMeterProvider(t.Context(), set, cfg)
		require.EqualError(t, err, want)
	}
	f("collector resource must be initialized before creating telemetry providers",
		func(_ *otelconftelemetry.Config, set *telemetry.MeterSettings) { set.Resource = nil })
	f("no valid metric reader",
		func(cfg *otelconftelemetry.Config, _ *telemetry.MeterSettings) {
			cfg.Metrics.Readers = []otelconf.MetricReader{{}}
		})
}

func TestDeprecatedConfigurationIsStillReported(t *testing.T) {
	s := newSubject(t, NewFactory(), func(cfg *otelconftelemetry.Config, _ *telemetry.MeterSettings) {
		cfg.Metrics.MigratedFromV02 = true
	})
	require.Equal(t, 1, s.logs.FilterMessageSnippet("deprecated v0.2.0").Len())
}

// BenchmarkCounterAdd is the cost of the reader that is added, per update of a counter.
func BenchmarkCounterAdd(b *testing.B) {
	for _, factory := range []struct {
		name string
		telemetry.Factory
	}{{"upstream", otelconftelemetry.NewFactory()}, {"ours", NewFactory()}} {
		b.Run(factory.name, func(b *testing.B) {
			counter, err := newSubject(b, factory, nil).Meter("scope").Int64Counter("tracecore.test.calls_total")
			require.NoError(b, err)
			options := []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("exporter", "otlp_grpc")))}
			b.ReportAllocs()
			for b.Loop() {
				counter.Add(b.Context(), 1, options...)
			}
		})
	}
}
