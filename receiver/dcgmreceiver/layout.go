// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"maps"
	"reflect"
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// enabledMetrics returns which metrics of metadata.yaml are emitted, by name: none without their view.
func enabledMetrics(cfg *Config) map[string]bool {
	if !cfg.shows(viewOTel) {
		return map[string]bool{}
	}
	return enabledOf(cfg.MetricsBuilderConfig.Metrics)
}

// withRows adds the metrics of other rows.
func withRows(enabled map[string]bool, rows []catalog.Row) map[string]bool {
	all := maps.Clone(enabled)
	for i := range rows {
		all[rows[i].Name] = true
	}
	return all
}

// enabledOf returns which metrics of metadata.yaml are switched on, by name.
func enabledOf(metrics metadata.MetricsConfig) map[string]bool {
	enabled := map[string]bool{}
	v := reflect.ValueOf(metrics)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("mapstructure")
		enabled[name] = v.Field(i).FieldByName("Enabled").Bool()
	}
	return enabled
}

// kinds are those of the entities that are read.
var kinds = []dcgm.EntityKind{dcgm.GPU, dcgm.GPUInstance, dcgm.ComputeInstance, dcgm.Switch}

// devices are the kinds of entities of which dcgm-exporter's view alone has something.
var devices = []dcgm.EntityKind{dcgm.Link, dcgm.CPU, dcgm.CPUCore}

// layoutsOf lays out what is read of entities of each kind: what the rows need, of GPUs what hw.status is made of where that is judged and
// what labels need, and the UUID, which says whose the other values are. The host engine samples NVSwitches and their
// links by itself, once a minute.
func layoutsOf(rows []catalog.Row, enabled map[string]bool, inputs []dcgm.FieldID, view *exporter, pace *catalog.Pace) map[dcgm.EntityKind]*catalog.Layout {
	layouts := map[dcgm.EntityKind]*catalog.Layout{}
	for _, kind := range slices.Concat(kinds, devices) {
		needs := view.needs(kind)
		if kind == dcgm.GPU {
			for _, field := range inputs {
				needs = append(needs, catalog.Need{Field: field, Tier: catalog.Normal})
			}
		}
		uuid, pace := catalog.Need{Field: inventory.UUIDOf(kind), Tier: catalog.Normal}, pace
		if kind == dcgm.Switch || kind == dcgm.Link {
			uuid.Tier, pace = catalog.Slow, pace.Seldom()
		}
		if inventory.HasUUID(kind) {
			needs = append(needs, uuid)
		}
		layouts[kind] = catalog.NewLayout(kind, rows, enabled, needs, pace)
	}
	return layouts
}
