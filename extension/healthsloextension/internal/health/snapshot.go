// SPDX-License-Identifier: Apache-2.0

package health

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
)

// Snapshot is all that is known at one moment, for people to look at.
type Snapshot struct {
	// Phase is starting, ready, draining or shutting down.
	Phase string

	// Since is when the phase began.
	Since time.Time

	Liveness, Readiness Verdict

	// Components is in the order data flows, extensions last, and by id within a kind.
	Components []Component
}

// Component is one component by the worst of its instances.
type Component struct {
	// Kind is receiver, processor, connector, exporter or extension.
	Kind string

	// ID is the Collector's id, such as otlp_grpc/backend.
	ID string

	// Pipelines are the names of those it works in; empty for an extension.
	Pipelines []string

	// Status is the name of the status, Since when it became that, Error its cause if any.
	Status string
	Since  time.Time
	Error  string

	// Failed means that the status is an error of whatever grade.
	Failed bool
}

// flow is the order in which data meets the kinds of components.
var flow = []string{"receiver", "processor", "connector", "exporter", "extension"}

// Snapshot returns what is known now.
func (s *State) Snapshot(now time.Time) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Snapshot{
		Phase:      phaseNames[s.phase],
		Since:      s.phaseSince,
		Liveness:   s.liveness(now),
		Readiness:  s.readiness(),
		Components: s.instances.components(),
	}
}

func (i instances) components() []Component {
	pipelines := i.pipelines()
	components := make([]Component, 0, len(pipelines))
	for key, w := range i.worst() {
		components = append(components, Component{
			Kind:      key.kindName(),
			ID:        key.id.String(),
			Pipelines: pipelines[key],
			Status:    grades[w.status].name,
			Since:     w.since,
			Error:     w.err,
			Failed:    grades[w.status].rank >= grades[componentstatus.StatusRecoverableError].rank,
		})
	}
	slices.SortFunc(components, func(a, b Component) int {
		return cmp.Or(
			cmp.Compare(slices.Index(flow, a.Kind), slices.Index(flow, b.Kind)),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return components
}
