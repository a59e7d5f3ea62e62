// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

func TestConfigStruct(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

func TestConfigFiles(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)

	full := createDefaultConfig().(*Config)
	full.Endpoint = "unix:///run/nvidia/dcgm.sock"
	full.CollectionInterval = time.Second
	full.InitialDelay = 0
	full.Timeout = 5 * time.Second
	full.Devices = []string{"0", "GPU-6cc4bf38-2ba8-4ec5-bf1a-2b3a5ce1a5d2"}
	full.MaxSeries = 500
	full.StaleAfter = 5 * time.Second
	full.ForgetAfter = 10 * time.Minute
	full.WhenUnavailable = whenUnavailableNotReady
	storage, frozen := component.MustNewIDWithName("file_storage", "gpu"), true
	full.Storage = &storage
	full.HealthInterval = 0
	full.XIDs = map[string]xid.Override{"43": {Severity: "info"}, "500": {Meaning: "new", Action: "RESET_GPU", Frozen: &frozen}}
	full.SXIDs = map[string]xid.Override{"20001": {Severity: "warn"}}
	full.RepeatUnchanged = false
	full.Views = []string{viewOTel, viewDCGMExporter}
	full.DCGMExporter = DCGMExporterConfig{
		Counters: "DCGM_FI_DEV_GPU_TEMP, gauge, temperature", Names: exporterview.Names49, HostnameLabel: hostnameBoth, MIG: migGPUs,
		XIDWindow: time.Minute, ClockEventsWindow: 2 * time.Minute, StickyXID: true,
	}
	full.Dump = DumpConfig{Path: "/var/lib/otelcol/dcgm.jsonl", Duration: time.Hour, MaxSizeMiB: 16, Redact: true}
	full.MetricsBuilderConfig.Metrics.GpuPowerInstant.Enabled = true
	full.MetricsBuilderConfig.Metrics.HwFanSpeedRatio.Enabled = false
	full.MetricsBuilderConfig.ResourceAttributes.HostID.Enabled = false
	embedded := createDefaultConfig().(*Config)
	embedded.Mode = modeEmbedded
	one := createDefaultConfig().(*Config)
	one.Devices = []string{"0", "1"}

	for id, want := range map[string]*Config{"dcgm": createDefaultConfig().(*Config), "dcgm/full": full, "dcgm/embedded": embedded, "dcgm/scalar": one} {
		sub, err := conf.Sub(id)
		require.NoError(t, err)
		got := createDefaultConfig()
		require.NoError(t, sub.Unmarshal(got), id)
		require.NoError(t, got.(*Config).Validate(), id)
		require.Empty(t, cmp.Diff(want, got, cmp.AllowUnexported(component.ID{}, component.Type{}), cmpopts.IgnoreUnexported(Config{}, DumpConfig{}, DCGMExporterConfig{}, xid.Override{}, metadata.MetricConfig{}, metadata.ResourceAttributeConfig{})), id)
	}
}

func exporterWith(change func(*DCGMExporterConfig)) func(*Config) {
	return func(c *Config) {
		c.Views = []string{viewDCGMExporter}
		change(&c.DCGMExporter)
	}
}

