// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import "time"

// NopReceiver returns a Receiver that reports nothing.
func NopReceiver() Receiver { return nopReceiver{} }

// NopExporter returns an Exporter that publishes nothing but still counts its calls.
func NopExporter() Exporter { return &nopExporter{} }

type nopReceiver struct{}

func (nopReceiver) IncError(Kind)                {}
func (nopReceiver) IncEmissions(int64)           {}
func (nopReceiver) ObserveLatency(time.Duration) {}
func (nopReceiver) SetDegraded(bool)             {}
func (nopReceiver) MarkActivity()                {}
func (nopReceiver) Shutdown()                    {}

type nopExporter struct{ counts }

func (e *nopExporter) IncCallSuccess()     { e.succeeded.Add(1) }
func (e *nopExporter) IncCallFailure(Kind) { e.failed.Add(1) }
