// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
)

var _ extensioncapabilities.ConfigWatcher = (*healthSLO)(nil)

// indicatorSections are the parts of the configuration an objective's components come from.
// Connectors have no metrics of an exporter, so they are not among them.
var indicatorSections = map[string]string{
	"exporter_success_ratio": "exporters",
	"queue_headroom":         "exporters",
	"receiver_freshness":     "receivers",
}

// NotifyConfig is called with the Collector's effective configuration, between Start and the
// start of the pipelines.
func (h *healthSLO) NotifyConfig(_ context.Context, conf *confmap.Conf) error {
	if err := h.cfg.ValidateWhole(conf); err != nil {
		return fmt.Errorf("%s: %w", h.set.ID, err)
	}
	if h.samples != nil {
		h.samples.SetWaitingExporters(waitingExporters(conf))
		views, _ := conf.Get("service::telemetry::metrics::views").([]any)
		h.samples.SetViews(len(views) > 0)
	}
	return nil
}

// ValidateWhole reports what of the configuration does not fit the Collector's, which it is part of. The distributions' command calls it
// when a configuration is validated, NotifyConfig when it is started.
func (cfg *Config) ValidateWhole(whole *confmap.Conf) error {
	var errs []error
	for i := range cfg.Objectives {
		errs = append(errs, checkComponents(whole, i, &cfg.Objectives[i])...)
	}
	return errors.Join(errs...)
}

// checkComponents reports components that do not exist: they would never be measured.
func checkComponents(conf *confmap.Conf, i int, o *ObjectiveConfig) []error {
	section, has := indicatorSections[o.Indicator]
	if !has {
		return nil // Validate says what is wrong.
	}
	var errs []error
	existing := sectionIDs(conf, section)
	for j, id := range o.Components {
		if !slices.Contains(existing, id) {
			errs = append(errs, fmt.Errorf(`"objectives::%d::components::%d": must be one of the %s, got %q`, i, j, section, id))
		}
	}
	return errs
}

func sectionIDs(conf *confmap.Conf, section string) []component.ID {
	entries, _ := conf.Get(section).(map[string]any)
	ids := make([]component.ID, 0, len(entries))
	for key := range entries {
		var id component.ID
		if err := id.UnmarshalText([]byte(key)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// waitingExporters returns the exporters whose callers wait for the result of a request.
func waitingExporters(conf *confmap.Conf) map[string]bool {
	waiting := map[string]bool{}
	for _, id := range sectionIDs(conf, "exporters") {
		if waits, _ := conf.Get("exporters::" + id.String() + "::sending_queue::wait_for_result").(bool); waits {
			waiting[id.String()] = true
		}
	}
	return waiting
}