func TestConfigErrorsNameKeyAndRule(t *testing.T) {
	folder := t.TempDir()
	for name, tt := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no view":           {func(c *Config) { c.Views = nil }, `"views": must have one of otel, dcgm_exporter, google at least`},
		"unknown view":      {func(c *Config) { c.Views = []string{"nvml"} }, `"views": must be among otel, dcgm_exporter, google, got "nvml"`},
		"view twice":        {func(c *Config) { c.Views = []string{viewOTel, viewOTel} }, `"views": otel stands there twice, each of its series would come twice`},
		"release of names":  {exporterWith(func(c *DCGMExporterConfig) { c.Names = "4.7" }), `"dcgm_exporter::names": must be 4.8, 4.9 or both, got "4.7"`},
		"label of the host": {exporterWith(func(c *DCGMExporterConfig) { c.HostnameLabel = "host" }), `"dcgm_exporter::hostname_label": must be Hostname, hostname, both or none, got "host"`},
		"counter of checks": {func(c *Config) {
			c.Views, c.HealthInterval, c.DCGMExporter.Counters = []string{viewDCGMExporter}, 0, "DCGM_EXP_GPU_HEALTH_STATUS, gauge, h"
		}, `"health_interval": must not be 0s where "dcgm_exporter::counters" has DCGM_EXP_GPU_HEALTH_STATUS`},
		"series of MIG":            {exporterWith(func(c *DCGMExporterConfig) { c.MIG = "off" }), `"dcgm_exporter::mig": must be among flex, gpus, instances, both, got "off"`},
		"XID window":               {exporterWith(func(c *DCGMExporterConfig) { c.XIDWindow = 0 }), `"dcgm_exporter::xid_window": must be at least 1s, got 0s`},
		"clock events window":      {exporterWith(func(c *DCGMExporterConfig) { c.ClockEventsWindow = 48 * time.Hour }), `"dcgm_exporter::clock_events_window": must be at most 24h0m0s, got 48h0m0s`},
		"counters file":            {exporterWith(func(c *DCGMExporterConfig) { c.Counters = "/nowhere.csv" }), `"dcgm_exporter::counters": read the counters file: open /nowhere.csv`},
		"counter":                  {exporterWith(func(c *DCGMExporterConfig) { c.Counters = "\nDCGM_X, gauge, x" }), `"dcgm_exporter::counters": line:2: no field of DCGM is called DCGM_X`},
		"endpoint without port":    {func(c *Config) { c.Endpoint = "localhost" }, `"endpoint": must be host:port or tcp://host:port, got "localhost"`},
		"endpoint without host":    {func(c *Config) { c.Endpoint = ":5555" }, `"endpoint": must be host:port or tcp://host:port, got ":5555"`},
		"endpoint with port 0":     {func(c *Config) { c.Endpoint = "localhost:0" }, `"endpoint": must have a port from 1 to 65535, got "localhost:0"`},
		"endpoint with big port":   {func(c *Config) { c.Endpoint = "tcp://localhost:65536" }, `"endpoint": must have a port from 1 to 65535, got "tcp://localhost:65536"`},
		"endpoint of another form": {func(c *Config) { c.Endpoint = "http://localhost:5555" }, `"endpoint": must be host:port, tcp://host:port, unix:///path or vsock://cid:port, got "http://localhost:5555"`},
		"relative socket":          {func(c *Config) { c.Endpoint = "unix://dcgm.sock" }, `"endpoint": must be unix:// and an absolute path, as in unix:///run/nvidia/dcgm.sock, got "unix://dcgm.sock"`},
		"host too long":            {func(c *Config) { c.Endpoint = strings.Repeat("h", 88) + ":5555" }, `"endpoint": must have a host:port of at most 92 bytes, not 93, got "hhh`},
		"socket path too long":     {func(c *Config) { c.Endpoint = "unix:///" + strings.Repeat("s", 107) }, `"endpoint": must have a path of at most 107 bytes, not 108, got "unix:///sss`},
		"vsock without port":       {func(c *Config) { c.Endpoint = "vsock://2" }, `"endpoint": must be vsock:// with a context id and a port, both numbers, as in vsock://2:5555, got "vsock://2"`},
		"empty endpoint":           {func(c *Config) { c.Endpoint = "" }, `"endpoint": must be host:port or tcp://host:port, got ""`},
		"health checks too often":  {func(c *Config) { c.HealthInterval = time.Second }, `"health_interval": must be at least 30s, got 1s`},
		"health checks too seldom": {func(c *Config) { c.HealthInterval = 2 * time.Hour }, `"health_interval": must be at most 1h0m0s, got 2h0m0s`},
		"negative health interval": {func(c *Config) { c.HealthInterval = -1 }, `"health_interval": must be at least 30s, got -1ns`},
		"XID that is none":         {func(c *Config) { c.XIDs = map[string]xid.Override{"0": {}} }, `"xids": "0": must be the number of an XID, from 1 to 99999`},
		"unknown XID":              {func(c *Config) { c.XIDs = map[string]xid.Override{"790": {Severity: "warn"}} }, `"xids": "790": "meaning": must be given for an XID that is not known`},
		"severity that is none":    {func(c *Config) { c.XIDs = map[string]xid.Override{"79": {Severity: "bad"}} }, `"xids": "79": "severity": must be info, warn, error or fatal, got "bad"`},
		"action that is none":      {func(c *Config) { c.XIDs = map[string]xid.Override{"79": {Action: "PRAY"}} }, `"xids": "79": "action": must be one of `},
		"action of an SXID":        {func(c *Config) { c.SXIDs = map[string]xid.Override{"20001": {Action: "PRAY"}} }, `"sxids": "20001": "action": must be one of `},
		"unknown SXID":             {func(c *Config) { c.SXIDs = map[string]xid.Override{"1": {Severity: "warn"}} }, `"sxids": "1": "meaning": must be given for an SXID that is not known`},
		"unknown mode":             {func(c *Config) { c.Mode = "remote" }, `"mode": must be standalone or embedded, got "remote"`},
		"embedded with endpoint":   {func(c *Config) { c.Mode, c.Endpoint = modeEmbedded, "gpu1:5555" }, `"endpoint": must not be set where "mode" is embedded, got "gpu1:5555"`},
		"interval too short":       {func(c *Config) { c.CollectionInterval = 99 * time.Millisecond }, `"collection_interval": must be at least 100ms, got 99ms`},
		"interval too long":        {func(c *Config) { c.CollectionInterval = time.Hour + 1 }, `"collection_interval": must be at most 1h0m0s, got 1h0m0.000000001s`},
		"delay too long":           {func(c *Config) { c.InitialDelay = 100000 * time.Hour }, `"initial_delay": must be at most 1h0m0s, got 100000h0m0s`},
		"timeout too long":         {func(c *Config) { c.Timeout = 2 * time.Hour }, `"timeout": must be at most 1h0m0s, got 2h0m0s`},
		"stale after a year":       {func(c *Config) { c.StaleAfter = 8760 * time.Hour }, `"stale_after": must be at most 24h0m0s, got 8760h0m0s`},
		"negative delay":           {func(c *Config) { c.InitialDelay = -1 }, `"initial_delay": must be at least 0s, got -1ns`},
		"timeout too short":        {func(c *Config) { c.Timeout = 999 * time.Millisecond }, `"timeout": must be at least 1s, got 999ms`},
		"no device":                {func(c *Config) { c.Devices = nil }, `"devices": must be all, or name at least one GPU`},
		"all and more":             {func(c *Config) { c.Devices = []string{"all", "0"} }, `got "all"`},
		"neither index nor UUID":   {func(c *Config) { c.Devices = []string{"0", "gpu1"} }, `"devices": must be all, or a list of GPU numbers such as 0 and UUIDs such as GPU-6cc4bf38-2ba8-4ec5-bf1a-2b3a5ce1a5d2, got "gpu1"`},
		"negative index":           {func(c *Config) { c.Devices = []string{"-1"} }, `got "-1"`},
		"shortened UUID":           {func(c *Config) { c.Devices = []string{"GPU-6cc4bf38"} }, `got "GPU-6cc4bf38"`},
		"no series":                {func(c *Config) { c.MaxSeries = 0 }, `"max_series": must be at least 1, got 0`},
		"stale before interval":    {func(c *Config) { c.StaleAfter = 14 * time.Second }, `"stale_after": must be 0s or at least "collection_interval" (15s), got 14s`},
		"forgetting too early":     {func(c *Config) { c.ForgetAfter = 59 * time.Second }, `"forget_after": must be at least 1m0s, got 59s`},
		"unknown readiness":        {func(c *Config) { c.WhenUnavailable = "fail" }, `"when_unavailable": must be ready or not_ready, got "fail"`},
		"relative dump":            {func(c *Config) { c.Dump.Path = "dcgm.jsonl" }, `"dump::path": must be empty or the absolute path of a file, got "dcgm.jsonl"`},
		"dump over a folder":       {func(c *Config) { c.Dump.Path = folder }, `"dump::path": must be empty or the absolute path of a file, got "` + folder + `"`},
		"dump into a folder":       {func(c *Config) { c.Dump.Path = "/var/lib/" }, `"dump::path": must be empty or the absolute path of a file, got "/var/lib/"`},
		"no dump":                  {func(c *Config) { c.Dump.Duration = 0 }, `"dump::duration": must be at least 1s, got 0s`},
		"endless dump":             {func(c *Config) { c.Dump.Duration = 25 * time.Hour }, `"dump::duration": must be at most 24h0m0s, got 25h0m0s`},
		"empty dump":               {func(c *Config) { c.Dump.MaxSizeMiB = 0 }, `"dump::max_size_mib": must be from 1 to 1024, got 0`},
		"huge dump":                {func(c *Config) { c.Dump.MaxSizeMiB = 1025 }, `"dump::max_size_mib": must be from 1 to 1024, got 1025`},
		"never forgetting":         {func(c *Config) { c.ForgetAfter = 25 * time.Hour }, `"forget_after": must be at most 24h0m0s, got 25h0m0s`},
		"negative staleness":       {func(c *Config) { c.StaleAfter = -1 }, `"stale_after": must be 0s or at least "collection_interval" (15s), got -1ns`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			tt.change(cfg)
			require.ErrorContains(t, cfg.Validate(), tt.want)
		})
	}
}

