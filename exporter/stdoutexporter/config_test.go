// SPDX-License-Identifier: Apache-2.0

package stdoutexporter

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// load returns the configuration of one component in testdata and what is wrong with it.
func load(t *testing.T, id string) (*Config, error) {
	t.Helper()
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := conf.Sub(id)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, xconfmap.Validate(cfg)
}

func TestConfigOfEveryKey(t *testing.T) {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.QueueSize = 10
	off := configoptional.Default(exporterhelper.NewDefaultQueueConfig())
	for id, want := range map[string]component.Config{
		"stdout":       &Config{Format: "otlp_json", Target: "stdout", OnBrokenPipe: "error", Queue: off},
		"stdout/items": &Config{Format: "item_lines", Target: "stderr", OnBrokenPipe: "stop", Queue: off},
		"stdout/queue": &Config{Format: "otlp_json", Target: "stdout", OnBrokenPipe: "error", Queue: configoptional.Some(queue)},
	} {
		t.Run(id, func(t *testing.T) {
			got, err := load(t, id)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestBadConfigNamesKeyAndRule(t *testing.T) {
	for id, want := range map[string][]string{
		"stdout/bad_format":         {`"format": must be otlp_json or item_lines, not "json"`},
		"stdout/bad_target":         {`"target": must be stdout or stderr, not "/dev/stdout"`},
		"stdout/bad_on_broken_pipe": {`"on_broken_pipe": must be error or stop, not "ignore"`},
		"stdout/all_bad":            {`"format": must be`, `"target": must be`, `"on_broken_pipe": must be`},
		"stdout/unknown_key":        {"invalid keys: fromat"},
		"stdout/retry":              {"invalid keys: retry_on_failure"},
		"stdout/slow_flush":         {`"sending_queue::batch::flush_timeout": must be at most 24h0m0s, got 25h0m0s`},
	} {
		t.Run(id, func(t *testing.T) {
			_, err := load(t, id)
			for _, message := range want {
				require.ErrorContains(t, err, message)
			}
		})
	}
}

func TestLongestFlushTimeoutIsValid(t *testing.T) {
	_, err := load(t, "stdout/slowest_flush")
	require.NoError(t, err)
}
