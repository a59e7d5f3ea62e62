// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"time"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
)

// Page is all the page shows, and the JSON it is instead for machines.
type Page struct {
	Status string    `json:"status"` // ok or unavailable, as the readiness probe says
	At     time.Time `json:"at"`

	Collector  Collector   `json:"collector"`
	Attention  []string    `json:"attention"` // what a human should look at, a sentence each
	Components []Component `json:"components"`
	Telemetry  Telemetry   `json:"telemetry"`
	Exporters  []Exporter  `json:"exporters"`
	Objectives []Objective `json:"objectives"`

	// Node is the verdict on the GPUs, as paths::gpus has it.
	Node verdict.Node `json:"node"`

	// Refresh is after how many seconds a browser shall ask again; 0 for never.
	Refresh int `json:"-"`
}

// Collector is the process and its phase.
type Collector struct {
	Command   string `json:"command"`
	Version   string `json:"version"`
	Revision  string `json:"revision"`
	GoVersion string `json:"go_version"`
	Host      string `json:"host"`

	Phase string    `json:"phase"` // starting, ready, draining or shutting down
	Since time.Time `json:"since"` // of the phase

	// NotAlive and NotReady are the reasons of the probes, empty if they answer ok.
	NotAlive []string `json:"not_alive"`
	NotReady []string `json:"not_ready"`
}

// Component is one component by the worst of its instances.
type Component struct {
	Kind      string    `json:"kind"`
	ID        string    `json:"id"`
	Pipelines []string  `json:"pipelines"`
	Status    string    `json:"status"`
	Since     time.Time `json:"since"`
	Error     string    `json:"error,omitempty"`
	Failed    bool      `json:"failed"`
}

// Telemetry says where the numbers of exporters and GPUs come from.
type Telemetry struct {
	Source        string  `json:"source"`
	Reason        string  `json:"reason,omitempty"` // why there are none, if so
	WindowSeconds float64 `json:"window_seconds"`
	StepSeconds   float64 `json:"step_seconds"` // the distance of two points of a history
}

// Exporter is one exporter and signal.
type Exporter struct {
	ID          string   `json:"id"`
	Signal      string   `json:"signal"`
	FailureRate float64  `json:"failure_rate"`
	QueueRatio  *float64 `json:"queue_ratio"` // nil without a queue
	Stalled     bool     `json:"stalled"`
	History     []Point  `json:"history"` // of the last hour, the oldest first
}

// Point is the worst of an exporter since the point before.
type Point struct {
	At          time.Time `json:"at"`
	FailureRate float64   `json:"failure_rate"`
	QueueRatio  float64   `json:"queue_ratio"`
	Stalled     bool      `json:"stalled"`
}

// Objective is a service level objective.
type Objective struct {
	Name            string     `json:"name"`
	Indicator       string     `json:"indicator"`
	Target          float64    `json:"target"`
	Known           bool       `json:"known"` // false until it was measured; what follows means nothing then
	Current         float64    `json:"current"`
	BudgetRemaining float64    `json:"budget_remaining"`
	BurnRates       []BurnRate `json:"burn_rates"`
}

// BurnRate is how fast the budget was spent in a window; at 1 it lasts just as long as it must.
type BurnRate struct {
	WindowSeconds float64 `json:"window_seconds"`
	Rate          float64 `json:"rate"`
}
