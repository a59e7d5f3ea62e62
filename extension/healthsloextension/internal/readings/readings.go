// SPDX-License-Identifier: Apache-2.0

// Package readings keeps what receivers report of their GPUs beside how they are: the newest values, and those of the last hour. It reads no
// clock.
package readings

import "time"

// Readings are what is known of one GPU. A value that is not known is nil, never zero.
type Readings struct {
	// At is when the newest value was taken, by the clock of whoever took it; nil before the first one.
	At *time.Time `json:"at"`

	Temperature *float64 `json:"temperature_celsius"`
	Power       *float64 `json:"power_watts"`
	Utilization *float64 `json:"utilization_ratio"` // from 0 to 1
	MemoryUsed  *float64 `json:"memory_used_bytes"`
	MemoryTotal *float64 `json:"memory_total_bytes"`

	// ThrottleReasons are those of now; nil where they are not known, empty where there are none.
	ThrottleReasons []string `json:"throttle_reasons"`

	XIDs []XID `json:"xids"` // the last ones, the newest first

	// History is the last hour, the oldest first. It is nil where nobody asked for it.
	History     []Point `json:"history,omitempty"`
	StepSeconds float64 `json:"step_seconds,omitempty"` // the usual distance of two points
}

// Point is the highest of each value in one step of the last hour.
type Point struct {
	At          time.Time `json:"at"`
	Temperature *float64  `json:"temperature_celsius"`
	Power       *float64  `json:"power_watts"`
	Utilization *float64  `json:"utilization_ratio"`
	MemoryUsed  *float64  `json:"memory_used_bytes"`
}

// XID is a code that a GPU has reported.
type XID struct {
	Code     int       `json:"code"`
	Mnemonic string    `json:"mnemonic,omitempty"`
	Count    int64     `json:"count"`
	At       time.Time `json:"at"` // of the last one
}

// Missing reports whether none of the values is known.
func (r *Readings) Missing() bool {
	return r.Temperature == nil && r.Power == nil && r.Utilization == nil && r.MemoryUsed == nil
}

// ThrottlingKnown reports whether it is known for which reasons the clocks are held down, if for any.
func (r *Readings) ThrottlingKnown() bool { return r.ThrottleReasons != nil }
