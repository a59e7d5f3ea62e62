// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/metadata"
)

const (
	defaultCollectionInterval = 15 * time.Second
	defaultInitialDelay       = time.Second

	// minCollectionInterval keeps a mistyped unit from turning the heartbeat into a load.
	minCollectionInterval = 10 * time.Millisecond

	// maxDuration keeps sums of durations and instants far from where they overflow.
	maxDuration = 24 * time.Hour
)

// Config is the configuration of the clock receiver. keys.yaml has the rules, and what README.md says about each key.
type Config struct {
	// CollectionInterval is the time between two ticks. Ticks fall on its multiples since the Unix
	// epoch.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`

	// InitialDelay is the time after start before which no tick happens.
	InitialDelay time.Duration `mapstructure:"initial_delay"`

	// Jitter delays every tick by a random time below it, so that the nodes of a fleet do not all
	// push at once.
	Jitter time.Duration `mapstructure:"jitter"`

	// MetricsBuilderConfig switches single metrics and resource attributes.
	MetricsBuilderConfig metadata.MetricsBuilderConfig `mapstructure:",squash"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

func createDefaultConfig() component.Config {
	return &Config{
		CollectionInterval:   defaultCollectionInterval,
		InitialDelay:         defaultInitialDelay,
		MetricsBuilderConfig: metadata.DefaultMetricsBuilderConfig(),
	}
}

// Validate checks the rules of keys.yaml.
func (cfg *Config) Validate() error {
	var errs []error
	errs = append(errs,
		within("collection_interval", cfg.CollectionInterval, minCollectionInterval, maxDuration),
		within("initial_delay", cfg.InitialDelay, 0, maxDuration),
	)
	if cfg.Jitter < 0 || (cfg.Jitter > 0 && cfg.Jitter >= cfg.CollectionInterval) {
		errs = append(errs, fmt.Errorf(`"jitter": must be at least 0s and less than "collection_interval" (%s), got %s`, cfg.CollectionInterval, cfg.Jitter))
	}
	return errors.Join(errs...)
}

func within(key string, got, least, most time.Duration) error {
	if got >= least && got <= most {
		return nil
	}
	return fmt.Errorf(`%q: must be at least %s and at most %s, got %s`, key, least, most, got)
}
