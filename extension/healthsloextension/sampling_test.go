// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap/zapcore"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/restarts"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/internal/telemetrysource"
)

// withSource is a meter provider as our telemetry factory makes one.
type withSource struct {
	metric.MeterProvider
	*sdkmetric.ManualReader
}

func newWithSource() *withSource {
	reader := sdkmetric.NewManualReader()
	return &withSource{sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), reader}
}

func (*withSource) Handler() http.Handler { return http.NotFoundHandler() }

func (p *withSource) Meter(name string, opts ...metric.MeterOption) metric.Meter {
	meter := p.MeterProvider.Meter(name, opts...)
	if name == telemetrysource.ScopeName {
		return telemetrysource.Meter(meter, p)
	}
	return meter
}

func fast(cfg *Config) { cfg.Window, cfg.SampleInterval = time.Second, 100*time.Millisecond }

// waitForPass waits for the first pass and returns what it found.
func (s *subject) waitForPass(t *testing.T) sampling.View {
	t.Helper()
	require.Eventually(t, func() bool { return !s.samples.View().At.IsZero() }, 5*time.Second, time.Millisecond)
	return s.samples.View()
}

func TestSourceIsChosenAtStart(t *testing.T) {
	f := func(provider metric.MeterProvider, endpoint, source string, warnings, notices int) {
		t.Helper()
		s := newSubject(t, func(cfg *Config) { cfg.ScrapeEndpoint = endpoint })
		if provider != nil {
			s.set.MeterProvider = provider
		}
		s.start(t)
		require.Equal(t, source, s.waitForPass(t).Source)
		require.Equal(t, warnings, s.logs.FilterLevelExact(zapcore.WarnLevel).FilterMessageSnippet("telemetry factory").Len())
		require.Equal(t, notices, s.logs.FilterMessageSnippet("scrape_endpoint is not used").Len())
	}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	f(nil, "", sampling.SourceNone, 1, 0)
	f(nil, server.URL, sampling.SourceScrape, 0, 0)
	f(newWithSource(), "", sampling.SourceInProcess, 0, 0)
	f(newWithSource(), server.URL, sampling.SourceInProcess, 0, 1)
}

func TestOneInstanceOfAServiceHasGauges(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	second := func(cfg *Config) {
		cfg.Objectives = []ObjectiveConfig{{Name: "second", Indicator: "readiness", Target: 0.9, Windows: []time.Duration{time.Hour}}}
	}
	subjects := map[component.ID]*subject{
		component.NewIDWithName(metadata.Type, "b"): newSubject(t, second),
		component.NewID(metadata.Type):              newSubject(t, nil),
	}
	extensions := map[component.ID]component.Component{component.MustNewID("a"): struct{ component.Component }{}}
	for id, s := range subjects {
		extensions[id] = s.healthSLO
	}
	for id, s := range subjects { // in any order
		s.set.ID, s.set.MeterProvider, s.host.extensions = id, provider, extensions
		s.start(t)
		require.NoError(t, s.Ready())
		exporter := componentstatus.NewInstanceID(component.MustNewIDWithName("exporter", id.Name()), component.KindExporter)
		s.ComponentStatusChanged(exporter, componentstatus.NewEvent(componentstatus.StatusOK))
		s.waitForPass(t)
		s.samples.Kick()
	}
	var collected metricdata.ResourceMetrics
	require.Eventually(t, func() bool {
		require.NoError(t, reader.Collect(t.Context(), &collected))
		return strings.Contains(fmt.Sprint(collected.ScopeMetrics), "component.healthy")
	}, 5*time.Second, 10*time.Millisecond)
	require.NotContains(t, fmt.Sprint(collected.ScopeMetrics), "exporter/b")
	require.NotContains(t, fmt.Sprint(collected.ScopeMetrics), "slo.target")
	for id, s := range subjects {
		warned := s.logs.FilterMessageSnippet("Another health_slo extension reports the gauges").All()
		if id.Name() == "" {
			require.Empty(t, warned)
			continue
		}
		require.Len(t, warned, 1)
		require.Equal(t, map[string]any{"this": "health_slo/b", "reports": "health_slo"}, warned[0].ContextMap())
	}
}

func TestFirstStartIsNoUnreadyTime(t *testing.T) {
	var state health.State
	var history restarts.History
	f := func(want sampling.Readiness) {
		t.Helper()
		require.Equal(t, want, readinessOf(&state, &history))
	}
	own := componentstatus.NewInstanceID(component.NewID(metadata.Type), component.KindExtension)
	start := func(at time.Time) {
		history.Observe(own, componentstatus.NewEvent(componentstatus.StatusStarting))
		state.Start(at)
	}
	start(time.Now())
	f(sampling.NotYetReady)
	state.Ready(time.Now())
	f(sampling.Ready)
	state.Drain(time.Now())
	f(sampling.Unready)
	state.Stop(time.Now())
	f(sampling.Unready)
	start(time.Now())
	f(sampling.Unready)
}

// Readiness changes between two passes; the gauges must not lag behind by an interval.
func TestReadyAsksForAPassAtOnce(t *testing.T) {
	s := newSubject(t, func(cfg *Config) { cfg.SampleInterval = 30 * time.Second })
	s.start(t)
	first := s.waitForPass(t).At
	require.NoError(t, s.Ready())
	require.Eventually(t, func() bool { return s.samples.View().At.After(first) }, 5*time.Second, time.Millisecond)
}
