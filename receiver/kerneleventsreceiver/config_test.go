// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tracecoreai/tracecore/internal/xid"
)

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)

	full := createDefaultConfig().(*Config)
	full.Path = "/var/log/kmsg"
	full.StartAt = startStored
	storage := component.MustNewID("file_storage")
	full.Storage = &storage
	full.RulesFile = "testdata/rules.yaml"
	full.CollectionInterval = time.Minute
	full.RateLimit.EventsPerSecond, full.RateLimit.Burst = 10, 20
	full.XIDs = map[string]xid.Override{"43": {Severity: "info"}, "500": {Meaning: "new with the next driver", Severity: "error", Action: "RESET_GPU"}}
	full.SXIDs = map[string]xid.Override{"20001": {Severity: "warn"}}
	full.MetricsBuilderConfig.Metrics.KernelEventsDropped.Enabled = false
	full.MetricsBuilderConfig.ResourceAttributes.HostID.Enabled = false

	for id, want := range map[string]component.Config{"kernel_events": createDefaultConfig(), "kernel_events/full": full} {
		t.Run(id, func(t *testing.T) {
			sub, err := conf.Sub(id)
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			require.EqualExportedValues(t, want, cfg)
		})
	}
}

func TestBadConfigNamesKeyAndRule(t *testing.T) {
	badRules := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(badRules, []byte("rules:\n  - name: site.alarm\n    contains: [\"SITE\"]\n    pattern: '('\n    severity: info\n"), 0o600))
	for yaml, want := range map[string]string{
		"path: kmsg":                           `"path": must be an absolute path, got "kmsg"`,
		"path: /tmp":                           `"path": must be a device or a file, /tmp is a folder`,
		"path: ''":                             `"path": must be an absolute path, got ""`,
		"start_at: beginning":                  `"start_at": must be now, boot or stored, got "beginning"`,
		"start_at: stored":                     `"storage": must name a storage extension where "start_at" is stored`,
		"storage: file_storage":                `"storage": is of use only where "start_at" is stored, it is now`,
		"collection_interval: 1ms":             `"collection_interval": must be at least 10ms and at most 24h0m0s, got 1ms`,
		"collection_interval: 25h":             `"collection_interval": must be at least 10ms and at most 24h0m0s, got 25h0m0s`,
		"rate_limit: {events_per_second: 0}":   `"rate_limit::events_per_second": must be at least 1 and at most 1000000, got 0`,
		"rate_limit: {burst: 1.5}":             `"rate_limit::burst": must be a whole number, got 1.5`,
		"rate_limit: {events_per_second: 0.5}": `"rate_limit::events_per_second": must be a whole number, got 0.5`,
		"rate_limit: {burst: 1000001}":         `"rate_limit::burst": must be at least 1 and at most 1000000, got 1000001`,
		"rules_file: /nowhere/rules.yaml":      `"rules_file": open /nowhere/rules.yaml: no such file or directory`,
		"rules_file: " + badRules:              `"rules_file": ` + badRules + `:2: rule "site.alarm": "pattern": error parsing regexp`,
		"xids: {790: {severity: error}}":       `"xids": "790": "meaning": must be given for an XID that is not known`,
		"xids: {79: {severity: bad}}":          `"xids": "79": "severity": must be info, warn, error or fatal, got "bad"`,
		"sxids: {20001: {action: PRAY}}":       `"sxids": "20001": "action": must be one of`,
		"{path: kmsg, start_at: never}":        `"start_at"`,
		"xids: {79: {colour: red}}":            `has invalid keys: colour`,
		"pth: /dev/kmsg":                       `has invalid keys: pth`,
		"metrics: {kernel.evts: {enabled: 1}}": `has invalid keys: kernel.evts`,
	} {
		t.Run(yaml, func(t *testing.T) {
			conf, err := confmap.NewRetrievedFromYAML([]byte(yaml))
			require.NoError(t, err)
			m, err := conf.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			if err = m.Unmarshal(cfg); err == nil {
				err = confmap.Validate(cfg)
			}
			require.ErrorContains(t, err, want)
		})
	}
}

func TestValidConfigLimits(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.RateLimit.Burst, cfg.RateLimit.EventsPerSecond = 10*time.Millisecond, 1, 1_000_000
	require.NoError(t, confmap.Validate(cfg))
	cfg.CollectionInterval, cfg.RateLimit.Burst, cfg.RateLimit.EventsPerSecond = 24*time.Hour, 1_000_000, 1
	require.NoError(t, confmap.Validate(cfg))
}
