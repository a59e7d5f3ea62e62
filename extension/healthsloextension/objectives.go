// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

const (
	minWindow         = time.Second
	maxWindow         = time.Hour
	minSampleInterval = 100 * time.Millisecond
	samplesPerWindow  = 2 // at least
	maxBudgetWindow   = 30 * 24 * time.Hour

	defaultMaxAge        = time.Minute
	defaultMaxDepthRatio = 0.8
)

// ObjectiveConfig is a service level objective in the terms of Google's SRE workbook: the
// error budget is 1 - target, and a burn rate of 1 spends it within exactly the window.
type ObjectiveConfig struct {
	// Name ("name") identifies the objective.
	Name string `mapstructure:"name"`

	// Indicator ("indicator") is what is measured: exporter_success_ratio, queue_headroom,
	// readiness or receiver_freshness.
	Indicator string `mapstructure:"indicator"`

	// Target ("target") is the wanted share of good.
	Target float64 `mapstructure:"target"`

	// Windows ("windows") are those a burn rate is reported for. The error budget is the
	// longest one's.
	Windows []time.Duration `mapstructure:"windows"`

	// Components ("components") narrows the indicator down to these exporters or receivers.
	Components []component.ID `mapstructure:"components"`

	// MaxAge ("max_age") is how long ago the last success of a fresh receiver may be. Only for
	// receiver_freshness.
	MaxAge time.Duration `mapstructure:"max_age"`

	// MaxDepthRatio ("max_depth_ratio") is how full a queue with headroom may be. Only for
	// queue_headroom.
	MaxDepthRatio float64 `mapstructure:"max_depth_ratio"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ confmap.Unmarshaler = (*ObjectiveConfig)(nil)

// Unmarshal gives a setting its default only where its indicator has that setting, so that what
// is set to nothing, or without an effect, can be reported.
func (o *ObjectiveConfig) Unmarshal(conf *confmap.Conf) error {
	switch conf.Get("indicator") {
	case "receiver_freshness":
		o.MaxAge = defaultMaxAge
	case "queue_headroom":
		o.MaxDepthRatio = defaultMaxDepthRatio
	}
	return conf.Unmarshal(o)
}

func (cfg *Config) validateSampling() error {
	errs := []error{validateScrapeEndpoint(cfg.ScrapeEndpoint)}
	if cfg.Window < minWindow || cfg.Window > maxWindow {
		errs = append(errs, fmt.Errorf(`"window": must be from %v to %v, got %v`, minWindow, maxWindow, cfg.Window))
	}
	if most := cfg.Window / samplesPerWindow; cfg.SampleInterval < minSampleInterval || cfg.SampleInterval > most {
		errs = append(errs, fmt.Errorf(`"sample_interval": must be from %v to half of "window" (%v), got %v`, minSampleInterval, most, cfg.SampleInterval))
	}
	for i := range cfg.Objectives {
		errs = append(errs, cfg.validateObjective(i))
	}
	return errors.Join(errs...)
}

func validateScrapeEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	const rule = `"scrape_endpoint": must be an http or https URL such as http://localhost:8888/metrics, `
	parsed, err := url.Parse(endpoint)
	switch {
	case err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Fragment != "":
		return fmt.Errorf(rule+"got %q", endpoint)
	case parsed.User != nil:
		return fmt.Errorf(rule+"without a user, got %q", parsed.Redacted())
	}
	return nil
}

// validateObjective reports everything that is wrong with one objective, under its keys.
func (cfg *Config) validateObjective(i int) error {
	o := &cfg.Objectives[i]
	var errs []error
	f := func(broken bool, key, rule string, got any) {
		if broken {
			errs = append(errs, fmt.Errorf(`"objectives::%d::%s": %s, got %#v`, i, key, rule, got))
		}
	}
	f(strings.TrimSpace(o.Name) == "", "name", "must not be empty", o.Name)
	f(slices.ContainsFunc(cfg.Objectives[:i], func(other ObjectiveConfig) bool { return other.Name == o.Name && o.Name != "" }),
		"name", "must differ from the names of other objectives", o.Name)
	f(!slices.Contains(sampling.Indicators(), o.Indicator), "indicator", "must be one of "+strings.Join(sampling.Indicators(), ", "), o.Indicator)
	f(!(o.Target > 0 && o.Target < 1), "target", "must be above 0 and below 1", o.Target)
	if len(o.Windows) == 0 {
		errs = append(errs, fmt.Errorf(`"objectives::%d::windows": must have at least one window`, i))
	}
	for j, window := range o.Windows {
		f(window < cfg.Window || window > maxBudgetWindow, fmt.Sprintf("windows::%d", j),
			fmt.Sprintf(`must be from "window" (%v) to %v`, cfg.Window, maxBudgetWindow), window.String())
		f(slices.Contains(o.Windows[:j], window), fmt.Sprintf("windows::%d", j), "must be listed once", window.String())
	}
	f(len(o.Components) > 0 && o.Indicator == "readiness", "components", "must not be set for readiness", fmt.Sprint(o.Components))
	fresh, queues := o.Indicator == "receiver_freshness", o.Indicator == "queue_headroom"
	f(!fresh && o.MaxAge != 0, "max_age", "must be set for receiver_freshness alone", o.MaxAge.String())
	f(fresh && (o.MaxAge <= 0 || o.MaxAge > maxBudgetWindow), "max_age", fmt.Sprintf("must be above 0s and at most %v", maxBudgetWindow), o.MaxAge.String())
	f(!queues && o.MaxDepthRatio != 0, "max_depth_ratio", "must be set for queue_headroom alone", o.MaxDepthRatio)
	f(queues && !(o.MaxDepthRatio > 0 && o.MaxDepthRatio < 1), "max_depth_ratio", "must be above 0 and below 1", o.MaxDepthRatio)
	return errors.Join(errs...)
}

func (cfg *Config) objectiveSettings() []sampling.ObjectiveSettings {
	settings := make([]sampling.ObjectiveSettings, 0, len(cfg.Objectives))
	for _, o := range cfg.Objectives {
		set := sampling.ObjectiveSettings{
			Name: o.Name, Indicator: o.Indicator, Target: o.Target, Windows: o.Windows,
			MaxAge: o.MaxAge, MaxDepthRatio: o.MaxDepthRatio,
		}
		for _, id := range o.Components {
			set.Components = append(set.Components, id.String())
		}
		settings = append(settings, set)
	}
	return settings
}
