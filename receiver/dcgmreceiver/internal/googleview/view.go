// SPDX-License-Identifier: Apache-2.0

// Package googleview has the metrics of Google's dcgmreceiver, made of what this receiver's own metrics are made of.
package googleview

import (
	"maps"
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// View is what is emitted.
type View struct {
	Metrics []catalog.Metric
	Rows    []catalog.Row
	XIDs    *catalog.Metric // nil unless it is switched on
}

// metric is one of Google's, and what each of its series comes from.
type metric struct {
	name, description, unit string
	isSum, isInt, isOff     bool
	key                     string // of the attribute
	from                    []source
}

// source is a row of the catalog, and the value that Google's attribute has for it.
type source struct {
	value  string
	metric string
	attrs  []string
}

func one(metric string, attrs ...string) []source { return []source{{metric: metric, attrs: attrs}} }

// each has the same value of both attributes.
func each(metric string, values ...string) []source {
	sources := make([]source, len(values))
	for i, value := range values {
		sources[i] = source{value, metric, []string{value}}
	}
	return sources
}

// XIDErrors is the metric that comes from events.
const XIDErrors = "gpu.dcgm.xid_errors"

var all = []metric{
	{name: "gpu.dcgm.clock.frequency", description: "Frequency of the SM clock.", unit: "Hz", from: one("gpu.clock.frequency", "sm")},
	{
		name: "gpu.dcgm.clock.throttle_duration.time", description: "Time for which the clocks were held down, by reason.", unit: "s", isSum: true, key: "gpu.clock.violation",
		from: each("gpu.throttle.time", "power", "thermal", "sync_boost", "board_limit", "low_util", "reliability", "app_clock", "base_clock"),
	},
	{name: "gpu.dcgm.codec.decoder.utilization", description: "Share of time in which the decoder was busy.", unit: "1", from: one("hw.gpu.utilization", "decoder")},
	{name: "gpu.dcgm.codec.encoder.utilization", description: "Share of time in which the encoder was busy.", unit: "1", from: one("hw.gpu.utilization", "encoder")},
	{
		name: "gpu.dcgm.ecc_errors", description: "Memory errors since the driver was loaded.", unit: "1", isSum: true, isInt: true, key: "gpu.error.type",
		from: []source{{"sbe", "gpu.ecc.errors", []string{"corrected", "volatile", "total"}}, {"dbe", "gpu.ecc.errors", []string{"uncorrected", "volatile", "total"}}},
	},
	{name: "gpu.dcgm.energy_consumption", description: "Energy that the GPU has consumed.", unit: "J", isSum: true, from: one("hw.energy", "gpu")},
	{name: "gpu.dcgm.memory.bandwidth_utilization", description: "Share of time in which the memory moved data.", unit: "1", from: one("gpu.memory.bandwidth.utilization")},
	{
		name: "gpu.dcgm.memory.bytes_used", description: "Memory by state.", unit: "By", isInt: true, key: "gpu.memory.state",
		from: each("gpu.memory.usage", "used", "free", "reserved"),
	},
	{
		name: "gpu.dcgm.nvlink.io", description: "Bytes moved over NVLink.", unit: "By", isSum: true, isInt: true, key: "network.io.direction",
		from: each("gpu.nvlink.io", "transmit", "receive"),
	},
	{
		name: "gpu.dcgm.pcie.io", description: "Bytes moved over PCI Express.", unit: "By", isSum: true, isInt: true, key: "network.io.direction",
		from: each("hw.gpu.io", "transmit", "receive"),
	},
	{
		name: "gpu.dcgm.pipe.utilization", description: "Share of cycles in which a pipe was active.", unit: "1", key: "gpu.pipe",
		from: each("gpu.pipe.utilization", "tensor", "fp64", "fp32", "fp16"),
	},
	{name: "gpu.dcgm.sm.occupancy", description: "Share of the warps that an SM can hold.", unit: "1", isOff: true, from: one("gpu.sm.occupancy")},
	{name: "gpu.dcgm.sm.utilization", description: "Share of cycles in which an SM had work.", unit: "1", from: one("gpu.sm.utilization")},
	{name: "gpu.dcgm.temperature", description: "Temperature of the GPU.", unit: "Cel", from: one("hw.temperature", "gpu", "gpu")},
	{name: "gpu.dcgm.utilization", description: "Share of time in which the GPU was busy.", unit: "1", from: one("hw.gpu.utilization", "general")},
	{name: XIDErrors, description: "XIDs by code.", unit: "1", isSum: true, isInt: true, isOff: true, key: XIDKey},
}

// XIDKey is the attribute of [XIDErrors].
const XIDKey = "gpu.error.xid"

// Defaults are the names of all metrics, and whether each is on unless it is switched.
func Defaults() map[string]bool {
	on := map[string]bool{}
	for i := range all {
		on[all[i].name] = !all[i].isOff
	}
	return on
}

// New returns the view with some metrics switched.
func New(switches map[string]bool) *View {
	on := Defaults()
	maps.Copy(on, switches)
	v := &View{}
	var of []*metric
	for i := range all {
		if m := &all[i]; on[m.name] {
			of = append(of, m)
			v.Metrics = append(v.Metrics, catalog.Metric{Index: len(v.Metrics), Name: m.name, Description: m.description, Unit: m.unit, Sum: m.isSum, Monotonic: m.isSum, Int: m.isInt})
		}
	}
	for i, m := range of {
		if m.name == XIDErrors {
			v.XIDs = &v.Metrics[i]
		}
		for _, from := range m.from {
			v.Rows = append(v.Rows, from.row(&v.Metrics[i], m.key))
		}
	}
	return v
}

// row is that of the catalog, for whole GPUs and under another name. What the catalog wants of GPUs with GPM alone, Google's receiver has of all.
func (s *source) row(m *catalog.Metric, key string) catalog.Row {
	rows := catalog.Rows()
	i := slices.IndexFunc(rows, func(r catalog.Row) bool { return r.Name == s.metric && slices.Equal(r.Attrs, r.With(s.attrs...)) })
	row := rows[i]
	row.Metric, row.Kinds, row.GPM, row.Attrs = m, catalog.KindsOf(dcgm.GPU), false, nil
	if key != "" {
		row.Attrs = []catalog.Attr{{Key: key, Value: s.value}}
	}
	return row
}
