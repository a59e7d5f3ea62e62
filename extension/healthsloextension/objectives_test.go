// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

func loadTestdata(t *testing.T, id string) *Config {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub(id)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	return cfg
}

func TestLoadObjectives(t *testing.T) {
	cfg := loadTestdata(t, "health_slo/objectives")
	require.Equal(t, 2*time.Minute, cfg.Window)
	require.Equal(t, 15*time.Second, cfg.SampleInterval)
	require.Equal(t, []sampling.ObjectiveSettings{
		{
			Name: "export", Indicator: "exporter_success_ratio", Target: 0.999,
			Windows: []time.Duration{5 * time.Minute, time.Hour, 6 * time.Hour},
		},
		{
			Name: "headroom", Indicator: "queue_headroom", Target: 0.99, Windows: []time.Duration{time.Hour},
			Components: []string{"otlp_grpc/backend"}, MaxDepthRatio: 0.5,
		},
		{Name: "gpus-are-read", Indicator: "receiver_freshness", Target: 0.99, Windows: []time.Duration{time.Hour}, MaxAge: 30 * time.Second},
		{Name: "ready", Indicator: "readiness", Target: 0.95, Windows: []time.Duration{720 * time.Hour}},
	}, cfg.objectiveSettings())
	require.Equal(t, []component.ID{component.MustNewIDWithName("otlp_grpc", "backend")}, cfg.Objectives[1].Components)
	require.Equal(t, "http://localhost:8888/metrics", loadTestdata(t, "health_slo/scrape").ScrapeEndpoint)
}

func TestDefaultsOfSampling(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.Equal(t, time.Minute, cfg.Window)
	require.Equal(t, 5*time.Second, cfg.SampleInterval)
	require.Empty(t, cfg.objectiveSettings())
	require.Empty(t, cfg.ScrapeEndpoint)
}

func TestDefaultsOfObjectives(t *testing.T) {
	f := func(indicator string, maxAge time.Duration, maxDepthRatio float64) {
		t.Helper()
		conf := confmap.NewFromStringMap(map[string]any{"objectives": []any{map[string]any{"indicator": indicator}}})
		cfg := createDefaultConfig().(*Config)
		require.NoError(t, conf.Unmarshal(cfg))
		set := cfg.objectiveSettings()[0]
		require.Equal(t, maxAge, set.MaxAge)
		require.InDelta(t, maxDepthRatio, set.MaxDepthRatio, 0)
	}
	f("receiver_freshness", time.Minute, 0)
	f("queue_headroom", 0, 0.8)
	f("readiness", 0, 0)
}

func TestInvalidSampling(t *testing.T) {
	f := func(yaml, want string) {
		t.Helper()
		require.EqualError(t, load(t, yaml), "extensions::health_slo: "+want)
	}
	f(`{window: 900ms}`, `"window": must be from 1s to 1h0m0s, got 900ms
"sample_interval": must be from 100ms to half of "window" (450ms), got 5s`)
	f(`{window: 61m}`, `"window": must be from 1s to 1h0m0s, got 1h1m0s`)
	f(`{sample_interval: 0}`, `"sample_interval": must be from 100ms to half of "window" (30s), got 0s`)
	f(`{sample_interval: 31s}`, `"sample_interval": must be from 100ms to half of "window" (30s), got 31s`)
	f(`{window: 9s}`, `"sample_interval": must be from 100ms to half of "window" (4.5s), got 5s`)
	const url = `"scrape_endpoint": must be an http or https URL such as http://localhost:8888/metrics, `
	f(`{scrape_endpoint: "localhost:8888"}`, url+`got "localhost:8888"`)
	f(`{scrape_endpoint: "/metrics"}`, url+`got "/metrics"`)
	f(`{scrape_endpoint: "http:///metrics"}`, url+`got "http:///metrics"`)
	f(`{scrape_endpoint: "http://me:secret@localhost:8888"}`, url+`without a user, got "http://me:xxxxx@localhost:8888"`)
	f(`{scrape_endpoint: "http://localhost:8888/metrics#x"}`, url+`got "http://localhost:8888/metrics#x"`)
	f(`{scrape_endpoint: "http://[::1"}`, url+`got "http://[::1"`)
}

