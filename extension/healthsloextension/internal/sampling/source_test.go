// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/benchtest"
)

// wantReading is what every form of the same metrics must come to.
var wantReading = &Reading{
	Exporters: map[ExporterKey]*Counts{
		{"otlp_grpc/a", "traces"}:   {Sent: 7, SendFailed: 11, EnqueueFailed: 9, InFlight: 3, QueueSize: 7, QueueCapacity: 1024},
		{"otlp_grpc/a", "metrics"}:  {Sent: 10},
		{"otlp_grpc/a", "logs"}:     {SendFailed: 4},
		{"otlp_grpc/a", "profiles"}: {EnqueueFailed: 6},
	},
	LastActivity: map[string]time.Time{"dcgm/rack2": time.Unix(1_700_000_000, 0)},
	GPUs: []GPU{
		{Component: "dcgm", ID: "2", Name: "nvidia2", Model: "NVIDIA H100 80GB HBM3", Status: "ok", Health: "failed", Conditions: []Condition{{"hw_thermal", ""}, {"row_remap_failed", "CONTACT_SUPPORT"}}, Up: true, Simulated: true},
		{Component: "dcgm", ID: "10", Name: "nvidia10", Model: "NVIDIA H100 80GB HBM3", Status: "lost", Health: "failed"},
	},
}

// fakeComponents makes the instruments of exporters and receivers.
func fakeComponents(t *testing.T, meter metric.Meter) {
	t.Helper()
	add := func(name string, value int64, attributes ...attribute.KeyValue) {
		counter, err := meter.Int64UpDownCounter(name)
		if !strings.Contains(name, "in_flight") && !strings.Contains(name, "queue_") {
			monotonic, monotonicErr := meter.Int64Counter(name)
			require.NoError(t, monotonicErr)
			monotonic.Add(t.Context(), value, metric.WithAttributes(attributes...))
			return
		}
		require.NoError(t, err)
		counter.Add(t.Context(), value, metric.WithAttributes(attributes...))
	}
	observe := func(name string, value int64, attributes ...attribute.KeyValue) {
		_, err := meter.Int64ObservableGauge(name, metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(value, metric.WithAttributes(attributes...))
			return nil
		}))
		require.NoError(t, err)
	}
	a, traces := attribute.String("exporter", "otlp_grpc/a"), attribute.String("data_type", "traces")
	add("otelcol_exporter_sent_spans", 4, a, attribute.String("server.address", "one"))
	add("otelcol_exporter_sent_spans", 3, a, attribute.String("server.address", "two"))
	add("otelcol_exporter_send_failed_spans", 5, a, attribute.String("error.type", "Unavailable"))
	add("otelcol_exporter_send_failed_spans", 6, a, attribute.String("error.type", "Internal"))
	add("otelcol_exporter_enqueue_failed_spans", 2, a)
	add("otelcol_exporter_enqueue_failed_spans", 7, a, attribute.String("error.type", "queue full"))
	more := attribute.String("more", "attributes")
	add("otelcol_exporter_in_flight_requests", 1, a, traces)
	add("otelcol_exporter_in_flight_requests", 2, a, traces, more)
	add("otelcol_exporter_sent_metric_points", 10, a)
	add("otelcol_exporter_send_failed_log_records", 4, a)
	add("otelcol_exporter_enqueue_failed_profile_samples", 6, a)
	add("otelcol_receiver_accepted_spans", 99, attribute.String("receiver", "otlp"))
	add("otelcol_exporter_queue_size", 3, a, traces)
	add("otelcol_exporter_queue_size", 4, a, traces, more)
	add("otelcol_exporter_queue_capacity", 1000, a, traces)
	add("otelcol_exporter_queue_capacity", 24, a, traces, more)
	observe("tracecore.receiver.last_activity_unix_seconds", 1_700_000_000, attribute.String("component_id", "dcgm/rack2"))
	up, err := meter.Int64ObservableGauge("tracecore.gpu.up")
	require.NoError(t, err)
	status, err := meter.Int64ObservableGauge("tracecore.gpu.status")
	require.NoError(t, err)
	health, err := meter.Int64ObservableGauge("tracecore.hw.status")
	require.NoError(t, err)
	condition, err := meter.Int64ObservableGauge("tracecore.gpu.condition")
	require.NoError(t, err)
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, g := range slices.Backward(wantReading.GPUs) {
			one := metric.WithAttributes(attribute.String("component_id", g.Component), attribute.String("hw.id", g.ID), attribute.String("hw.name", g.Name), attribute.String("hw.model", g.Model))
			origin := metric.WithAttributes()
			if g.Simulated {
				origin = metric.WithAttributes(attribute.Bool("tracecore.simulated", true))
			}
			o.ObserveInt64(up, map[bool]int64{true: 1}[g.Up], one, origin)
			for _, c := range append(g.Conditions, Condition{Name: "none"}) {
				what := []attribute.KeyValue{attribute.String("gpu.condition", c.Name)}
				if c.Action != "" {
					what = append(what, attribute.String("gpu.condition.action", c.Action))
				}
				o.ObserveInt64(condition, map[bool]int64{true: 1}[c.Name != "none"], one, metric.WithAttributes(what...))
			}
			for _, state := range []string{"ok", "degraded", "failed"} {
				o.ObserveInt64(health, map[bool]int64{true: 1}[state == g.Health], one, metric.WithAttributes(attribute.String("hw.state", state)))
			}
			for _, state := range []string{"ok", "lost", "absent"} {
				o.ObserveInt64(status, map[bool]int64{true: 1}[state == g.Status], one, metric.WithAttributes(attribute.String("gpu.state", state)))
			}
		}
		return nil
	}, up, status, health, condition)
	require.NoError(t, err)
}

