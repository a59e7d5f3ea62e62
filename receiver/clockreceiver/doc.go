// SPDX-License-Identifier: Apache-2.0

// Package clockreceiver emits a heartbeat and the state of the host's clock discipline.
//
// A silent agent must be distinguishable from a silent GPU, and traces and collectives that
// span nodes are only as good as the clocks beneath them.
package clockreceiver

//go:generate mdatagen metadata.yaml
