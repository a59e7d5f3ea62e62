// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/googleview"
)

// counterpart says which metrics of this receiver carry what a metric of Google's dcgmreceiver
// does, and which of their points, where others go with the same switch.
type counterpart struct {
	metrics []string
	points  string
}

// googleMetrics are the metrics of Google's dcgmreceiver, gpu.dcgm.* and the older dcgm.gpu.*.
var googleMetrics = map[string]counterpart{
	"gpu.dcgm.utilization":                   {[]string{"hw.gpu.utilization"}, "hw.gpu.task=general"},
	"gpu.dcgm.sm.utilization":                {[]string{"gpu.sm.utilization"}, ""},
	"gpu.dcgm.sm.occupancy":                  {[]string{"gpu.sm.occupancy"}, ""},
	"gpu.dcgm.pipe.utilization":              {[]string{"gpu.pipe.utilization"}, ""},
	"gpu.dcgm.codec.encoder.utilization":     {[]string{"hw.gpu.utilization"}, "hw.gpu.task=encoder"},
	"gpu.dcgm.codec.decoder.utilization":     {[]string{"hw.gpu.utilization"}, "hw.gpu.task=decoder"},
	"gpu.dcgm.memory.bytes_used":             {[]string{"gpu.memory.usage", "hw.gpu.memory.usage"}, ""},
	"gpu.dcgm.memory.bandwidth_utilization":  {[]string{"gpu.memory.bandwidth.utilization"}, ""},
	"gpu.dcgm.pcie.io":                       {[]string{"hw.gpu.io"}, ""},
	"gpu.dcgm.nvlink.io":                     {[]string{"gpu.nvlink.io"}, ""},
	"gpu.dcgm.energy_consumption":            {[]string{"hw.energy"}, ""},
	"gpu.dcgm.temperature":                   {[]string{"hw.temperature"}, "hw.sensor_location=gpu"},
	"gpu.dcgm.clock.frequency":               {[]string{"gpu.clock.frequency"}, "gpu.clock.domain=sm"},
	"gpu.dcgm.clock.throttle_duration.time":  {[]string{"gpu.throttle.time"}, ""},
	"gpu.dcgm.ecc_errors":                    {[]string{"gpu.ecc.errors"}, "gpu.ecc.lifetime=volatile"},
	"gpu.dcgm.xid_errors":                    {[]string{"gpu.xid.errors"}, ""},
	"dcgm.gpu.utilization":                   {[]string{"gpu.utilization.sampled", "hw.gpu.utilization"}, ""},
	"dcgm.gpu.memory.bytes_used":             {[]string{"gpu.memory.usage", "hw.gpu.memory.usage"}, ""},
	"dcgm.gpu.profiling.sm_utilization":      {[]string{"gpu.sm.utilization"}, ""},
	"dcgm.gpu.profiling.sm_occupancy":        {[]string{"gpu.sm.occupancy"}, ""},
	"dcgm.gpu.profiling.pipe_utilization":    {[]string{"gpu.pipe.utilization"}, ""},
	"dcgm.gpu.profiling.dram_utilization":    {[]string{"gpu.memory.bandwidth.utilization"}, ""},
	"dcgm.gpu.profiling.pcie_traffic_rate":   {[]string{"hw.gpu.io"}, ""},
	"dcgm.gpu.profiling.nvlink_traffic_rate": {[]string{"gpu.nvlink.io"}, ""},
}

// googleConfig is what Google's dcgmreceiver is configured with beside endpoint and interval.
type googleConfig struct {
	metrics   map[string]bool // by name, those that are switched
	resource  map[string]bool // resource attributes that are switched
	isImplied bool            // its metrics stand in a configuration without views
}

// googleResource are the resource attributes of Google's receiver. All are on.
var googleResource = []string{"gpu.number", "gpu.uuid", "gpu.model"}

// describe adds what the resource of a GPU has.
func (g *googleConfig) describe(attributes pcommon.Map, of *gpu) {
	for i, value := range []string{strconv.FormatUint(uint64(of.entity().ID), 10), of.known.ID, of.known.Model} {
		if on, switched := g.resource[googleResource[i]]; on || !switched {
			attributes.PutStr(googleResource[i], value)
		}
	}
}