func TestInvalidObjectives(t *testing.T) {
	f := func(objective, want string) {
		t.Helper()
		require.EqualError(t, load(t, "{objectives: ["+objective+"]}"), "extensions::health_slo: "+want)
	}
	f(`{name: "", indicator: readiness, target: 0.9, windows: [1h]}`, `"objectives::0::name": must not be empty, got ""`)
	f(`{name: a, indicator: latency, target: 0.9, windows: [1h]}`,
		`"objectives::0::indicator": must be one of exporter_success_ratio, queue_headroom, readiness, receiver_freshness, got "latency"`)
	for _, target := range []string{"0", "1", "99.9", "-0.5", ".nan"} {
		require.ErrorContains(t, load(t, "{objectives: [{name: a, indicator: readiness, windows: [1h], target: "+target+"}]}"),
			`"objectives::0::target": must be above 0 and below 1, got `, target)
	}
	f(`{name: a, indicator: readiness, target: 0.9}`, `"objectives::0::windows": must have at least one window`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [59s, 1h]}`, `"objectives::0::windows::0": must be from "window" (1m0s) to 720h0m0s, got "59s"`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [1h, 721h]}`, `"objectives::0::windows::1": must be from "window" (1m0s) to 720h0m0s, got "721h0m0s"`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [1h, 60m]}`, `"objectives::0::windows::1": must be listed once, got "1h0m0s"`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [1h]}, {name: a, indicator: readiness, target: 0.8, windows: [1h]}`,
		`"objectives::1::name": must differ from the names of other objectives, got "a"`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [1h], components: [otlp]}`, `"objectives::0::components": must not be set for readiness, got "[otlp]"`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [1h], max_age: 1s}`, `"objectives::0::max_age": must be set for receiver_freshness alone, got "1s"`)
	f(`{name: a, indicator: receiver_freshness, target: 0.9, windows: [1h], max_age: -1s}`, `"objectives::0::max_age": must be above 0s and at most 720h0m0s, got "-1s"`)
	f(`{name: a, indicator: receiver_freshness, target: 0.9, windows: [1h], max_age: 0s}`, `"objectives::0::max_age": must be above 0s and at most 720h0m0s, got "0s"`)
	f(`{name: a, indicator: receiver_freshness, target: 0.9, windows: [1h], max_age: 720h1s}`, `"objectives::0::max_age": must be above 0s and at most 720h0m0s, got "720h0m1s"`)
	f(`{name: a, indicator: queue_headroom, target: 0.9, windows: [1h], max_depth_ratio: 0}`, `"objectives::0::max_depth_ratio": must be above 0 and below 1, got 0`)
	f(`{name: a, indicator: readiness, target: 0.9, windows: [1h], max_depth_ratio: 0.5}`, `"objectives::0::max_depth_ratio": must be set for queue_headroom alone, got 0.5`)
	f(`{name: a, indicator: queue_headroom, target: 0.9, windows: [1h], max_depth_ratio: 1}`, `"objectives::0::max_depth_ratio": must be above 0 and below 1, got 1`)
	f(`{name: "", indicator: x, target: 2}`, `"objectives::0::name": must not be empty, got ""
"objectives::0::indicator": must be one of exporter_success_ratio, queue_headroom, readiness, receiver_freshness, got "x"
"objectives::0::target": must be above 0 and below 1, got 2
"objectives::0::windows": must have at least one window`)
	require.ErrorContains(t, load(t, `{objectives: [{name: a, budget: 1}]}`), "has invalid keys: budget")
}

func TestLimitsThemselvesAreValid(t *testing.T) {
	for _, yaml := range []string{
		`{window: 1h, sample_interval: 30m}`,
		`{window: 1s, sample_interval: 500ms}`,
		`{sample_interval: 100ms}`,
		`{objectives: [{name: a, indicator: readiness, target: 0.9, windows: [1m, 720h]}]}`,
		`{objectives: [{name: a, indicator: receiver_freshness, target: 0.9, windows: [1h], max_age: 720h}]}`,
		`{shutdown_delay: 30s}`,
		`{http: {read_timeout: 24h, read_header_timeout: 24h, write_timeout: 24h, idle_timeout: 24h}}`,
		`{http: {tls: {cert_file: a, key_file: b, reload_interval: 720h}}}`,
	} {
		require.NoError(t, load(t, yaml), yaml)
	}
}
