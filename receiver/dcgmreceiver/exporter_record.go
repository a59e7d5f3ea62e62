// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// exporterRecording is the part of a recording that dcgm-exporter's view takes.
type exporterRecording struct{ *recording }

// dcgmExporter records what dcgm-exporter has of the GPUs that are there. Where MIG is on, the configuration says
// whether the GPU has series, its instances, or both.
func (r *recording) dcgmExporter() {
	if r.exporter == nil {
		return
	}
	r.Batch = r.exporter.batch
	e := exporterRecording{r}
	for _, g := range shown(r.gpus) {
		subjects := e.subjectsOf(g)
		e.readRows(g)
		for _, subject := range subjects {
			e.rows(subject, g)
		}
		e.events(g, subjects)
		e.peersOf(g)
	}
	e.devices()
}

// subjectsOf are the entities that have the series of a GPU.
func (r exporterRecording) subjectsOf(g *gpu) []*gpu {
	var parts []*gpu
	for _, part := range r.partsOf(g) {
		if part.entity().Kind == dcgm.GPUInstance && part.known.Shown() {
			parts = append(parts, part)
		}
	}
	switch choice := r.exporter.cfg.MIG; {
	case choice == migBoth:
		return append([]*gpu{g}, parts...)
	case choice == migGPUs, choice == migFlex && len(parts) == 0:
		return []*gpu{g}
	default:
		return parts
	}
}

// readRows reads the values of a GPU once for all that have them.
func (r exporterRecording) readRows(g *gpu) {
	for i, at := range r.exporter.places[dcgm.GPU] {
		if at < 0 {
			continue
		}
		got, ok, _ := g.values.Read(at, g.traits(), r.Engine)
		r.exporter.readings[i] = reading{got, ok}
	}
}

// rows records the fields of an entity: what a MIG instance has no value of its own of is that of its GPU, but for profiling.
func (r exporterRecording) rows(subject, g *gpu) {
	e := r.exporter
	labels := e.labelsOf(subject, g)
	for i := range e.Rows {
		got := e.readings[i]
		if subject != g {
			got = e.ofInstance(subject, i, r.Engine)
		}
		if got.ok {
			r.Put(labels, e.Rows[i].Metric, &got.Reading)
		}
	}
}

// ofInstance returns the value that a MIG instance has for a row.
func (e *exporter) ofInstance(part *gpu, row int, now int64) reading {
	at := e.places[dcgm.GPUInstance][row]
	switch {
	case at >= 0:
		got, ok, _ := part.values.Read(at, part.traits(), now)
		return reading{got, ok}
	case dcgm.IsProfiling(e.Rows[row].Sources[0].Fields[0]):
		return reading{}
	default:
		return e.readings[row]
	}
}

// viewLabels are the labels of an entity, and what they were made of.
type viewLabels struct {
	pcommon.Map

	of     inventory.Identity
	gpu    inventory.Facts
	entity dcgm.Entity
	texts  string
	cpu    string // of a CPU its serial number, of a core its CPU
}

// labelsOf are the labels of all series of an entity that is a GPU or in one.
func (e *exporter) labelsOf(subject, g *gpu) pcommon.Map {
	texts := e.texts(g)
	now := viewLabels{of: subject.known.Identity, gpu: g.known.Facts, entity: g.entity(), texts: joined(texts)}
	if was := subject.view; was != nil && was.of == now.of && was.gpu == now.gpu && was.entity == now.entity && was.texts == now.texts {
		return was.Map
	}
	now.Map = pcommon.NewMap()
	for _, label := range [...][2]string{
		{"gpu", strconv.FormatUint(uint64(g.entity().ID), 10)},
		{"UUID", g.known.ID},
		{"pci_bus_id", g.known.PCIBusID},
		{"device", g.known.Name},
		{"modelName", g.known.Model},
	} {
		now.PutStr(label[0], label[1])
	}
	if subject != g {
		now.PutStr("GPU_I_PROFILE", subject.known.MIG.Profile)
		now.PutStr("GPU_I_ID", subject.known.MIG.GI)
	}
	e.finish(&now, texts)
	subject.view = &now
	return now.Map
}

// finish puts the labels that all entities have.
func (e *exporter) finish(of *viewLabels, texts []string) {
	for _, key := range e.cfg.hostLabels(e.Names) {
		of.PutStr(key, e.host)
	}
	for i, label := range e.Labels {
		if texts[i] != "" {
			of.PutStr(label.Name, texts[i])
		}
	}
}

// labelTexts are the newest texts of an entity. A label stays where its field has no value for a while: without it, all series of the entity
// would be others.
type labelTexts struct {
	of    inventory.Identity
	texts []string
}

// kept returns the newest texts of an entity, to be brought up to date.
func (e *exporter) kept(key inventory.Key, of inventory.Identity) []string {
	was := e.labels[key]
	if was == nil || was.of != of {
		was = &labelTexts{of, make([]string, len(e.Labels))}
		e.labels[key] = was
	}
	return was.texts
}

// texts are the values of the labels that are fields.
func (e *exporter) texts(g *gpu) []string {
	texts := e.kept(g.known.Key(), g.known.Identity)
	for i, label := range e.Labels {
		if !label.Kinds.Has(dcgm.GPU) {
			continue
		}
		text, isFact := g.known.Raw(label.Field)
		if !isFact {
			text = g.values.Text(label.Field)
		}
		texts[i] = cmp.Or(text, texts[i])
	}
	return texts
}

func joined(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	var b []byte
	for _, text := range texts {
		b = strconv.AppendQuote(b, text)
	}
	return string(b)
}
