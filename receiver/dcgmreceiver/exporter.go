// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/record"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// exporter makes dcgm-exporter's view of the samples.
type exporter struct {
	*exporterview.View

	cfg      *DCGMExporterConfig
	host     string // the name of the host
	batch    *record.Batch
	xids     *exporterview.XIDs
	sxids    map[exporterview.Event]*exporterview.XIDs
	places   map[dcgm.EntityKind][]int // of each row in the layout of a kind of entities; -1 where these have no value of their own
	readings []reading
	peers    [][]dcgm.PeerState // by number of a GPU and of its peer
	labels   map[inventory.Key]*labelTexts
}

// reading is the value of a row of a GPU.
type reading struct {
	series.Reading
	ok bool
}

// newExporter returns nil where the view is not configured.
func newExporter(cfg *Config, version string, logger *zap.Logger) (*exporter, error) {
	if !cfg.shows(viewDCGMExporter) {
		return nil, nil //nolint:nilnil // There is none.
	}
	view, err := exporterview.New(cfg.DCGMExporter.Counters, cfg.DCGMExporter.Names)
	if err != nil {
		return nil, err
	}
	if len(view.Skipped) > 0 {
		logger.Warn("counters of ConnectX adapters are not in this view, their series are absent", zap.Strings("counters", view.Skipped))
	}
	return &exporter{
		View:     view,
		cfg:      &cfg.DCGMExporter,
		batch:    record.NewBatch(catalog.ScopeName, version, view.Metrics),
		xids:     exporterview.NewXIDs(),
		sxids:    map[exporterview.Event]*exporterview.XIDs{exporterview.SXIDFatal: exporterview.NewXIDs(), exporterview.SXIDNonFatal: exporterview.NewXIDs()},
		readings: make([]reading, len(view.Rows)),
		labels:   map[inventory.Key]*labelTexts{},
	}, nil
}

// wants reports whether some metric tells an event.
func (e *exporter) wants(some ...exporterview.Event) bool {
	for _, event := range some {
		if e != nil && len(e.Events[event]) > 0 {
			return true
		}
	}
	return false
}

func (e *exporter) batches() []*record.Batch {
	if e == nil {
		return nil
	}
	return []*record.Batch{e.batch}
}

// rows are those of the view, none without one.
func (e *exporter) rows() []catalog.Row {
	if e == nil {
		return nil
	}
	return e.Rows
}

// needs are the fields of labels that are no facts of entities of a kind. Those of the node are read of GPUs.
func (e *exporter) needs(kind dcgm.EntityKind) []catalog.Need {
	var needs []catalog.Need
	if e == nil {
		return nil
	}
	for _, label := range e.Labels {
		_, isFact := (&inventory.Known{}).Raw(label.Field)
		if label.Kinds.Has(kind) && (!isFact || !inventory.HasUUID(kind)) && (kind == dcgm.GPU || label.Kinds != exporterview.OfNode) {
			needs = append(needs, catalog.Need{Field: label.Field, Tier: catalog.Slow})
		}
	}
	return needs
}

// place notes where the rows of the view, which come after before others, stand in the layouts.
func (e *exporter) place(layouts map[dcgm.EntityKind]*catalog.Layout, before int) {
	if e == nil {
		return
	}
	e.places = map[dcgm.EntityKind][]int{}
	for kind, layout := range layouts {
		e.places[kind] = placesIn(layout, before, len(e.Rows))
	}
}

func placesIn(l *catalog.Layout, before, count int) []int {
	places := make([]int, count)
	for i := range places {
		places[i] = -1
	}
	for i := range l.Rows {
		if rank := l.Rows[i].Rank - before; rank >= 0 && rank < count {
			places[rank] = i
		}
	}
	return places
}

// forget forgets what has happened to an entity that is known no more.
func (e *exporter) forget(key inventory.Key) {
	if e != nil {
		delete(e.labels, key)
		e.xids.Forget(key)
		for _, some := range e.sxids {
			some.Forget(key)
		}
	}
}

// takeXID notes an XID for the view.
func (e *exporter) takeXID(key, gpu inventory.Key, code int, at int64) {
	if e.wants(exporterview.XIDLast, exporterview.XIDCount) {
		e.xids.Take(key, gpu, code, at)
	}
}

// takeSXID notes an SXID for the view.
func (e *exporter) takeSXID(key inventory.Key, code int, fatal bool, at int64) {
	event := exporterview.SXIDNonFatal
	if fatal {
		event = exporterview.SXIDFatal
	}
	if e.wants(event) {
		e.sxids[event].Take(key, key, code, at)
	}
}

// detach drops what came through a connection that is gone.
func (e *exporter) detach() {
	if e != nil {
		e.peers = nil
	}
}
