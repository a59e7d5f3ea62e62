// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

const (
	defaultEndpoint           = "localhost:5555"
	defaultCollectionInterval = 15 * time.Second
	defaultInitialDelay       = time.Second
	defaultTimeout            = 10 * time.Second
	defaultMaxSeries          = 10_000
	defaultForgetAfter        = time.Hour

	// defaultHealthInterval is that of DCGM's own thermal, power and PCIe watches, which look at a minute; minHealthInterval is what
	// a check may cost.
	defaultHealthInterval = time.Minute
	minHealthInterval     = 30 * time.Second

	// minCollectionInterval is the fastest that DCGM samples.
	minCollectionInterval = 100 * time.Millisecond
	// maxDuration is the longest of most durations, and maxMemory that of what old values and lost GPUs are kept for.
	maxDuration = time.Hour
	maxMemory   = 24 * time.Hour
	// minForgetAfter leaves an alert time to see that a GPU has left.
	minForgetAfter = time.Minute
	// minTimeout leaves the host engine time to take the first sample of a watch.
	minTimeout = time.Second
)

// What a build without DCGM does to the Collector's readiness.
const (
	whenUnavailableReady    = "ready"
	whenUnavailableNotReady = "not_ready"
)

// Where the host engine runs.
const (
	modeStandalone = "standalone"
	modeEmbedded   = "embedded"
)

