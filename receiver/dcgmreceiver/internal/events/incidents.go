// SPDX-License-Identifier: Apache-2.0

package events

import (
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// Incident is what a health watch has found of an entity.
type Incident struct {
	Key inventory.Key
	dcgm.Incident
}

// is tells incidents apart: their messages have numbers that change.
func (i *Incident) is(other *Incident) bool {
	return i.Key == other.Key && i.System == other.System && i.Code == other.Code && i.Result == other.Result
}

// codeXID is DCGM's error code of an XID that has none of its own (dcgm_errors.h, DCGM_FR_XID_ERROR).
const codeXID = 101

// OfXID reports whether the incident is that of an XID, be it of the whole GPU or of one system, as a page fault of an application is one of
// memory. The host engine keeps such a one until it is restarted, whatever becomes of the GPU, so that it says nothing that the XID does not say.
func (i *Incident) OfXID() bool {
	return i.System == dcgm.HealthAll || i.Code == codeXID || strings.Contains(i.Message, "(triggered by XID ")
}

// Incidents are those that are open.
type Incidents struct {
	open  []Incident
	known bool // a check has said what there is
}

// Update takes what a check has found. Incidents of entities that cannot be read vanish while they cannot, and stay open.
func (h *Incidents) Update(found []Incident, isUp func(inventory.Key) bool) (begun, ended []Incident) {
	var open []Incident
	for i := range found {
		if !contains(h.open, &found[i]) && !contains(begun, &found[i]) {
			begun = append(begun, found[i])
		}
	}
	for i := range h.open {
		if contains(found, &h.open[i]) || !isUp(h.open[i].Key) {
			open = append(open, h.open[i])
			continue
		}
		ended = append(ended, h.open[i])
	}
	h.open, h.known = slices.Concat(open, begun), true
	return begun, ended
}

func contains(some []Incident, one *Incident) bool {
	return slices.ContainsFunc(some, func(i Incident) bool { return i.is(one) })
}

// Reset forgets all, as where another host engine answers.
func (h *Incidents) Reset() { *h = Incidents{} }

// Known reports whether a check has said what there is.
func (h *Incidents) Known() bool { return h.known }

// Of returns the worst result of each system in which an entity has open incidents.
func (h *Incidents) Of(key inventory.Key) map[string]dcgm.HealthResult {
	results := map[string]dcgm.HealthResult{}
	for i := range h.open {
		if one := &h.open[i]; one.Key == key {
			results[one.System.String()] = max(results[one.System.String()], one.Result)
		}
	}
	return results
}

// Open returns the open incidents of an entity.
func (h *Incidents) Open(key inventory.Key) []Incident {
	return slices.DeleteFunc(slices.Clone(h.open), func(i Incident) bool { return i.Key != key })
}

// Worst returns the worst result of the open incidents of an entity, but for those of XIDs.
func (h *Incidents) Worst(key inventory.Key) dcgm.HealthResult {
	worst := dcgm.HealthPass
	for i := range h.open {
		if one := &h.open[i]; one.Key == key && !one.OfXID() {
			worst = max(worst, one.Result)
		}
	}
	return worst
}
