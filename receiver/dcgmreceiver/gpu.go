// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/exporterview"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
)

// gpu is what is read of one GPU. It outlives connections with what is known of it, so
// that counters go on when the host engine has restarted.
type gpu struct {
	known            *inventory.Known
	attrs            *pcommon.Map          // what every point about it carries
	profiled         map[dcgm.FieldID]bool // profiling fields that this GPU has
	profilingUnknown bool                  // which it has could not be found out
	values           *series.Set
	throttle         events.Bits
	judged
	episodes episodes // of throttling by its hardware
	sent     int64    // timestamp of its last points of throttle events
	links    []dcgm.LinkState
	fresh    int  // samples with a value in the last read of the fastest tier
	sampled  bool // the fastest tier has given a value at least once
	missed   int  // reads in a row without any, though the host engine says that all is well
	clocks   exporterview.ClockEvents
	view     *viewLabels // its labels in dcgm-exporter's view; nil until it is there
}

// judged is what hw.status and gpu.status take from several collections.
type judged struct {
	heard    int64 // newest timestamp of its UUID
	still    int   // collections in a row without a newer one
	recovery int64 // the newest recovery action
	reset    int64 // the host engine's time of the newest reset, in microseconds
	energy   [len(energyFields)]events.Fall
	cleared  int64             // the host engine's time when the XIDs before were over, in microseconds
	xid      xid.Code          // the worst one that is an error, not long ago and not over; zero without one
	worst    dcgm.HealthResult // of its open incidents, but for those of XIDs
}

// attributesOf makes those of every data point about an entity.
func attributesOf(id inventory.Identity) *pcommon.Map {
	attrs := pcommon.NewMap()
	attrs.EnsureCapacity(8)
	attrs.PutStr("hw.id", id.ID)
	attrs.PutStr("hw.name", id.Name)
	attrs.PutStr("hw.model", id.Model)
	attrs.PutStr("hw.vendor", id.Vendor)
	for _, a := range []struct{ key, value string }{
		{"hw.parent", id.Parent}, {"gpu.mig.profile", id.MIG.Profile}, {"gpu.mig.gi", id.MIG.GI}, {"gpu.mig.ci", id.MIG.CI},
	} {
		if a.value != "" {
			attrs.PutStr(a.key, a.value)
		}
	}
	return &attrs
}

const fieldUUID = inventory.FieldUUID

// entity is what DCGM knows the GPU by now.
func (g *gpu) entity() dcgm.Entity { return g.known.Entity }

func (g *gpu) attributes() pcommon.Map { return *g.attrs }

// traits are what its sources depend on.
func (g *gpu) traits() series.Traits {
	return series.Traits{Architecture: g.known.Architecture, GPM: g.known.GPM()}
}

// state is how the host engine says that the GPU is, unless it says that all is well and cannot read it.
func (g *gpu) state() metadata.AttributeGpuState {
	return metadata.MapAttributeGpuState[string(g.known.State())]
}

// up says whether the host engine can read the GPU.
func (g *gpu) up() bool { return g.known.Up() }

// forget drops all values, so that none is emitted again.
func (g *gpu) forget() {
	g.values.Forget()
	g.links = nil
}

// restart restarts all counters, as after a reset. Sources that are still to be chosen
// have their time to give a value once more.
func (g *gpu) restart() {
	g.values.Restart()
	g.throttle.Restart()
}
