// SPDX-License-Identifier: Apache-2.0

// Package peerlimits bounds what one OTLP request can cost, where this line of upstream does not:
// values nested without end overflow the stack, which ends the process, and a zstd window of
// 512 MiB is allocated for a request of 13 bytes. Upstream has limits of its own in later releases.
package peerlimits

import (
	"maps"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
)

var otlp = component.MustNewType("otlp")

// Wrap returns the same factories, but that otlp receivers refuse HTTP requests with values that
// are nested too deeply. gRPC servers and zstd decoders are bounded for the whole process.
func Wrap(factories func() (otelcol.Factories, error)) func() (otelcol.Factories, error) {
	boundGRPC()
	boundZstd()
	return func() (otelcol.Factories, error) {
		wrapped, err := factories()
		if err != nil {
			return otelcol.Factories{}, err
		}
		if factory, carried := wrapped.Receivers[otlp]; carried {
			wrapped.Receivers = maps.Clone(wrapped.Receivers)
			wrapped.Receivers[otlp] = limitReceiver(factory)
		}
		return wrapped, nil
	}
}

// alias is what factories have beside the methods of their interface.
type alias interface {
	DeprecatedAlias() component.Type
	SetDeprecatedAlias(component.Type)
}

var _ receiver.Factory = limitedFactory{}
