// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pipeline"
)

// sharer is the configuration of a receiver that knows what another one of its type has too.
type sharer interface {
	SharedSeries(other component.Config) string
}

// source is a receiver of a pipeline.
type source struct {
	used
	parsed component.Config
}

// flow is a pipeline of metrics.
type flow struct {
	name       string
	sources    []source
	processors []string // those that can tell two pipelines apart
	pages      []string // exporters that keep the newest point of a series
}

var viewsPath = []string{"views"}

// checkViews reports two receivers that have a series in common, in one pipeline or in two that come to one page, which would have the
// newest point of either.
func checkViews(flows []flow) error {
	reported := map[[2]string]bool{}
	var errs []error
	for i := range flows {
		for j := range i + 1 {
			where := meet(&flows[j], &flows[i])
			if where == "" {
				continue
			}
			for _, pair := range pairsOf(&flows[j], &flows[i]) {
				ids := [2]string{pair[0].id, pair[1].id}
				shared := pair[1].parsed.(sharer).SharedSeries(pair[0].parsed) //nolint:forcetypeassert // flowsOf has no other ones.
				if shared == "" || reported[ids] {
					continue
				}
				reported[ids] = true
				errs = append(errs, pair[1].errorf(viewsPath, "has %s, as receivers::%s has, %s: keep one of them, or give each its own counters, metrics or devices", shared, pair[0].id, where))
			}
		}
	}
	return errors.Join(errs...)
}

// meet says where the series of two pipelines meet, or nothing. Other exporters hand on what each pipeline has.
func meet(a, b *flow) string {
	if a.name == b.name {
		return "in pipeline " + a.name
	}
	page := slices.IndexFunc(a.pages, func(id string) bool { return slices.Contains(b.pages, id) })
	if page < 0 || !slices.Equal(a.processors, b.processors) {
		return ""
	}
	return fmt.Sprintf("in pipelines %s and %s with exporter %s", a.name, b.name, a.pages[page])
}

// pairsOf are the pairs of one receiver of each pipeline that are of one type, in the order of their ids.
func pairsOf(a, b *flow) (pairs [][2]source) {
	for _, first := range a.sources {
		for _, second := range b.sources {
			switch {
			case first.typ != second.typ || first.id == second.id || a.name == b.name && first.id > second.id:
			case first.id < second.id:
				pairs = append(pairs, [2]source{first, second})
			default:
				pairs = append(pairs, [2]source{second, first})
			}
		}
	}
	return pairs
}

var (
	pages       = []string{"prometheus", "prometheusremotewrite"}
	changeNoOne = []string{"batch", "memory_limiter"}
)

// flowsOf returns the pipelines of metrics, with those of their receivers that know what they share.
func (m misfits) flowsOf(config map[string]any) []flow {
	pipelines, _ := at(config, "service", "pipelines").(map[string]any)
	var flows []flow
	for _, name := range slices.Sorted(maps.Keys(pipelines)) {
		if typeOf(name) != pipeline.SignalMetrics.String() {
			continue
		}
		one := maps.Clone(config)
		one["service"] = map[string]any{"pipelines": map[string]any{name: pipelines[name]}}
		f := flow{name: name, sources: m.sourcesOf(one)}
		for _, u := range usedOf(one, "exporters") {
			if slices.Contains(pages, u.typ) {
				f.pages = append(f.pages, u.id)
			}
		}
		processors, _ := at(pipelines[name], "processors").([]any)
		for _, id := range processors {
			if text := fmt.Sprint(id); !slices.Contains(changeNoOne, typeOf(text)) {
				f.processors = append(f.processors, text)
			}
		}
		flows = append(flows, f)
	}
	return flows
}

// sourcesOf returns the receivers of pipelines that know what they share. What is wrong with one by itself, its own validation says.
func (m misfits) sourcesOf(config map[string]any) []source {
	built, err := m.factories()
	if err != nil {
		return nil // The command says it.
	}
	var sources []source
	for _, u := range usedOf(config, "receivers") {
		typ, err := component.NewType(u.typ)
		if err != nil || built.Receivers[typ] == nil {
			continue
		}
		parsed := built.Receivers[typ].CreateDefaultConfig()
		section, _ := u.config.(map[string]any)
		if _, is := parsed.(sharer); is && confmap.NewFromStringMap(section).Unmarshal(parsed) == nil {
			sources = append(sources, source{u, parsed})
		}
	}
	return sources
}

// typeOf is the part of an id before its name.
func typeOf(id string) string {
	typ, _, _ := strings.Cut(id, "/")
	return strings.TrimSpace(typ)
}
