// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)

	full := createDefaultConfig().(*Config)
	full.CollectionInterval = time.Second
	full.InitialDelay = 250 * time.Millisecond
	full.Jitter = 100 * time.Millisecond
	full.MetricsBuilderConfig.ResourceAttributes.HostID.Enabled = false
	full.MetricsBuilderConfig.Metrics.ClockPhcOffset.Enabled = false

	for id, want := range map[string]component.Config{"clock": createDefaultConfig(), "clock/full": full} {
		t.Run(id, func(t *testing.T) {
			sub, err := conf.Sub(id)
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			// Whether a metric was set by the user is unexported and of no interest here.
			require.EqualExportedValues(t, want, cfg)
		})
	}
}

func TestBadConfigNamesKeyAndRule(t *testing.T) {
	for _, tt := range []struct {
		yaml string
		want string
	}{
		{"collection_interval: 9ms", `"collection_interval": must be at least 10ms and at most 24h0m0s, got 9ms`},
		{"collection_interval: -1s", `"collection_interval": must be at least 10ms and at most 24h0m0s, got -1s`},
		{"initial_delay: -1ns", `"initial_delay": must be at least 0s and at most 24h0m0s, got -1ns`},
		{"initial_delay: 2562047h", `"initial_delay": must be at least 0s and at most 24h0m0s, got 2562047h0m0s`},
		{"collection_interval: 24h1ns", `"collection_interval": must be at least 10ms and at most 24h0m0s, got 24h0m0.000000001s`},
		{"jitter: -1s", `"jitter": must be at least 0s and less than "collection_interval" (15s), got -1s`},
		{"jitter: 15s", `"jitter": must be at least 0s and less than "collection_interval" (15s), got 15s`},
		{"{collection_interval: 1ms, initial_delay: -1s}", `"initial_delay"`},
		{"colection_interval: 1s", `has invalid keys: colection_interval`},
		{"metrics: {clock.tics: {enabled: true}}", `'metrics' has invalid keys: clock.tics`},
		{"collection_interval: fast", `'collection_interval' time: invalid duration`},
	} {
		t.Run(tt.yaml, func(t *testing.T) {
			conf, err := confmap.NewRetrievedFromYAML([]byte(tt.yaml))
			require.NoError(t, err)
			m, err := conf.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			if err = m.Unmarshal(cfg); err == nil {
				err = confmap.Validate(cfg)
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestValidConfigLimits(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.InitialDelay, cfg.Jitter = 10*time.Millisecond, 0, 10*time.Millisecond-1
	require.NoError(t, confmap.Validate(cfg))
	cfg.CollectionInterval, cfg.InitialDelay, cfg.Jitter = 24*time.Hour, 24*time.Hour, 24*time.Hour-1
	require.NoError(t, confmap.Validate(cfg))
}
