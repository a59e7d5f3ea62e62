// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap/zapcore"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/statuspage"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
	"github.com/tracecoreai/tracecore/internal/telemetrysource"
)

func sampledView() sampling.View {
	at := time.Now().Add(-time.Second)
	return sampling.View{
		At: at, Window: time.Minute, Source: sampling.SourceInProcess,
		Exporters: []sampling.Exporter{
			{
				ID: "otlp_grpc", Signal: "traces", FailureRate: 0.25, QueueRatio: 0.5, HasQueue: true, Stalled: true,
				History: []sampling.Point{{At: at, FailureRate: 1, QueueRatio: 1, Stalled: true}},
			},
			{ID: "stdout", Signal: "metrics"},
		},
		Objectives: []sampling.Objective{{
			Name: "delivery", Indicator: "exporter_success_ratio", Target: 0.99, Known: true, Current: 0.995, BudgetRemaining: 0.5,
			BurnRates: []sampling.BurnRate{{Window: time.Hour, Rate: 0.5}},
		}},
		GPUs: []sampling.GPU{{Component: "dcgm", ID: "GPU-1", Name: "0", Model: "H100", Status: "lost"}},
	}
}

func noView() sampling.View { return sampling.View{Source: sampling.SourceNone} }

// showing starts a server whose page shows that view.
func showing(t *testing.T, view func() sampling.View) *subject {
	t.Helper()
	s := newSubject(t, nil)
	s.show(t, served{view: view, node: func() verdict.Node {
		node := verdict.Judge(view().GPUs, nil, "no GPU")
		node.At, node.Since = time.Now(), time.Now()
		return node
	}})
	return s
}

// show starts a server that shows what was seen.
func (s *subject) show(t *testing.T, seen served) {
	t.Helper()
	s.state.Start(time.Now())
	server, err := s.newServer(t.Context(), s.host, seen)
	require.NoError(t, err)
	listener := httptest.NewServer(server.Handler)
	t.Cleanup(listener.Close)
	s.logListening(listener.Listener.Addr())
}

func TestStatusPage(t *testing.T) {
	s := showing(t, sampledView)
	require.NoError(t, s.Ready())
	exporter := componentstatus.NewInstanceID(component.MustNewID("otlp_grpc"), component.KindExporter, pipeline.NewID(pipeline.SignalTraces))
	s.ComponentStatusChanged(exporter, componentstatus.NewPermanentErrorEvent(errors.New("no <more>")))

	response, html := s.do(t, http.MethodGet, "/", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	require.Equal(t, http.StatusOK, response.StatusCode, "a page about errors is no error itself")
	for header, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": statuspage.ContentSecurityPolicy(),
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		require.Equal(t, want, response.Header.Get(header))
	}
	for _, want := range []string{"Not ready", "no &lt;more&gt;", "otlp_grpc", "25 %", "delivery", "GPU 0 is unfit: lost (RESTART_BM).", `href="?refresh=10"`} {
		require.Contains(t, html, want)
	}
	require.NotContains(t, html, "http-equiv")

	_, html = s.do(t, http.MethodGet, "/?refresh=10", "")
	require.Contains(t, html, `<meta http-equiv="refresh" content="10">`)
	_, html = s.do(t, http.MethodGet, "/?refresh=0.001&x=<script>", "")
	require.NotContains(t, html, "http-equiv")
	require.NotContains(t, html, "<script")

	response, html = s.do(t, http.MethodHead, "/", "")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Empty(t, html)
}

func TestStatusPageAsJSON(t *testing.T) {
	s := showing(t, sampledView)
	response, body := s.do(t, http.MethodGet, "/", "application/json")
	require.Equal(t, "application/json; charset=utf-8", response.Header.Get("Content-Type"))
	require.Equal(t, 1, strings.Count(body, "null"), "the queue that is not there; lists are never null")
	var page statuspage.Page
	require.NoError(t, json.Unmarshal([]byte(body), &page))
	require.Equal(t, "unavailable", page.Status)
	require.Equal(t, "starting", page.Collector.Phase)
	require.Equal(t, []string{"starting"}, page.Collector.NotReady)
	require.Equal(t, 60.0, page.Telemetry.WindowSeconds) //nolint:testifylint // An exact number goes through unchanged.
	require.Len(t, page.Exporters, 2)
	require.NotNil(t, page.Exporters[0].QueueRatio)
	require.Nil(t, page.Exporters[1].QueueRatio)
	require.NotNil(t, newPageExporter(&sampling.Exporter{HasQueue: true}).QueueRatio, "an empty queue is one")
	require.Equal(t, verdict.Unfit, page.Node.Verdict)
	require.Equal(t, []verdict.GPU{{
		Component: "dcgm", ID: "GPU-1", Name: "0", Model: "H100", State: "lost",
		Verdict: verdict.Unfit, Reasons: []verdict.Reason{{Name: "lost", Text: "lost", Verdict: verdict.Unfit, Action: "RESTART_BM"}}, Action: "RESTART_BM",
	}}, page.Node.GPUs)
}

func TestStatusPageThatCannotBeRendered(t *testing.T) {
	s := showing(t, func() sampling.View {
		return sampling.View{Exporters: []sampling.Exporter{{FailureRate: math.NaN()}}}
	})
	response, body := s.do(t, http.MethodGet, "/", "application/json")
	require.Equal(t, http.StatusInternalServerError, response.StatusCode)
	require.Equal(t, "cannot render the status page\n", body)
	require.Equal(t, 1, s.logs.FilterLevelExact(zapcore.ErrorLevel).Len())
}

// source is a telemetry factory's seam.
type source struct{ noop.MeterProvider }

func (s source) Meter(name string, options ...metric.MeterOption) metric.Meter {
	meter := s.MeterProvider.Meter(name, options...)
	if name != telemetrysource.ScopeName {
		return meter
	}
	return telemetrysource.Meter(meter, s)
}

func (source) Collect(context.Context, *metricdata.ResourceMetrics) error { return nil }

func (source) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = io.WriteString(w, "tracecore_build_info 1\n") // The client went away.
	})
}

func TestMetricsPathServesWhatTheTelemetryFactoryHandsOut(t *testing.T) {
	s := newSubject(t, func(cfg *Config) { cfg.Paths.Metrics = "/internal/metrics" })
	s.set.MeterProvider = source{}
	s.start(t)
	response, body := s.do(t, http.MethodGet, "/internal/metrics", "application/json")
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "tracecore_build_info 1\n", body)
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	response, _ = s.do(t, http.MethodGet, "/metrics", "")
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	response, _ = s.do(t, http.MethodPost, "/internal/metrics", "")
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
}
