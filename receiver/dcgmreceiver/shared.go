// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/googleview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// SharedSeries names a series that the receiver of another configuration certainly has too, or nothing. A command asks it for what
// meets in one exporter. GPUs by number and GPUs by UUID may be the same ones, which is not certain. What is wrong with a configuration,
// Validate says.
func (cfg *Config) SharedSeries(other component.Config) string {
	that, isOne := other.(*Config)
	if !isOne || !sharesEngine(cfg, that) {
		return ""
	}
	gpus := sharesGPUs(cfg, that)
	for _, view := range views {
		if !cfg.shows(view) || !that.shows(view) {
			continue
		}
		if name := sharedOf[view](cfg, that, gpus); name != "" {
			return name
		}
	}
	return ""
}

// GPUIsOnResource reports whether the resource alone tells the series of several GPUs apart.
func (cfg *Config) GPUIsOnResource() bool {
	return cfg.shows(viewGoogle) && (len(cfg.Devices) != 1 || cfg.Devices[0] == inventory.AllDevices)
}

func sharesEngine(a, b *Config) bool {
	ofA, errA := a.host()
	ofB, errB := b.host()
	return errA == nil && errB == nil && ofA == ofB
}

func sharesGPUs(a, b *Config) bool {
	ofA, errA := inventory.ParseDevices(a.Devices)
	ofB, errB := inventory.ParseDevices(b.Devices)
	return errA == nil && errB == nil && ofA.Shares(ofB)
}

// sharedOf names what two receivers with a view have both, given whether they have a GPU in common.
var sharedOf = map[string]func(a, b *Config, gpus bool) string{
	viewOTel: func(a, b *Config, gpus bool) string {
		return sharedMetric(enabledOf(a.MetricsBuilderConfig.Metrics), enabledOf(b.MetricsBuilderConfig.Metrics), gpus)
	},
	viewGoogle: func(a, b *Config, gpus bool) string {
		return sharedMetric(a.google.enabled(), b.google.enabled(), gpus)
	},
	viewDCGMExporter: sharedCounter,
}

// enabled returns which metrics of Google's receiver are switched on, by name.
func (g *googleConfig) enabled() map[string]bool {
	all := googleview.Defaults()
	maps.Copy(all, g.metrics)
	return all
}

// sharedMetric leaves out those of the receiver itself, each of which has its own.
func sharedMetric(a, b map[string]bool, gpus bool) string {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if gpus && a[name] && b[name] && !strings.HasPrefix(name, "dcgm.") {
			return "the metric " + name
		}
	}
	return ""
}

func sharedCounter(a, b *Config, gpus bool) string {
	ofA, errA := exporterview.New(a.DCGMExporter.Counters, a.DCGMExporter.Names)
	ofB, errB := exporterview.New(b.DCGMExporter.Counters, b.DCGMExporter.Names)
	if errA != nil || errB != nil {
		return ""
	}
	shares := map[exporterview.Choice]bool{
		exporterview.ByNothing: true,
		exporterview.ByDevices: gpus,
		exporterview.ByMIG:     gpus && !areApart(a.DCGMExporter.MIG, b.DCGMExporter.MIG),
	}
	choices := ofA.Choices()
	for i := range ofB.Metrics {
		name := ofB.Metrics[i].Name
		if choice, has := choices[name]; has && shares[choice] {
			return "the series " + name
		}
	}
	return ""
}

// areApart reports whether no entity of a GPU has series with either of two settings of mig.
func areApart(a, b string) bool {
	return a == migGPUs && b == migInstances || a == migInstances && b == migGPUs
}
