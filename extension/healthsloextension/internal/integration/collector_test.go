// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/extension/healthsloextension"
	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// patience is for a condition that holds within a window of a second if it ever does.
const patience = 20 * time.Second

// beat is a receiver that sends a metric every few milliseconds and reports on itself and on
// a GPU as the receivers of this repository do.
type beat struct {
	set    receiver.Settings
	next   consumer.Metrics
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newBeat(_ context.Context, set receiver.Settings, _ component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	return &beat{set: set, next: next}, nil
}

func (b *beat) Start(context.Context, component.Host) error {
	telemetry := selftelemetry.NewReceiver(b.set.TelemetrySettings, b.set.ID)
	meter := b.set.MeterProvider.Meter("beat")
	for gauge, more := range map[string][]attribute.KeyValue{"tracecore.gpu.up": nil, "tracecore.gpu.status": {attribute.String("gpu.state", "ok")}} {
		attributes := slices.Concat(more, []attribute.KeyValue{
			attribute.String("component_id", b.set.ID.String()), attribute.String("hw.id", "0"),
			attribute.String("hw.name", "nvidia0"), attribute.String("hw.model", "NVIDIA H100"),
		})
		_, err := meter.Int64ObservableGauge(gauge, metric.WithUnit("1"), metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(1, metric.WithAttributes(attributes...))
			return nil
		}))
		if err != nil {
			return fmt.Errorf("make gauge: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	b.wg.Go(func() { b.run(ctx, telemetry) })
	return nil
}

func (b *beat) run(ctx context.Context, telemetry selftelemetry.Receiver) {
	defer telemetry.Shutdown()
	for ticker := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		batch := pmetric.NewMetrics()
		m := batch.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName("beat")
		m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
		if err := b.next.ConsumeMetrics(ctx, batch); err != nil {
			telemetry.IncError(selftelemetry.KindDownstream)
			continue
		}
		telemetry.IncEmissions(1)
		telemetry.MarkActivity()
	}
}

func (b *beat) Shutdown(context.Context) error {
	if b.cancel != nil {
		b.cancel()
	}
	b.wg.Wait()
	return nil
}

// collector is a Collector that runs in this process.
type collector struct {
	logs             *observer.ObservedLogs
	prometheus, http string // addresses
	backend          string // nobody listens there
	config           configuration
}

// configuration is a provider of a configuration that a test may change before a reload.
type configuration struct {
	yaml *atomic.Pointer[string]
}

func (c configuration) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	return confmap.NewRetrievedFromYAML([]byte(*c.yaml.Load()))
}

func (configuration) Scheme() string { return "test" }

func (configuration) Shutdown(context.Context) error { return nil }

// change makes the configuration that of the next reload.
func (c *collector) change(t *testing.T, config string) {
	t.Helper()
	_, port, err := net.SplitHostPort(c.prometheus)
	require.NoError(t, err)
	config = strings.NewReplacer("PROMETHEUS_PORT", port, "HTTP", c.http, "BACKEND", c.backend).Replace(config)
	c.config.yaml.Store(&config)
}

// reload reads the configuration again and waits until the Collector is ready again.
func (c *collector) reload(t *testing.T) {
	t.Helper()
	ready := func() int {
		return c.logs.FilterMessage("Everything is ready. Begin running and processing data.").Len()
	}
	before := ready()
	require.NoError(t, syscall.Kill(syscall.Getpid(), syscall.SIGHUP))
	require.Eventually(t, func() bool { return ready() == before+1 }, patience, 10*time.Millisecond)
}

// freeAddress is below the ports that outgoing connections get, one of which could else take it first.
func freeAddress(t *testing.T) string {
	t.Helper()
	var address string
	require.Eventually(t, func() bool {
		address = fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(12_000))
		listener, err := net.Listen("tcp", address)
		return err == nil && listener.Close() == nil
	}, patience, time.Millisecond)
	return address
}

// start runs a Collector until the end of the test. In the configuration PROMETHEUS_PORT, HTTP
// and BACKEND stand for free addresses.
func start(t *testing.T, factory telemetry.Factory, yaml string) *collector {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	c := &collector{
		logs: logs, prometheus: freeAddress(t), http: freeAddress(t), backend: freeAddress(t),
		config: configuration{&atomic.Pointer[string]{}},
	}
	c.change(t, yaml)
	col, err := otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo:      component.BuildInfo{Command: "otelcol-test", Version: "1.2.3"},
		Factories:      func() (otelcol.Factories, error) { return factories(factory) },
		LoggingOptions: []zap.Option{zap.WrapCore(func(zapcore.Core) zapcore.Core { return core })},
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs:              []string{"test:"},
			ProviderFactories: []confmap.ProviderFactory{confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return c.config })},
		}},
	})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- col.Run(context.Background()) }()
	require.Eventually(t, func() bool { return col.GetState() == otelcol.StateRunning || len(done) > 0 }, patience, time.Millisecond)
	t.Cleanup(func() {
		col.Shutdown()
		require.NoError(t, <-done)
	})
	return c
}

func factories(tel telemetry.Factory) (f otelcol.Factories, err error) {
	beatFactory := receiver.NewFactory(component.MustNewType("beat"), func() component.Config { return &struct{}{} },
		receiver.WithMetrics(newBeat, component.StabilityLevelDevelopment))
	f.Telemetry = tel
	f.Receivers, err = otelcol.MakeFactoryMap(beatFactory)
	if err == nil {
		f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](otlpexporter.NewFactory())
	}
	if err == nil {
		f.Extensions, err = otelcol.MakeFactoryMap(healthsloextension.NewFactory(), bearertokenauthextension.NewFactory())
	}
	return f, err
}

// get returns the answer's status and body.
func get(t *testing.T, url, accept string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", accept)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

// values returns the series of the Collector's Prometheus endpoint by "name key=value …", with
// the labels of the given keys. Series that differ in other labels are summed.
func (c *collector) values(t *testing.T, keys ...string) map[string]float64 {
	t.Helper()
	status, body := get(t, "http://"+c.prometheus+"/metrics", "text/plain;version=0.0.4")
	require.Equal(t, http.StatusOK, status, body)
	return parse(t, body, keys...)
}

func parse(t *testing.T, text string, keys ...string) map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	values := map[string]float64{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range m.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			series := []string{name}
			for _, key := range keys {
				if value, ok := labels[key]; ok {
					series = append(series, key+"="+value)
				}
			}
			values[strings.Join(series, " ")] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return values
}

// eventually waits for a series to have a value.
func (c *collector) eventually(t *testing.T, series string, want float64) {
	t.Helper()
	var got map[string]float64
	require.Eventually(t, func() bool {
		got = c.values(t, "exporter", "component_kind", "component_id", "objective", "window", "hw_id")
		value, ok := got[series]
		return ok && value == want
	}, patience, 50*time.Millisecond, "%s is not %v", series, want)
}
