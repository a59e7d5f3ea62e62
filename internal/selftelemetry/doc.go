// SPDX-License-Identifier: Apache-2.0

// Package selftelemetry is how in-tree receivers and exporters report on themselves: one
// small contract, the same instruments for every component, published through the
// Collector's own MeterProvider beside upstream's otelcol_* metrics.
//
// The instruments are listed in documentation.md. [NewReceiver] and [NewExporter] always
// return something usable: when the instruments cannot be made, a no-op, with the reason
// logged and counted.
package selftelemetry

//go:generate mdatagen metadata.yaml
