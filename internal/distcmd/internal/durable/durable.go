// SPDX-License-Identifier: Apache-2.0

// Package durable closes two gaps of upstream around the start of a Collector, in which data
// is lost that was accepted and is on disk.
package durable

import (
	"maps"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
)

var (
	fileStorage = component.MustNewType("file_storage")
	// k8s_cluster looks for a method of this exporter that a gate would hide.
	ungated = component.MustNewType("signalfx")
)

// Wrap returns the same factories, but that exporters with a persistent queue refuse what comes
// before they have started, and that file_storage itself puts back what was under way at a kill.
func Wrap(factories func() (otelcol.Factories, error)) func() (otelcol.Factories, error) {
	return func() (otelcol.Factories, error) {
		wrapped, err := factories()
		if err != nil {
			return otelcol.Factories{}, err
		}
		wrapped.Exporters, wrapped.Extensions = maps.Clone(wrapped.Exporters), maps.Clone(wrapped.Extensions)
		for name, factory := range wrapped.Exporters {
			if factory.Type() != ungated {
				wrapped.Exporters[name] = gateExporters(factory)
			}
		}
		if factory, ok := wrapped.Extensions[fileStorage]; ok {
			wrapped.Extensions[fileStorage] = storageFactory{Factory: factory, alias: factory.(alias)}
		}
		return wrapped, nil
	}
}

// alias is what factories have beside the methods of their interface: the service looks for it
// to know a component by a former name.
type alias interface {
	DeprecatedAlias() component.Type
	SetDeprecatedAlias(component.Type)
}
