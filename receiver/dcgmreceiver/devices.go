// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
)

// wanted is of what something is wanted beside GPUs and their MIG instances.
type wanted struct {
	switches bool
	links    catalog.Kinds // of the entities of whose NVLinks
	cpus     bool
	cores    bool
}

func (d *demand) wanted() wanted {
	w := wanted{
		switches: switchesAreWanted(d.enabled) || len(d.layouts[dcgm.Switch].Rows) > 0 || d.codes()[events.SXIDs],
		cpus:     len(d.layouts[dcgm.CPU].Rows) > 0,
		cores:    len(d.layouts[dcgm.CPUCore].Rows) > 0,
	}
	for _, row := range d.layouts[dcgm.Link].Rows {
		for _, source := range row.Sources {
			w.links |= catalog.KindsOf(catalog.EndOf(source.Fields[0]))
		}
	}
	return w
}

// listing is what the host engine has listed of devices that are neither GPUs nor NVSwitches.
type listing struct {
	entities   []dcgm.Entity
	processors []dcgm.Processor
	due        time.Time // when they are listed again
}

// listDevices lists the NVLinks and CPUs of which something is wanted, once a minute.
func (c *watcher) listDevices(ctx context.Context, now time.Time) error {
	if now.Before(c.outer.due) {
		return nil
	}
	c.outer.due = now.Add(c.Periods[catalog.Slow] - c.Periods[catalog.Normal]/2)
	links, linksErr := c.outer.links(ctx, c.extras, c.wants)
	cpus, cpusErr := c.outer.cpus(ctx, c.extras, c.wants)
	for what, err := range map[string]error{"NVLinks": linksErr, "CPUs": cpusErr} {
		if lost(err) {
			return fail(selftelemetry.KindEnumerate, err)
		}
		c.noteUnlisted(what, err)
	}
	c.outer.entities = slices.Concat(links, cpus)
	return nil
}

// noteUnlisted counts that some devices cannot be listed, and logs it once. Those that were listed before stay.
func (c *watcher) noteUnlisted(what string, err error) {
	if err == nil || dcgm.IsUnserved(err) {
		return
	}
	c.self.IncError(selftelemetry.KindEnumerate)
	if !c.unserved[what] {
		c.unserved[what] = true
		c.logger.Warn("devices cannot be listed, trying again", zap.String("devices", what), zap.Error(err))
	}
}

// links lists the NVLinks that are up or down. The host engine lists those of GPUs by their states alone.
func (l *listing) links(ctx context.Context, src dcgm.Lister, wants wanted) ([]dcgm.Entity, error) {
	if wants.links == 0 {
		return nil, nil
	}
	states, err := src.Links(ctx)
	if err != nil {
		return ofKind(l.entities, dcgm.Link), err
	}
	var links []dcgm.Entity
	for parent, ports := range states {
		for port, state := range ports {
			if wants.links.Has(parent.Kind) && (state == dcgm.LinkUp || state == dcgm.LinkDown) {
				links = append(links, dcgm.LinkOf(parent, port))
			}
		}
	}
	slices.SortFunc(links, dcgm.Entity.Compare)
	return links, nil
}

// cpus lists CPUs and their cores.
func (l *listing) cpus(ctx context.Context, src dcgm.Lister, wants wanted) ([]dcgm.Entity, error) {
	if !wants.cpus && !wants.cores {
		return nil, nil
	}
	processors, err := src.Processors(ctx)
	if err == nil {
		l.processors = processors
	}
	var cpus, cores []dcgm.Entity
	for _, p := range l.processors {
		if wants.cpus {
			cpus = append(cpus, dcgm.Entity{Kind: dcgm.CPU, ID: p.ID})
		}
		for _, core := range p.Cores {
			if wants.cores {
				cores = append(cores, dcgm.Entity{Kind: dcgm.CPUCore, ID: core})
			}
		}
	}
	return slices.Concat(cpus, cores), err
}

// hasGPM reports whether GPM gives the profiling of a device, which is an NVLink of a GPU that has GPM.
func (c *roster) hasGPM(device *gpu) bool {
	if device.entity().Kind != dcgm.Link {
		return false
	}
	parent, _ := device.entity().Port()
	g := c.at(parent)
	return g != nil && g.known.GPM()
}

// someOf names entities that are no GPUs, of which there may be hundreds.
func someOf(entities []dcgm.Entity) string {
	const most = 4
	if len(entities) <= most {
		return fmt.Sprint(entities)
	}
	return fmt.Sprintf("%v and %d more", entities[:most], len(entities)-most)
}
