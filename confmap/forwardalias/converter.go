// SPDX-License-Identifier: Apache-2.0

package forwardalias

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.uber.org/zap"
)

type converter struct {
	logger *zap.Logger
	names  names
}

// Convert implements confmap.Converter. A configuration without later names is left as it is.
func (c *converter) Convert(_ context.Context, conf *confmap.Conf) error {
	// Raw, so that what came from ${...} keeps its text for the fields that are strings. It is a deep copy, which may be changed in place.
	config := xconfmap.ToStringMapRaw(conf)
	r := renaming{names: c.names, found: map[name]bool{}}
	r.sections(config)
	r.references(config)
	s := respelling{}
	s.sections(config)
	if err := errors.Join(errors.Join(r.errs...), errors.Join(s.errs...)); err != nil {
		return err
	}
	if len(r.found)+len(s.found) == 0 {
		return nil
	}
	for _, n := range slices.SortedFunc(maps.Keys(r.found), name.compare) {
		n.log(c.logger)
	}
	for _, warning := range s.found {
		c.logger.Warn(warning)
	}
	*conf = *confmap.NewFromStringMap(config)
	return nil
}

// name is a later name that occurs in a configuration.
type name struct {
	kind, later string
	present
}

// log warns of a name that 0.152 does not know: after a rollback to it the configuration is
// refused. A name of 0.152 is no reason to warn.
func (n name) log(logger *zap.Logger) {
	if n.isLater() {
		logger.Warn(fmt.Sprintf("%s: %q is a later name of %q, which is read in its place", n.kind, n.later, n.here))
		return
	}
	logger.Info(fmt.Sprintf("%s: %q is the name in 0.152 of %q, which is read in its place", n.kind, n.later, n.here))
}

func (n name) compare(other name) int {
	return strings.Compare(n.kind+"/"+n.later, other.kind+"/"+other.later)
}

// renaming changes one configuration.
type renaming struct {
	names names
	found map[name]bool
	errs  []error
}

// sections renames where components are defined.
func (r *renaming) sections(config map[string]any) {
	for _, kind := range []string{receivers, processors, exporters, connectors, extensions} {
		edit(config, kind, func(section map[string]any) { r.keys(section, kind, kind) })
	}
	within(config, processors, detecting, func(id string, processor map[string]any) {
		r.keys(processor, processors+"::"+id, detectors)
		r.list(processor, detectors, detectors)
	})
	within(config, receivers, creating, func(id string, creator map[string]any) {
		edit(creator, receivers, func(templates map[string]any) { r.keys(templates, receivers+"::"+id+"::"+receivers, receivers) })
	})
	edit(config, receivers, r.encodings)
	edit(config, exporters, r.encodings)
}

// references renames where a service refers to components. A connector is a receiver and an
// exporter there.
func (r *renaming) references(config map[string]any) {
	edit(config, "service", func(service map[string]any) {
		r.list(service, extensions, extensions)
		edit(service, "pipelines", func(pipelines map[string]any) {
			for id := range pipelines {
				edit(pipelines, id, func(pipeline map[string]any) {
					r.list(pipeline, receivers, receivers, connectors)
					r.list(pipeline, processors, processors)
					r.list(pipeline, exporters, exporters, connectors)
				})
			}
		})
	})
}

// encodings renames extensions wherever components name one as their encoding.
func (r *renaming) encodings(in map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if slices.Contains(encodingKeys, key) {
			in[key] = r.encoding(in[key])
			continue
		}
		edit(in, key, r.encodings)
	}
}

// encoding renames an extension, or one of each signal.
func (r *renaming) encoding(value any) any {
	signals, ok := unwrap(value).(map[string]any)
	if !ok {
		return r.element(value, []string{extensions})
	}
	for signal := range signals {
		signals[signal] = r.element(signals[signal], []string{extensions})
	}
	return signals
}

// keys renames the keys of a mapping that are ids of this kind.
func (r *renaming) keys(in map[string]any, path, kind string) {
	for _, later := range slices.Sorted(maps.Keys(in)) {
		here, renamed := r.id(later, kind)
		if !renamed {
			continue
		}
		if _, both := in[here]; both {
			r.errs = append(r.errs, fmt.Errorf("%q: must hold one of %q and %q, which are one component by its later and its present name", path, later, here))
			continue
		}
		in[here] = in[later]
		delete(in, later)
	}
}

// list renames the ids of these kinds in a list.
func (r *renaming) list(in map[string]any, key string, kinds ...string) {
	switch ids := unwrap(in[key]).(type) {
	case []any:
		for i, id := range ids {
			ids[i] = r.element(id, kinds)
		}
		in[key] = ids
	case string: // Read as a list, too.
		parts := strings.Split(ids, ",")
		for i, id := range parts {
			parts[i], _ = r.id(id, kinds...)
		}
		in[key] = strings.Join(parts, ",")
	}
}

func (r *renaming) element(id any, kinds []string) any {
	text, ok := unwrap(id).(string)
	if !ok {
		return id
	}
	here, renamed := r.id(text, kinds...)
	if !renamed {
		return id
	}
	return here
}

// id returns the present form of an id, and whether it differs.
func (r *renaming) id(id string, kinds ...string) (here string, renamed bool) {
	later := typeOf(id)
	for _, kind := range kinds {
		if p, ok := r.names[kind][later]; ok {
			r.found[name{kind, later, p}] = true
			return strings.Replace(id, later, p.here, 1), true
		}
	}
	return id, false
}

// typeOf returns the type of a component id, as upstream reads it.
func typeOf(id string) string {
	before, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(before)
}

// edit lets change work on the mapping at a key, if there is one.
func edit(in map[string]any, key string, change func(map[string]any)) {
	if m, ok := unwrap(in[key]).(map[string]any); ok {
		change(m)
		in[key] = m
	}
}

// within lets change work on the configurations of all components of one type.
func within(config map[string]any, kind, component string, change func(id string, of map[string]any)) {
	edit(config, kind, func(section map[string]any) {
		for _, id := range slices.Sorted(maps.Keys(section)) {
			if typeOf(id) == component {
				edit(section, id, func(of map[string]any) { change(id, of) })
			}
		}
	})
}

// unwrap returns the value of what was written as ${...}.
func unwrap(value any) any {
	if expanded, ok := value.(xconfmap.ExpandedValue); ok {
		return expanded.Value
	}
	return value
}
