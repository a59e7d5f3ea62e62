// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

const (
	defaultPath               = "/dev/kmsg"
	defaultCollectionInterval = 15 * time.Second
	defaultEventsPerSecond    = 100
	defaultBurst              = 1000

	minCollectionInterval = 10 * time.Millisecond
	maxDuration           = 24 * time.Hour
	maxRate               = 1_000_000
)

// Where reading begins.
const (
	startNow    = "now"
	startBoot   = "boot"
	startStored = "stored"
)

// Config is the configuration of the kernel events receiver. keys.yaml has the rules, and what README.md says about each key.
type Config struct {
	// Path is the kernel log: /dev/kmsg, or a file or fifo in its format.
	Path string `mapstructure:"path"`

	// StartAt is now (what is logged from now on), boot (all that the kernel still has) or stored (what comes after the last record of
	// the run before).
	StartAt string `mapstructure:"start_at"`

	// Storage is the extension that keeps how far the log has been read. Required where start_at is stored, and of no use otherwise.
	Storage *component.ID `mapstructure:"storage"`

	// RulesFile has rules that are merged over the shipped ones.
	RulesFile string `mapstructure:"rules_file"`

	// CollectionInterval is the time between two pushes of metrics.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`

	// RateLimit bounds the log records of each kind of event.
	RateLimit RateLimitConfig `mapstructure:"rate_limit"`

	// XIDs and SXIDs change what is known about single codes, by their numbers.
	XIDs  map[string]xid.Override `mapstructure:"xids"`
	SXIDs map[string]xid.Override `mapstructure:"sxids"`

	// MetricsBuilderConfig switches single metrics and resource attributes.
	MetricsBuilderConfig metadata.MetricsBuilderConfig `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RateLimitConfig bounds the log records of each kind of event. Metrics count all events.
type RateLimitConfig struct {
	// EventsPerSecond of a kind, on average.
	EventsPerSecond int `mapstructure:"events_per_second"`

	// Burst is how many events of a kind may come at once.
	Burst int `mapstructure:"burst"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

func createDefaultConfig() component.Config {
	return &Config{
		Path:                 defaultPath,
		StartAt:              startNow,
		CollectionInterval:   defaultCollectionInterval,
		RateLimit:            RateLimitConfig{EventsPerSecond: defaultEventsPerSecond, Burst: defaultBurst},
		MetricsBuilderConfig: metadata.DefaultMetricsBuilderConfig(),
	}
}

// Unmarshal refuses fractions of events.
func (cfg *Config) Unmarshal(conf *confmap.Conf) error {
	if err := receiverloop.WholeNumbers(conf, "rate_limit::events_per_second", "rate_limit::burst"); err != nil {
		return err
	}
	return conf.Unmarshal(cfg)
}

// Validate checks the rules of keys.yaml, and reads the file of rules.
func (cfg *Config) Validate() error {
	_, rulesErr := cfg.rules()
	_, codesErr := cfg.codes()
	return errors.Join(cfg.validatePath(), cfg.validateStart(), cfg.validateInterval(), rulesErr, codesErr,
		within("rate_limit::events_per_second", cfg.RateLimit.EventsPerSecond), within("rate_limit::burst", cfg.RateLimit.Burst))
}

func (cfg *Config) validatePath() error {
	if !filepath.IsAbs(cfg.Path) {
		return fmt.Errorf(`"path": must be an absolute path, got %q`, cfg.Path)
	}
	if info, err := os.Stat(cfg.Path); err == nil && info.IsDir() {
		return fmt.Errorf(`"path": must be a device or a file, %s is a folder`, cfg.Path)
	}
	return nil
}

func (cfg *Config) validateStart() error {
	stored := cfg.StartAt == startStored
	switch {
	case cfg.StartAt != startNow && cfg.StartAt != startBoot && !stored:
		return fmt.Errorf(`"start_at": must be now, boot or stored, got %q`, cfg.StartAt)
	case stored && cfg.Storage == nil:
		return errors.New(`"storage": must name a storage extension where "start_at" is stored`)
	case !stored && cfg.Storage != nil:
		return fmt.Errorf(`"storage": is of use only where "start_at" is stored, it is %s`, cfg.StartAt)
	}
	return nil
}

func (cfg *Config) validateInterval() error {
	if got := cfg.CollectionInterval; got < minCollectionInterval || got > maxDuration {
		return fmt.Errorf(`"collection_interval": must be at least %s and at most %s, got %s`, minCollectionInterval, maxDuration, got)
	}
	return nil
}

func within(key string, got int) error {
	if got < 1 || got > maxRate {
		return fmt.Errorf("%q: must be at least 1 and at most %d, got %d", key, maxRate, got)
	}
	return nil
}

// rules reads the rules. Errors name key, file, line and rule.
func (cfg *Config) rules() (*rules.Set, error) {
	if cfg.RulesFile == "" {
		return rules.Shipped()
	}
	content, err := os.ReadFile(cfg.RulesFile)
	if err == nil {
		var set *rules.Set
		if set, err = rules.New(cfg.RulesFile, content); err == nil {
			return set, nil
		}
	}
	return nil, fmt.Errorf(`"rules_file": %w`, err)
}

func (cfg *Config) codes() (*xid.Table, error) {
	_, xidErr := xid.New(cfg.XIDs, nil)
	if xidErr != nil {
		xidErr = fmt.Errorf(`"xids": %w`, xidErr)
	}
	table, err := xid.New(cfg.XIDs, cfg.SXIDs)
	if xidErr == nil && err != nil {
		err = fmt.Errorf(`"sxids": %w`, err)
	}
	if xidErr != nil {
		err = xidErr
	}
	return table, err
}
