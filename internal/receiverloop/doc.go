// SPDX-License-Identifier: Apache-2.0

// Package receiverloop is what receivers that collect by themselves have in common: the cadence of their ticks, the goroutine that waits
// for them, pushing, a stop that is bounded and loses no push that has begun, and one report per change of state to log, component status
// and self-telemetry.
//
// A receiver makes one [Loop] with [New]. It calls [Loop.Start] and [Loop.Go] in its Start and [Loop.Shutdown] in its Shutdown. What it
// runs waits with [Wait] for the instants of a [Cadence], collects, pushes with [Loop.PushMetrics] or [Loop.PushLogs], and then says how
// the collection went ([Loop.Collected]) and what is wrong now ([Loop.Report]). The receivers of a factory for metrics and logs
// are made through [Signals]. What a receiver keeps over restarts, it opens with [OpenStorage].
package receiverloop
