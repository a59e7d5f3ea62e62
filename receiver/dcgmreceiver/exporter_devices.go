// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// devices records what dcgm-exporter has of NVSwitches, NVLinks, CPUs and their cores.
func (r exporterRecording) devices() {
	e := r.exporter
	node := e.node(r.gpus)
	for _, d := range slices.Concat(shown(r.switches), shown(r.collector.devices)) {
		labels := r.deviceLabels(d, node)
		for row, at := range e.places[d.entity().Kind] {
			if at < 0 {
				continue
			}
			if got, ok, _ := d.values.Read(at, d.traits(), r.Engine); ok {
				r.Put(labels, e.Rows[row].Metric, &got)
			}
		}
		if d.entity().Kind == dcgm.Switch {
			r.lastSXIDs(d, labels)
		}
	}
}

// lastSXIDs records the newest SXIDs of an NVSwitch, which are not recorded any more after a while, unless they are to stay.
func (r exporterRecording) lastSXIDs(d *gpu, labels pcommon.Map) {
	e := r.exporter
	for event, sxids := range e.sxids {
		last, ok := sxids.Last(d.known.Key())
		if ok && (e.cfg.StickyXID || last.At >= r.Engine-e.cfg.XIDWindow.Microseconds()) {
			r.event(event, labels, int64(last.Code))
		}
	}
}

// readPeers reads the states of all pairs of GPUs, where the view has them. Where that fails, they are absent.
func (e *exporter) readPeers(ctx context.Context, src dcgm.Lister) error {
	if !e.wants(exporterview.PeerStatus) {
		return nil
	}
	states, err := src.Peers(ctx)
	e.peers = states
	if lost(err) {
		return fail(selftelemetry.KindRead, err)
	}
	return nil
}

// peersOf records the state of NVLink between a GPU and each other one.
func (r exporterRecording) peersOf(g *gpu) {
	id := int(g.entity().ID)
	if id >= len(r.exporter.peers) || !g.up() {
		return
	}
	labels := r.exporter.labelsOf(g, g)
	for peer, state := range r.exporter.peers[id] {
		if peer != id {
			r.event(exporterview.PeerStatus, labels, int64(state),
				catalog.Attr{Key: "peer_gpu", Value: strconv.Itoa(peer)}, catalog.Attr{Key: "link_status", Value: state.String()})
		}
	}
}

// deviceLabels are the labels of all series of a device.
func (r exporterRecording) deviceLabels(d *gpu, node []string) pcommon.Map {
	texts := r.deviceTexts(d, node)
	now := viewLabels{of: d.known.Identity, entity: d.entity(), texts: joined(texts), cpu: r.cpuOf(d.entity())}
	g := r.end(d)
	if g != nil {
		now.gpu = g.known.Facts
	}
	if was := d.view; was != nil && was.of == now.of && was.gpu == now.gpu && was.entity == now.entity && was.texts == now.texts && was.cpu == now.cpu {
		return was.Map
	}
	now.Map = pcommon.NewMap()
	switch d.entity().Kind {
	case dcgm.Switch:
		now.PutStr("nvswitch", inventory.ByNumber(d.entity()))
	case dcgm.Link:
		putLink(&now, d.entity(), g)
	case dcgm.CPU:
		now.PutStr("cpu", number(d.entity().ID))
		putText(&now, "cpu_serial", now.cpu)
	default:
		now.PutStr("cpucore", number(d.entity().ID))
		putText(&now, "cpu", now.cpu)
	}
	r.exporter.finish(&now, texts)
	d.view = &now
	return now.Map
}

// end is the GPU that a device is an NVLink of, nil if it is none.
func (r exporterRecording) end(d *gpu) *gpu {
	if parent, _ := d.entity().Port(); d.entity().Kind == dcgm.Link && parent.Kind == dcgm.GPU {
		return r.at(parent)
	}
	return nil
}

func putLink(to *viewLabels, link dcgm.Entity, g *gpu) {
	parent, port := link.Port()
	to.PutStr("nvlink", number(port))
	if g == nil {
		to.PutStr("nvswitch", inventory.ByNumber(parent))
		return
	}
	to.PutStr("gpu", number(parent.ID))
	to.PutStr("gpu_uuid", g.known.ID)
	to.PutStr("pci_bus_id", g.known.PCIBusID)
	to.PutStr("device", g.known.Name)
	to.PutStr("model_name", g.known.Model)
}

// cpuOf is the serial number of a CPU, or the number of the CPU of a core; empty where that is not known.
func (r exporterRecording) cpuOf(e dcgm.Entity) string {
	for _, p := range r.outer.processors {
		switch {
		case e.Kind == dcgm.CPU && p.ID == e.ID:
			return p.Serial
		case e.Kind == dcgm.CPUCore && slices.Contains(p.Cores, e.ID):
			return number(p.ID)
		}
	}
	return ""
}

func putText(to *viewLabels, name, text string) {
	if text != "" {
		to.PutStr(name, text)
	}
}

func number(id uint32) string { return strconv.FormatUint(uint64(id), 10) }

// deviceTexts are the values of the labels that are fields of a device, and of those of the node.
func (r exporterRecording) deviceTexts(d *gpu, node []string) []string {
	e := r.exporter
	texts := e.kept(d.known.Key(), d.known.Identity)
	for i, label := range e.Labels {
		kind := d.entity().Kind
		switch text, isFact := d.known.Raw(label.Field); {
		case label.Kinds == exporterview.OfNode:
			texts[i] = node[i]
		case !label.Kinds.Has(kind):
		case isFact && inventory.HasUUID(kind):
			texts[i] = cmp.Or(text, texts[i])
		default:
			texts[i] = cmp.Or(d.values.Text(label.Field), texts[i])
		}
	}
	return texts
}

// node are the values of all labels that GPUs tell, among them those of the node.
func (e *exporter) node(gpus []*gpu) []string {
	now, texts := make([]string, len(e.Labels)), e.kept(inventory.Key{}, inventory.Identity{})
	for _, g := range gpus {
		if !g.up() {
			continue
		}
		for i, text := range e.texts(g) {
			now[i] = cmp.Or(now[i], text)
		}
	}
	for i := range texts {
		texts[i] = cmp.Or(now[i], texts[i])
	}
	return texts
}
