// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Choice is what chooses the entities that have a series.
type Choice uint8

// The choices.
const (
	ByNothing Choice = iota // NVSwitches with their NVLinks, CPUs and cores: all have it
	ByDevices               // the choice of GPUs, whatever is shown of MIG
	ByMIG                   // the choice of GPUs, and what is shown of MIG
)

// eventChoices are those of the events that are not of GPUs and their instances alike.
var eventChoices = map[Event]Choice{SXIDFatal: ByNothing, SXIDNonFatal: ByNothing, PeerStatus: ByDevices}

// Choices returns what chooses the entities of each series, by its name.
func (v *View) Choices() map[string]Choice {
	choices := map[string]Choice{}
	for i := range v.Rows {
		choices[v.Rows[i].Name] = choiceOf(&v.Rows[i])
	}
	for event, metrics := range v.Events {
		choice, isOther := eventChoices[event]
		if !isOther {
			choice = ByMIG
		}
		for _, m := range metrics {
			choices[m.Name] = choice
		}
	}
	return choices
}

func choiceOf(row *catalog.Row) Choice {
	isOfGPUs := func(s catalog.Source) bool { return catalog.EndOf(s.Fields[0]) == dcgm.GPU }
	switch {
	case row.Kinds.Has(dcgm.GPU):
		return ByMIG
	case row.Kinds.Has(dcgm.Link) && slices.ContainsFunc(row.Sources, isOfGPUs):
		return ByDevices
	default:
		return ByNothing
	}
}