// Config is the configuration of the DCGM receiver. keys.yaml has the rules, and what README.md says about each key.
type Config struct {
	// Endpoint is where the host engine (nv-hostengine) listens: host:port, tcp://host:port,
	// unix:///path or vsock://cid:port. One process has one host engine.
	Endpoint string `mapstructure:"endpoint"`

	// Mode is standalone, or embedded for a host engine inside this process, which then has no
	// endpoint.
	Mode string `mapstructure:"mode"`

	// CollectionInterval is the time between two collections, and the period at which DCGM samples
	// what changes fast.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`

	// InitialDelay is the time after start before which nothing is collected.
	InitialDelay time.Duration `mapstructure:"initial_delay"`

	// Timeout is how long one call of DCGM may take before the receiver counts it as hung.
	Timeout time.Duration `mapstructure:"timeout"`

	// Devices are the GPUs to collect: all, or DCGM's GPU numbers and UUIDs. A device that is
	// absent is reported and waited for.
	Devices []string `mapstructure:"devices"`

	// MaxSeries is how many series one collection may emit. What is beyond it is left out, the
	// least important metrics of all GPUs first.
	MaxSeries int `mapstructure:"max_series"`

	// StaleAfter is the age at which a value sampled at CollectionInterval is no longer emitted.
	// What is sampled less often may be older in proportion.
	StaleAfter time.Duration `mapstructure:"stale_after"`

	// ForgetAfter is how long a GPU that the host engine does not list any more is reported as absent. One whose
	// place another GPU has taken is not.
	ForgetAfter time.Duration `mapstructure:"forget_after"`

	// WhenUnavailable is what a build without DCGM support means for the Collector: ready for an error that leaves it
	// ready, as a node without GPUs does, or not_ready for a permanent one.
	WhenUnavailable string `mapstructure:"when_unavailable"`

	// Storage is the extension, such as file_storage, that keeps how far events were read, how often each came, and
	// those that no logs pipeline has taken yet, over restarts of the Collector.
	Storage *component.ID `mapstructure:"storage"`

	// HealthInterval is the time between two checks of the health watches of DCGM; 0s for none.
	HealthInterval time.Duration `mapstructure:"health_interval"`

	// XIDs and SXIDs change what is said of single codes, by number.
	XIDs  map[string]xid.Override `mapstructure:"xids"`
	SXIDs map[string]xid.Override `mapstructure:"sxids"`

	// RepeatUnchanged emits the newest value of every series at every collection, with the timestamp of its
	// sample. Else a value is emitted once.
	RepeatUnchanged bool `mapstructure:"repeat_unchanged"`

	// Views are what the samples are emitted as: otel, by OpenTelemetry's semantic conventions, dcgm_exporter, as dcgm-exporter has them, or
	// several.
	Views []string `mapstructure:"views"`

	// DCGMExporter is the view dcgm_exporter.
	DCGMExporter DCGMExporterConfig `mapstructure:"dcgm_exporter"`

	// Dump records what the host engine answers, for a report of a fault. Off unless it has a path.
	Dump DumpConfig `mapstructure:"dump"`

	// MetricsBuilderConfig switches single metrics and resource attributes.
	MetricsBuilderConfig metadata.MetricsBuilderConfig `mapstructure:",squash"`

	google googleConfig

	// prevent unkeyed literal initialization
	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

func createDefaultConfig() component.Config {
	return &Config{
		Endpoint:             defaultEndpoint,
		Mode:                 modeStandalone,
		CollectionInterval:   defaultCollectionInterval,
		InitialDelay:         defaultInitialDelay,
		Timeout:              defaultTimeout,
		Devices:              []string{inventory.AllDevices},
		MaxSeries:            defaultMaxSeries,
		HealthInterval:       defaultHealthInterval,
		RepeatUnchanged:      true,
		Views:                []string{viewOTel},
		DCGMExporter:         defaultDCGMExporterConfig(),
		ForgetAfter:          defaultForgetAfter,
		WhenUnavailable:      whenUnavailableReady,
		Dump:                 DumpConfig{Duration: defaultDumpDuration, MaxSizeMiB: defaultDumpMiB},
		MetricsBuilderConfig: metadata.DefaultMetricsBuilderConfig(),
	}
}

// Unmarshal takes GPU numbers for devices and releases that are written as numbers, and what Google's dcgmreceiver is configured with, or
// names the counterparts of its metrics.
func (cfg *Config) Unmarshal(conf *confmap.Conf) error {
	if err := errors.Join(cfg.google.take(conf), receiverloop.WholeNumbers(conf, "max_series", "dump::max_size_mib"), withoutViewErr(conf)); err != nil {
		return err
	}
	if release, isNumber := conf.Get("dcgm_exporter::names").(float64); isNumber {
		text := map[string]any{"dcgm_exporter": map[string]any{"names": fmt.Sprint(release)}}
		if err := conf.Merge(confmap.NewFromStringMap(text)); err != nil {
			return err
		}
	}
	names := conf.Get("devices")
	if number, isNumber := names.(int); isNumber {
		names = []any{number}
	}
	if list, isList := names.([]any); isList {
		for i, name := range list {
			list[i] = fmt.Sprint(name)
		}
		if err := conf.Merge(confmap.NewFromStringMap(map[string]any{"devices": list})); err != nil {
			return err
		}
	}
	return conf.Unmarshal(cfg)
}

// Validate checks the rules of keys.yaml.
func (cfg *Config) Validate() error {
	_, endpointErr := cfg.host()
	_, devicesErr := inventory.ParseDevices(cfg.Devices)
	return errors.Join(
		endpointErr,
		within("collection_interval", cfg.CollectionInterval, minCollectionInterval, maxDuration),
		within("initial_delay", cfg.InitialDelay, 0, maxDuration),
		within("timeout", cfg.Timeout, minTimeout, maxDuration),
		devicesErr,
		cfg.validateMaxSeries(),
		cfg.validateStaleAfter(),
		within("forget_after", cfg.ForgetAfter, minForgetAfter, maxMemory),
		cfg.Dump.validate(),
		cfg.validateWhenUnavailable(),
		cfg.validateHealthInterval(),
		codesErr("xids", cfg.XIDs, nil),
		codesErr("sxids", nil, cfg.SXIDs),
		cfg.validateViews(),
	)
}

func (cfg *Config) validateHealthInterval() error {
	if cfg.HealthInterval == 0 {
		return nil
	}
	return within("health_interval", cfg.HealthInterval, minHealthInterval, maxDuration)
}

func codesErr(key string, xids, sxids map[string]xid.Override) error {
	if _, err := xid.New(xids, sxids); err != nil {
		return fmt.Errorf("%q: %w", key, err)
	}
	return nil
}

func within(key string, got, least, most time.Duration) error {
	switch {
	case got < least:
		return fmt.Errorf(`%q: must be at least %s, got %s`, key, least, got)
	case got > most:
		return fmt.Errorf(`%q: must be at most %s, got %s`, key, most, got)
	default:
		return nil
	}
}

func (cfg *Config) validateWhenUnavailable() error {
	if cfg.WhenUnavailable == whenUnavailableReady || cfg.WhenUnavailable == whenUnavailableNotReady {
		return nil
	}
	return fmt.Errorf(`"when_unavailable": must be %s or %s, got %q`, whenUnavailableReady, whenUnavailableNotReady, cfg.WhenUnavailable)
}

func (cfg *Config) validateMaxSeries() error {
	if cfg.MaxSeries >= 1 {
		return nil
	}
	return fmt.Errorf(`"max_series": must be at least 1, got %d`, cfg.MaxSeries)
}

func (cfg *Config) validateStaleAfter() error {
	if cfg.StaleAfter == 0 || cfg.StaleAfter >= cfg.CollectionInterval {
		return within("stale_after", cfg.StaleAfter, 0, maxMemory)
	}
	return fmt.Errorf(`"stale_after": must be 0s or at least "collection_interval" (%s), got %s`, cfg.CollectionInterval, cfg.StaleAfter)
}

// host returns the host engine that endpoint and mode name.
func (cfg *Config) host() (dcgm.Endpoint, error) {
	switch {
	case cfg.Mode == modeEmbedded && cfg.Endpoint != defaultEndpoint:
		return dcgm.Endpoint{}, fmt.Errorf(`"endpoint": must not be set where "mode" is %s, got %q`, modeEmbedded, cfg.Endpoint)
	case cfg.Mode == modeEmbedded:
		return dcgm.Embedded(), nil
	case cfg.Mode != modeStandalone:
		return dcgm.Endpoint{}, fmt.Errorf(`"mode": must be %s or %s, got %q`, modeStandalone, modeEmbedded, cfg.Mode)
	}
	endpoint, err := dcgm.ParseEndpoint(cfg.Endpoint)
	if err != nil {
		return dcgm.Endpoint{}, fmt.Errorf(`"endpoint": %w`, err)
	}
	return endpoint, nil
}
