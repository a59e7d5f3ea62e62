// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
)

// recording is one pass over all that is to be emitted at an instant.
type recording struct {
	*collector
	record.Pass
}

// record writes all points of the GPUs.
func (c *collector) record(pass record.Pass) {
	r := &recording{c, pass}
	gpus, parts, switches := shown(c.gpus), shown(c.parts), shown(c.switches)
	r.states(c.stateOfAll(r.Engine))
	for _, g := range gpus {
		r.healthWatches(g)
		r.links(g)
	}
	r.checks.sent = r.checks.checked
	groups := []record.Group{{Layout: c.Layout, Entities: entitiesOf(gpus)}}
	others := slices.Concat(parts, switches)
	for _, kind := range kinds[1:] {
		some := slices.DeleteFunc(slices.Clone(others), func(g *gpu) bool { return g.entity().Kind != kind })
		groups = append(groups, record.Group{Layout: c.layouts[kind], Entities: entitiesOf(some)})
	}
	for _, g := range gpus {
		r.instances(g)
	}
	r.Rows(0, catalog.Measurements(), groups...)
	r.xids(slices.Concat(gpus, others, c.gone, c.left)) // There may be many.
	r.Rows(catalog.Measurements(), len(catalog.Rows()), groups...)
	for _, g := range gpus {
		r.throttleEvents(g)
		r.info(g)
	}
	r.switchesUp(switches)
	for _, g := range switches {
		r.switchInfo(g)
	}
	r.dcgmExporter()
}

func entitiesOf(gpus []*gpu) []record.Entity {
	entities := make([]record.Entity, len(gpus))
	for i, g := range gpus {
		entities[i] = record.Entity{Attrs: *g.attrs, Values: g.values, Has: g.traits()}
	}
	return entities
}

// states records how the GPUs are, what matters most of all of them first.
func (r *recording) states(gpus []gpuState) {
	for i := range gpus {
		r.add(&gpus[i], metricUp, boolToInt(isUp(gpus[i].state)))
	}
	for _, state := range hwStates {
		for i := range gpus {
			r.add(&gpus[i], metricHealth, boolToInt(state == gpus[i].health), metadata.AttributeHwTypeGpu.String(), state.String())
		}
	}
	for _, state := range gpuStateAttributes {
		for i := range gpus {
			r.add(&gpus[i], metricStatus, boolToInt(state == gpus[i].state), state.String())
		}
	}
}

// described is whoever has the attributes of an entity.
type described interface{ attributes() pcommon.Map }

func (r *recording) add(of described, m *catalog.Metric, value int64, attrs ...string) {
	r.Add(of.attributes(), m, value, attrs...)
}

func (r *recording) links(g *gpu) {
	for _, link := range linkAttributes {
		if hasLinks(g.links) {
			r.add(g, metricLinks, countLinks(g.links, link.state), link.attribute.String())
		}
	}
}

var linkAttributes = [...]struct {
	state     dcgm.LinkState
	attribute metadata.AttributeGpuNvlinkLinkState
}{
	{dcgm.LinkUp, metadata.AttributeGpuNvlinkLinkStateUp},
	{dcgm.LinkDown, metadata.AttributeGpuNvlinkLinkStateDown},
	{dcgm.LinkDisabled, metadata.AttributeGpuNvlinkLinkStateDisabled},
}

func countLinks(links []dcgm.LinkState, state dcgm.LinkState) int64 {
	var n int64
	for _, l := range links {
		n += boolToInt(l == state)
	}
	return n
}

// hasLinks is false for a GPU without NVLink, which reports all its links as not supported.
func hasLinks(links []dcgm.LinkState) bool {
	return int(countLinks(links, dcgm.LinkNotSupported)) < len(links)
}

// info records what is known of a GPU and no measurement.
func (r *recording) info(g *gpu) {
	f := &g.known.Facts
	r.add(g, metricInfo, 1, f.Serial, f.PCIBusID, f.VBIOS, f.Driver, f.CUDADriver,
		f.Architecture.String(), f.NVMLIndex, f.ChassisSerial, f.ChassisSlot, f.VirtualizationMode, strconv.FormatUint(uint64(g.entity().ID), 10))
	if f.FabricCluster+f.FabricClique != "" {
		r.add(g, metricFabricInfo, 1, f.FabricCluster, f.FabricClique)
	}
	if r.profiling && g.profiled != nil && !g.profilingUnknown {
		r.add(g, metricProfiling, int64(len(g.profiled)))
	}
	for _, fallback := range g.values.Fallbacks() {
		r.add(g, metricFallbacks, fallback.Series, fallback.Metric)
	}
}

func timestamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

func boolToInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