// A staleness far away is what it says: it does not overflow into one that has passed.
func TestLongestStalenessIsFarAway(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.CollectionInterval, cfg.StaleAfter = minCollectionInterval, maxMemory
	require.NoError(t, cfg.Validate())
	pace := catalog.NewPace(cfg.CollectionInterval, cfg.StaleAfter)
	for tier := range catalog.Tiers {
		require.GreaterOrEqual(t, pace.Limit(tier), maxMemory.Microseconds())
	}
}

func TestLongestEndpointsAreTaken(t *testing.T) {
	for _, endpoint := range []string{"tcp://" + strings.Repeat("h", 87) + ":5555", "unix:///" + strings.Repeat("s", 106)} {
		cfg := createDefaultConfig().(*Config)
		cfg.Endpoint = endpoint
		require.NoError(t, cfg.Validate())
	}
}

func TestAllConfigErrorsAreReportedAtOnce(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Endpoint, cfg.CollectionInterval, cfg.MaxSeries = "nowhere", 0, 0
	for _, key := range []string{"endpoint", "collection_interval", "max_series"} {
		require.ErrorContains(t, cfg.Validate(), key)
	}
}

func TestUnknownKeysFail(t *testing.T) {
	for _, conf := range []map[string]any{
		{"endpont": "localhost:5555"},
		{"metrics": map[string]any{"gpu.powr": map[string]any{"enabled": true}}},
	} {
		cfg := createDefaultConfig()
		require.ErrorContains(t, confmap.NewFromStringMap(conf).Unmarshal(cfg), "invalid keys")
	}
}

func TestEnabledMetricsKnowsEveryMetric(t *testing.T) {
	enabled := enabledOf(metadata.DefaultMetricsConfig())
	require.True(t, enabled["hw.power"])
	on, known := enabled["gpu.power.instant"]
	require.True(t, known)
	require.False(t, on)
}

func TestFractionsOfWhatIsCountedAreRefused(t *testing.T) {
	for _, key := range []string{"max_series", "dump::max_size_mib"} {
		path := strings.Split(key, "::")
		var value any = 1.5
		for _, name := range slices.Backward(path) {
			value = map[string]any{name: value}
		}
		err := confmap.NewFromStringMap(value.(map[string]any)).Unmarshal(createDefaultConfig())
		require.ErrorContains(t, err, fmt.Sprintf("%q: must be a whole number, got 1.5", key))
	}
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"max_series": 500.0}).Unmarshal(cfg))
	require.Equal(t, 500, cfg.MaxSeries)
}
