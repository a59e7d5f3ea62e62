// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
)

// What the samples may be emitted as.
const (
	viewOTel         = "otel"
	viewDCGMExporter = "dcgm_exporter"
	viewGoogle       = "google"
)

var views = []string{viewOTel, viewDCGMExporter, viewGoogle}

// Labels of dcgm-exporter that name the host. 4.8.1 and earlier have the first one, 4.9 has the second one.
const (
	hostnameUpper = "Hostname"
	hostnameLower = "hostname"
	hostnameBoth  = "both"
	hostnameNone  = "none"
)

// hostnameLabels are the labels of each choice.
var hostnameLabels = map[string][]string{
	hostnameUpper: {hostnameUpper}, hostnameLower: {hostnameLower}, hostnameBoth: {hostnameUpper, hostnameLower}, hostnameNone: nil,
}

// hostnameOf is the choice that fits to the names of series.
var hostnameOf = map[exporterview.Names]string{
	exporterview.Names48: hostnameUpper, exporterview.Names49: hostnameLower, exporterview.BothNames: hostnameBoth,
}

// What a GPU with MIG has series of.
const (
	migFlex      = "flex"
	migGPUs      = "gpus"
	migInstances = "instances"
	migBoth      = "both"
)

var migChoices = []string{migFlex, migGPUs, migInstances, migBoth}

const defaultWindow = 5 * time.Minute

// DCGMExporterConfig is what dcgm-exporter's view of the samples has.
type DCGMExporterConfig struct {
	// Counters is the counters file: default for the one that dcgm-exporter comes with, else a path, or the text itself.
	Counters string `mapstructure:"counters"`

	// Names are the releases of dcgm-exporter by whose names the series go that 4.9 renamed: 4.8, 4.9 or both.
	Names exporterview.Names `mapstructure:"names"`

	// HostnameLabel is the label that names the host: Hostname, hostname, both or none.
	HostnameLabel string `mapstructure:"hostname_label"`

	// MIG is what a GPU with MIG has series of: flex for its instances in its place, gpus for itself, instances for its instances, where other
	// GPUs have no series, both for itself and its instances.
	MIG string `mapstructure:"mig"`

	// XIDWindow is how long an XID is counted by DCGM_EXP_XID_ERRORS_COUNT and shown by the gauge of the last XID.
	XIDWindow time.Duration `mapstructure:"xid_window"`

	// ClockEventsWindow is what DCGM_EXP_CLOCK_EVENTS_COUNT looks back on.
	ClockEventsWindow time.Duration `mapstructure:"clock_events_window"`

	// StickyXID has the gauge of the last XID show it for ever, as dcgm-exporter does.
	StickyXID bool `mapstructure:"sticky_xid"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func defaultDCGMExporterConfig() DCGMExporterConfig {
	return DCGMExporterConfig{
		Counters:          exporterview.DefaultCounters,
		MIG:               migFlex,
		XIDWindow:         defaultWindow,
		ClockEventsWindow: defaultWindow,
	}
}

// shows reports whether a view is emitted.
func (cfg *Config) shows(view string) bool { return slices.Contains(cfg.Views, view) }

// withoutViewErr refuses settings of dcgm-exporter's view where it is not emitted: views were forgotten, or the settings were.
func withoutViewErr(conf *confmap.Conf) error {
	if conf.Get("dcgm_exporter") == nil || slices.Contains(viewsOf(conf), viewDCGMExporter) {
		return nil
	}
	return fmt.Errorf(`"dcgm_exporter": has no effect without %s in "views"`, viewDCGMExporter)
}

func (cfg *Config) validateViews() error {
	var errs []error
	for i, view := range cfg.Views {
		switch {
		case !slices.Contains(views, view):
			errs = append(errs, fmt.Errorf(`"views": must be among %s, got %q`, strings.Join(views, ", "), view))
		case slices.Contains(cfg.Views[:i], view):
			errs = append(errs, fmt.Errorf(`"views": %s stands there twice, each of its series would come twice`, view))
		}
	}
	if len(cfg.Views) == 0 {
		errs = append(errs, fmt.Errorf(`"views": must have one of %s at least`, strings.Join(views, ", ")))
	}
	if cfg.shows(viewDCGMExporter) {
		errs = append(errs, cfg.DCGMExporter.validate(), cfg.validateHealthCounter())
	}
	return errors.Join(errs...)
}

// validateHealthCounter refuses a counter of health checks where there are none.
func (cfg *Config) validateHealthCounter() error {
	view, err := exporterview.New(cfg.DCGMExporter.Counters, cfg.DCGMExporter.Names)
	if err != nil || cfg.HealthInterval > 0 || len(view.Events[exporterview.HealthStatus]) == 0 {
		return nil //nolint:nilerr // validateCounters says it.
	}
	return fmt.Errorf(`"health_interval": must not be 0s where "dcgm_exporter::counters" has %s`, exporterview.HealthStatus)
}

func (cfg *DCGMExporterConfig) validate() error {
	return errors.Join(
		cfg.validateCounters(),
		cfg.validateHostnameLabel(),
		cfg.validateMIG(),
		within("dcgm_exporter::xid_window", cfg.XIDWindow, time.Second, maxMemory),
		within("dcgm_exporter::clock_events_window", cfg.ClockEventsWindow, time.Second, maxMemory),
	)
}

func (cfg *DCGMExporterConfig) validateCounters() error {
	choices := []exporterview.Names{exporterview.Names48, exporterview.Names49, exporterview.BothNames}
	if cfg.Names != exporterview.AsWritten && !slices.Contains(choices, cfg.Names) {
		return fmt.Errorf(`"dcgm_exporter::names": must be 4.8, 4.9 or both, got %q`, cfg.Names)
	}
	if _, err := exporterview.New(cfg.Counters, cfg.Names); err != nil {
		return fmt.Errorf(`"dcgm_exporter::counters": %w`, err)
	}
	return nil
}

func (cfg *DCGMExporterConfig) validateHostnameLabel() error {
	if _, known := hostnameLabels[cfg.HostnameLabel]; known || cfg.HostnameLabel == "" {
		return nil
	}
	return fmt.Errorf(`"dcgm_exporter::hostname_label": must be %s, %s, %s or %s, got %q`, hostnameUpper, hostnameLower, hostnameBoth, hostnameNone, cfg.HostnameLabel)
}

func (cfg *DCGMExporterConfig) validateMIG() error {
	if slices.Contains(migChoices, cfg.MIG) {
		return nil
	}
	return fmt.Errorf(`"dcgm_exporter::mig": must be among %s, got %q`, strings.Join(migChoices, ", "), cfg.MIG)
}

// hostLabels are the labels that name the host, beside series that go by some names.
func (cfg *DCGMExporterConfig) hostLabels(names exporterview.Names) []string {
	choice := cfg.HostnameLabel
	if choice == "" {
		choice = hostnameOf[names]
	}
	return hostnameLabels[choice]
}
