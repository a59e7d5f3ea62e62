// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Session returns a session whose connections are recorded.
func (r *Recorder) Session(session Session) Session { return &recordedSession{session, r} }

type recordedSession struct {
	Session
	recorder *Recorder
}

// Connect implements [Session].
func (s *recordedSession) Connect(ctx context.Context) (Source, error) {
	src, err := s.Session.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return s.recorder.Source(src), nil
}

// recordedSource records what a source answers. What it does not override says nothing that a replay would need.
type recordedSource struct {
	Source
	recorder *Recorder
}

// record records how a call ended that has no rows.
func (s *recordedSource) record(call string, entity *Entity, err error) {
	s.recorder.call(s.Source, call, entity, err, nil)
}

// Entities implements [Lister].
func (s *recordedSource) Entities(ctx context.Context, kind EntityKind) (Entities, error) {
	all, err := s.Source.Entities(ctx, kind)
	s.recorder.call(s.Source, callList+groupName(kind), nil, err, func(t float64) []any {
		line := entitiesLine{Kind: "entities", T: t, EntityGroup: groupName(kind), IDs: idsOf(all.All)}
		if kind == GPU {
			supported := idsOf(all.Supported)
			line.Supported = &supported
		}
		return []any{line}
	})
	return all, err
}

// Status implements [Lister].
func (s *recordedSource) Status(ctx context.Context, gpu Entity) (EntityStatus, error) {
	status, err := s.Source.Status(ctx, gpu)
	s.recorder.call(s.Source, callGPUStatus, &gpu, err, func(t float64) []any {
		return []any{entityLine{Kind: "gpu_status", T: t, EntityGroup: groupName(gpu.Kind), EntityID: gpu.ID, Value: status}}
	})
	return status, err
}

// ProfilingFields implements [Lister].
func (s *recordedSource) ProfilingFields(ctx context.Context, gpu Entity) ([]FieldID, error) {
	fields, err := s.Source.ProfilingFields(ctx, gpu)
	sorted := slices.Sorted(slices.Values(fields))
	s.recorder.call(s.Source, callProfiling, &gpu, err, func(t float64) []any {
		return []any{entityLine{Kind: "metric_groups", T: t, EntityGroup: groupName(gpu.Kind), EntityID: gpu.ID, Value: []metricGroup{{FieldIDs: sorted}}}}
	})
	return fields, err
}

// Links implements [Lister].
func (s *recordedSource) Links(ctx context.Context) (map[Entity][]LinkState, error) {
	links, err := s.Source.Links(ctx)
	s.recorder.call(s.Source, callLinks, nil, err, func(t float64) []any { return linkLines(t, links) })
	return links, err
}

// Hierarchy implements [Lister].
func (s *recordedSource) Hierarchy(ctx context.Context) ([]Instance, error) {
	instances, err := s.Source.Hierarchy(ctx)
	s.recorder.call(s.Source, callHierarchy, nil, err, func(t float64) (lines []any) {
		for i := range instances {
			lines = append(lines, hierarchyOf(t, &instances[i]))
		}
		return lines
	})
	return instances, err
}

// Processors implements [Lister].
func (s *recordedSource) Processors(ctx context.Context) ([]Processor, error) {
	processors, err := s.Source.Processors(ctx)
	s.recorder.call(s.Source, callCPUs, nil, err, func(t float64) []any { return cpuLines(t, processors) })
	return processors, err
}

// Peers implements [Lister].
func (s *recordedSource) Peers(ctx context.Context) ([][]PeerState, error) {
	states, err := s.Source.Peers(ctx)
	s.recorder.call(s.Source, callPeers, nil, err, func(t float64) []any { return peersLines(t, states) })
	return states, err
}

// Usage implements [Lister].
func (s *recordedSource) Usage(ctx context.Context) (Usage, error) {
	usage, err := s.Source.Usage(ctx)
	s.recorder.call(s.Source, callUsage, nil, err, func(t float64) []any {
		return []any{usageLine{Kind: "usage", T: t, Memory: usage.MemoryBytes, CPU: usage.CPU}}
	})
	return usage, err
}