func TestInProcess(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	fakeComponents(t, provider.Meter("scope"))
	source := NewInProcess(reader)
	for range 2 { // a reading does not add to the one before
		reading, err := source.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, wantReading, reading)
	}
	require.NoError(t, provider.Shutdown(t.Context()))
	_, err := source.Read(t.Context())
	require.ErrorIs(t, err, sdkmetric.ErrReaderShutdown)
}

func TestGPUsOfTwoReceiversAreTwo(t *testing.T) {
	reading := newReading()
	for _, receiver := range []string{"dcgm/b", "dcgm/a"} {
		labels := map[string]string{"component_id": receiver, "hw.id": "GPU-1"}
		reading.add(folds["tracecore.gpu.up"], point{label: func(key string) string { return labels[key] }, value: 1})
	}
	require.Equal(t, []GPU{{Component: "dcgm/a", ID: "GPU-1", Up: true}, {Component: "dcgm/b", ID: "GPU-1", Up: true}}, reading.sorted().GPUs)
}

func TestFailingCallbackCostsItsOwnInstrument(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	fakeComponents(t, provider.Meter("scope"))
	broken := errors.New("broken")
	_, err := provider.Meter("foreign").Int64ObservableGauge("foreign", metric.WithInt64Callback(func(context.Context, metric.Int64Observer) error { return broken }))
	require.NoError(t, err)
	s := newSubject(func(set *Settings) { set.Source = NewInProcess(reader) })
	f := func(second, warnings, notices int) {
		t.Helper()
		s.sample(t.Context(), after(second))
		require.Len(t, s.View().Exporters, 4)
		require.Equal(t, wantReading.GPUs, s.View().GPUs)
		require.Empty(t, s.View().SourceReason)
		require.Equal(t, warnings, s.logs.FilterMessageSnippet("Some of the Collector's own metrics cannot be read").Len())
		require.Equal(t, notices, s.logs.FilterMessageSnippet("can be read again").Len())
	}
	f(0, 1, 0)
	f(5, 1, 0)
	broken = nil
	f(10, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.set.Source.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = NewInProcess(sdkmetric.NewManualReader()).Read(t.Context())
	require.ErrorIs(t, err, sdkmetric.ErrReaderNotRegistered)
}

func TestScrape(t *testing.T) {
	f := func(file string) {
		t.Helper()
		content, err := os.ReadFile("testdata/" + file)
		require.NoError(t, err)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept"), "escaping=allow-utf-8") {
				_, _ = w.Write(content)
			}
		}))
		defer server.Close()
		reading, err := NewScrape(server.URL+"/metrics", time.Second).Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, wantReading, reading, file)
	}
	f("utf8.prom")
	f("underscores.prom")
	f("suffixes.prom")
}

func TestScrapeThatFails(t *testing.T) {
	f := func(want string, handler http.HandlerFunc) {
		t.Helper()
		server := httptest.NewServer(handler)
		defer server.Close()
		_, err := NewScrape(server.URL, time.Minute).Read(t.Context())
		require.ErrorContains(t, err, want)
	}
	f(": 500 Internal Server Error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	f("text format parsing error in line 1", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	f("parse text format: ", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("# nameless\n{}")) })
	f(errTooLong.Error(), func(w http.ResponseWriter, _ *http.Request) {
		for range maxScrapeBytes/1024 + 1 {
			_, _ = w.Write([]byte(strings.Repeat("#", 1023) + "\n"))
		}
	})
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := NewScrape(server.URL, time.Second).Read(t.Context())
	require.ErrorContains(t, err, "connection refused")
	_, err = NewScrape("http://\x7f", time.Second).Read(t.Context())
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = NewScrape("http://localhost:1", time.Second).Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// FuzzParseText states that a reading has finite numbers, whatever an endpoint answers.
func FuzzParseText(f *testing.F) {
	for _, file := range []string{"utf8.prom", "underscores.prom", "suffixes.prom"} {
		content, err := os.ReadFile("testdata/" + file)
		require.NoError(f, err)
		f.Add(string(content))
	}
	f.Add("otelcol_exporter_sent_spans NaN\notelcol_exporter_queue_size{data_type=\"x\"} +Inf\n")
	f.Fuzz(func(t *testing.T, text string) {
		reading, err := parseText(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range reading.Exporters {
			require.Zero(t, (c.Sent+c.SendFailed+c.EnqueueFailed)*0)
		}
	})
}

// BenchmarkPassInProcess is a whole pass over a Collector with a hundred busy exporters.
func BenchmarkPassInProcess(b *testing.B) {
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("go.opentelemetry.io/collector/exporter/exporterhelper")
	for _, name := range []string{"sent_metric_points", "send_failed_metric_points", "enqueue_failed_metric_points", "in_flight_requests", "queue_size", "queue_capacity"} {
		counter, err := meter.Int64UpDownCounter("otelcol_exporter_" + name)
		require.NoError(b, err)
		for i := range 100 {
			counter.Add(b.Context(), 1, metric.WithAttributes(attribute.String("exporter", fmt.Sprintf("otlp_grpc/%d", i)), attribute.String("data_type", "metrics")))
		}
	}
	s := newSubject(func(set *Settings) { set.Source = NewInProcess(reader) })
	now := epoch
	benchtest.ReportCPU(b)
	for b.Loop() {
		now = now.Add(5 * time.Second)
		s.sample(b.Context(), now)
	}
	require.Len(b, s.View().Exporters, 100)
}
