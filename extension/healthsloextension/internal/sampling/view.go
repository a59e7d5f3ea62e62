// SPDX-License-Identifier: Apache-2.0

package sampling

import "time"

// The sources of a View's numbers.
const (
	// SourceInProcess means that the Collector's telemetry factory is ours and the numbers were
	// read from its own reader.
	SourceInProcess = "in-process"

	// SourceScrape means that the numbers were scraped from the Collector's Prometheus endpoint.
	SourceScrape = "scrape"

	// SourceNone means that the numbers of exporters, queues, receivers and GPUs are unavailable.
	SourceNone = "none"
)

// View is what the last sampling pass found. It is a snapshot: nobody changes it, and readers
// may not either.
type View struct {
	// At is when the pass took place, the zero time before the first one.
	At time.Time

	// Window is the length of the rolling window behind every rate and behind Stalled.
	Window time.Duration

	// HistoryStep is the distance of two points of an exporter's history.
	HistoryStep time.Duration

	// Source is how the numbers are obtained: SourceInProcess, SourceScrape or SourceNone.
	Source string

	// SourceReason says, as a sentence for people, why Source is SourceNone or why the last
	// attempt to read it failed. Empty while all is well.
	SourceReason string

	// Exporters is sorted by ID and Signal. An exporter appears with its first request or
	// as soon as it has a queue.
	Exporters []Exporter

	// Objectives is in the order of the configuration.
	Objectives []Objective

	// GPUs is sorted by Component and ID; empty where no receiver reports any.
	GPUs []GPU
}

// Exporter is what is known of one exporter and one signal.
type Exporter struct {
	// ID is the Collector's id of the exporter, such as otlp_grpc/backend.
	ID string

	// Signal is traces, metrics, logs or profiles.
	Signal string

	// FailureRate is failed ÷ finished items in the window, from 0 to 1; 0 when nothing finished.
	FailureRate float64

	// QueueRatio is queue size ÷ capacity, from 0 to 1. It means something only if HasQueue.
	QueueRatio float64

	// HasQueue reports whether the exporter has a sending queue.
	HasQueue bool

	// Stalled means that a request is in flight and that nothing finished for a whole window.
	Stalled bool

	// History holds the last hour, the oldest first, one point per HistoryStep of the View.
	History []Point
}

// Point is one moment of an exporter's history. Each value is the worst since the point before.
type Point struct {
	At          time.Time
	FailureRate float64
	QueueRatio  float64
	Stalled     bool
}

// Objective is the state of one service level objective.
type Objective struct {
	// Name is the user's name for it.
	Name string

	// Indicator is what is measured: exporter_success_ratio, queue_headroom,
	// receiver_freshness or readiness.
	Indicator string

	// Target is the wanted share of good, above 0 and below 1.
	Target float64

	// Known means that the indicator could be measured at least once. Until then the fields
	// below mean nothing.
	Known bool

	// Current is the share of good over the longest window, from 0 to 1; 1 when nothing was
	// counted in it. It does not fall while nothing is counted.
	Current float64

	// BudgetRemaining is the share of the error budget of the longest window that is left:
	// 1 when untouched, 0 when spent, negative when overspent.
	BudgetRemaining float64

	// BurnRates has one entry per configured window, the shortest first.
	BurnRates []BurnRate
}

// BurnRate is how fast the error budget is being spent: the share of bad in the window ÷
// (1 - target), where what was before the first measurement counts as good. At 1 the budget
// lasts exactly as long as the objective's period. Items that are good do not raise it, even where
// older good ones leave the window.
type BurnRate struct {
	Window time.Duration
	Rate   float64

	// BadPasses is how many sampling passes of the window found anything bad.
	BadPasses int64
}

// GPU is what a receiver says of one GPU.
type GPU struct {
	// Component is the id of the receiver, such as dcgm.
	Component string

	// ID, Name and Model are the receiver's hw.id, hw.name and hw.model.
	ID, Name, Model string

	// Status is the receiver's word for the state at the host engine, such as ok or lost.
	Status string

	// Health is the receiver's hw.status: ok, degraded, predicted_failure or failed; empty where
	// the receiver does not report it.
	Health string

	// Conditions are what is wrong with a GPU that answers, sorted by name.
	Conditions []Condition

	// Up reports whether the GPU answers.
	Up bool

	// Simulated means that there is no such GPU.
	Simulated bool
}

// Condition is one thing that a receiver finds wrong with a GPU.
type Condition struct {
	// Name is the receiver's gpu.condition, such as row_remap_failed.
	Name string

	// Action is its gpu.condition.action, by the names of NVIDIA's XID catalogue; empty where the receiver recommends none.
	Action string
}