// take takes the switches of Google's receiver out of a configuration that has its view, or has its switches and no views. Anywhere else they
// are an error, and older ones always are.
func (g *googleConfig) take(conf *confmap.Conf) error {
	attributes := map[string]bool{}
	for _, name := range googleResource {
		attributes[name] = true
	}
	g.isImplied = !conf.IsSet("views") && (hasAny(conf, "metrics", googleview.Defaults()) || hasAny(conf, "resource_attributes", attributes))
	if g.isImplied {
		if err := conf.Merge(confmap.NewFromStringMap(map[string]any{"views": []any{viewGoogle}})); err != nil {
			return err
		}
	}
	if !slices.Contains(viewsOf(conf), viewGoogle) {
		return errors.Join(googleMetricsErr(conf), googleResourceErr(conf))
	}
	var err, otherErr error
	g.metrics, err = takeSwitches(conf, "metrics", googleview.Defaults())
	g.resource, otherErr = takeSwitches(conf, "resource_attributes", attributes)
	return errors.Join(err, otherErr, googleMetricsErr(conf))
}

func hasAny(conf *confmap.Conf, section string, names map[string]bool) bool {
	for name := range names {
		if conf.IsSet(section + "::" + name) {
			return true
		}
	}
	return false
}

// viewsOf are the views that a configuration names, in a list or in a text.
func viewsOf(conf *confmap.Conf) []string {
	var names []string
	switch some := conf.Get("views").(type) {
	case string:
		names = strings.Split(some, ",")
	case []any:
		for _, name := range some {
			names = append(names, fmt.Sprint(name))
		}
	}
	return names
}

// takeSwitches takes those of some names out of a section; each name comes with what it is unless it is switched.
func takeSwitches(conf *confmap.Conf, section string, names map[string]bool) (map[string]bool, error) {
	switches := map[string]bool{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		key := section + "::" + name
		if !conf.IsSet(key) {
			continue
		}
		on, err := switchOf(conf.Get(key), names[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", key, err))
		}
		switches[name] = on
		conf.Delete(key)
	}
	return switches, errors.Join(errs...)
}

// switchOf reads {enabled: true}.
func switchOf(section any, byDefault bool) (bool, error) {
	if section == nil {
		return byDefault, nil
	}
	keys, isSection := section.(map[string]any)
	if !isSection {
		return false, fmt.Errorf("must be a section with the key enabled, got %v", section)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if key != "enabled" {
			return false, fmt.Errorf("has no key %q, only enabled", key)
		}
	}
	switch on := keys["enabled"].(type) {
	case nil:
		return byDefault, nil
	case bool:
		return on, nil
	default:
		return false, fmt.Errorf("enabled must be true or false, got %v", on)
	}
}

// googleResourceErr names every switch for an attribute of Google's dcgmreceiver.
func googleResourceErr(conf *confmap.Conf) error {
	var errs []error
	for _, name := range googleResource {
		if key := "resource_attributes::" + name; conf.IsSet(key) {
			errs = append(errs, fmt.Errorf(`%q: is an attribute of Google's dcgmreceiver: points of this receiver have hw.id, hw.name and hw.model, or add google to "views"`, key))
		}
	}
	return errors.Join(errs...)
}

// googleMetricsErr names every switch for a metric of Google's dcgmreceiver, and its counterpart.
func googleMetricsErr(conf *confmap.Conf) error {
	switches, _ := conf.Get("metrics").(map[string]any)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		if here, isGoogle := googleMetrics[name]; isGoogle {
			errs = append(errs, fmt.Errorf(`"metrics::%s": is a metric of Google's dcgmreceiver: %s%s`, name, here, viewHint(name)))
		}
	}
	return errors.Join(errs...)
}

// viewHint says how to have the metric itself, where it can be had.
func viewHint(name string) string {
	if _, has := googleview.Defaults()[name]; has {
		return `, or add google to "views"`
	}
	return ""
}

// String says what to write in place of the other metric.
func (c counterpart) String() string {
	metrics := strings.Join(c.metrics, " and ")
	if c.points != "" {
		return fmt.Sprintf("use %s, points with %s", metrics, c.points)
	}
	return "use " + metrics
}