// CheckHealth implements [Health].
func (s *recordedSource) CheckHealth(ctx context.Context, group *Group) ([]Incident, error) {
	incidents, err := s.Source.CheckHealth(ctx, group)
	s.recorder.call(s.Source, callHealth, nil, err, func(t float64) []any { return healthLines(t, incidents) })
	return incidents, err
}

// Group implements [Watcher].
func (s *recordedSource) Group(ctx context.Context, entities []Entity) (*Group, []Entity, error) {
	group, refused, err := s.Source.Group(ctx, entities)
	s.recorder.grouped(group, err)
	for _, e := range entities {
		if err != nil {
			break
		}
		var why error
		if slices.Contains(refused, e) {
			why = errRefused
		}
		s.record(callAddEntity, &e, why)
	}
	return group, refused, err
}

// grouped records whether the engine had a group left, and how many the client held then.
func (r *Recorder) grouped(group *Group, err error) {
	r.locked(func(t float64) []any {
		held := len(r.groups)
		if err == nil {
			r.groups[group] = true
		}
		lines := r.outcome(t, callGroup, nil, err, stateOf(err, nil))
		for i := range lines {
			line := lines[i].(callLine) //nolint:forcetypeassert // That is what outcome makes.
			line.Held = &held
			lines[i] = line
		}
		return lines
	})
}

// Release implements [Watcher].
func (s *recordedSource) Release(ctx context.Context, group *Group) error {
	s.recorder.locked(func(float64) []any {
		delete(s.recorder.groups, group)
		return nil
	})
	return s.Source.Release(ctx, group)
}

// Watch implements [Watcher].
func (s *recordedSource) Watch(ctx context.Context, group *Group, watch Watch) ([]Refusal, error) {
	refused, err := s.Source.Watch(ctx, group, watch)
	s.record(callWatch, nil, err)
	if err == nil {
		s.recorder.watched(group.entities, watch.Fields, refused)
	}
	return refused, err
}

// watched records which fields were taken, and why others were not.
func (r *Recorder) watched(entities []Entity, fields []FieldID, refused []Refusal) {
	r.locked(func(t float64) []any {
		taken := slices.Clone(fields)
		var lines []any
		var noGroup error
		for _, refusal := range refused {
			taken = slices.DeleteFunc(taken, func(field FieldID) bool { return field == refusal.Field })
			of := []FieldID{refusal.Field}
			switch {
			case errors.Is(refusal.Why, ErrNoGroup):
				noGroup = refusal.Why
			case errors.Is(refusal.Why, ErrUnknownField):
				lines = append(lines, r.callLine(t, callFieldGroup+fieldList(of), nil, refusal.Why))
			default:
				lines = append(lines, r.watchLines(t, entities, of, refusal.Why)...)
			}
		}
		lines = append(lines, r.outcome(t, callFieldGroup, nil, noGroup, stateOf(noGroup, nil))...)
		if len(taken) == 0 {
			return lines
		}
		lines = append(lines, r.callLine(t, callFieldGroup+fieldList(taken), nil, nil))
		return append(lines, r.watchLines(t, entities, taken, nil)...)
	})
}

// Read implements [Reader].
func (s *recordedSource) Read(ctx context.Context, entities []Entity, fields []FieldID, buf []Sample) ([]Sample, map[Entity]error, error) {
	samples, unread, err := s.Source.Read(ctx, entities, fields, buf)
	s.recorder.read(entities, samples, unread, err)
	return samples, unread, err
}

// ReadSince implements [Reader].
func (s *recordedSource) ReadSince(ctx context.Context, group *Group, i int, since time.Time) ([]Sample, time.Time, error) {
	samples, next, err := s.Source.ReadSince(ctx, group, i, since)
	s.recorder.readSince(cursorKey{group, i}, samples, since, next, err)
	return samples, next, err
}
