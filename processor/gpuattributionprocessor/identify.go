// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

const (
	attrID     = "hw.id"
	attrParent = "hw.parent"
	attrGI     = "gpu.mig.gi"
	attrPCI    = "gpu.pci.bus_id"

	// Labels of dcgm-exporter.
	labelID     = "UUID"
	labelLinkID = "gpu_uuid" // of the GPU that an NVLink is of
	labelGI     = "GPU_I_ID"

	infoMetric = "gpu.info"
)

// identity is how a data point or log record names a GPU.
type identity struct {
	id, instance string
	exporter     bool // by dcgm-exporter's labels
}

// identify returns false for what is of no GPU.
func identify(attrs pcommon.Map) (identity, bool) {
	if id, has := attrs.Get(attrID); has {
		return identity{id: id.Str()}, isGPU(id.Str())
	}
	id, has := attrs.Get(labelID)
	if !has {
		id, has = attrs.Get(labelLinkID)
	}
	if !has || !isGPU(id.Str()) {
		return identity{}, false
	}
	who := identity{id: id.Str(), exporter: true}
	if instance, has := attrs.Get(labelGI); has {
		who.instance = instance.Str()
	}
	return who, true
}

// isGPU is true of UUIDs of GPUs and MIG instances.
func isGPU(id string) bool {
	return strings.HasPrefix(id, "GPU-") || strings.HasPrefix(id, "MIG-")
}

// gpuOf returns the GPU of an identity, nil if that is one too many. What its data says of it is learned when it is seen first.
func (a *attributor) gpuOf(who identity, attrs pcommon.Map, now time.Time) *holders.GPU {
	if gpu := a.book.Find(who.id, who.instance); gpu != nil {
		gpu.Came(now)
		return gpu
	}
	return a.book.Learn(facts(who, attrs), now)
}

func facts(who identity, attrs pcommon.Map) holders.Facts {
	if !who.exporter {
		return holders.Facts{
			ID: who.id, Parent: parentOf(attrs), GI: str(attrs, attrGI), Number: str(attrs, "dcgm.gpu.id"),
			Name: str(attrs, "hw.name"), PCI: str(attrs, attrPCI),
		}
	}
	if who.instance != "" {
		return holders.Facts{Parent: who.id, GI: who.instance}
	}
	return holders.Facts{ID: who.id, Number: str(attrs, "gpu"), Name: str(attrs, "device"), PCI: str(attrs, "pci_bus_id")}
}

// parentOf is the GPU of an instance. A parent of another kind, such as a node, is none.
func parentOf(attrs pcommon.Map) string {
	if parent := str(attrs, attrParent); isGPU(parent) {
		return parent
	}
	return ""
}

func str(attrs pcommon.Map, key string) string {
	value, has := attrs.Get(key)
	if !has {
		return ""
	}
	return value.AsString()
}

// learn takes what gpu.info and dcgm-exporter say of GPUs: numbers, names and addresses, by which sources may name them.
func (a *attributor) learn(metrics pmetric.MetricSlice, now time.Time) {
	for i := range metrics.Len() {
		m := metrics.At(i)
		if m.Type() != pmetric.MetricTypeGauge || m.Name() != infoMetric {
			continue
		}
		for j := range m.Gauge().DataPoints().Len() {
			attrs := m.Gauge().DataPoints().At(j).Attributes()
			if who, is := identify(attrs); is {
				a.book.Learn(facts(who, attrs), now)
			}
		}
	}
}

// learnParent takes the facts of the GPU beneath whose number a GPU instance of dcgm-exporter is, too.
func (a *attributor) learnParent(who identity, attrs pcommon.Map, now time.Time) {
	if who.exporter && who.instance != "" && a.book.Find(who.id, who.instance) == nil {
		parent := identity{id: who.id, exporter: true}
		a.book.Learn(facts(parent, attrs), now)
	}
}
