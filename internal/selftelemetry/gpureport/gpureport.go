// SPDX-License-Identifier: Apache-2.0

// Package gpureport is how a receiver shows what it has read of GPUs to extensions of the same Collector, such as a status page. It is a
// call within the process: nothing of it becomes a metric.
package gpureport

import (
	"time"

	"go.opentelemetry.io/collector/component"
)

// Observer is an extension that wants reports.
type Observer interface {
	// ObserveGPUs is called after each collection, on the goroutine that deals with the GPUs. It returns soon, and keeps nothing of the
	// report, which the receiver uses again.
	ObserveGPUs(report *Report)
}

// MaxXIDs is how many XIDs of a GPU a report has at most.
const MaxXIDs = 5

// Report is what a receiver knows of its GPUs after a collection.
type Report struct {
	Receiver string        // its id
	At       time.Time     // by the Collector's clock
	Interval time.Duration // from one report to the next

	// GPUs are all that the receiver knows. One that is not among them any more is to be forgotten.
	GPUs []GPU
}

// GPU is what a receiver knows of one GPU now.
type GPU struct {
	ID string // hw.id

	// At is when the newest of the values was taken, by the clock of whoever took it. It is zero without a value.
	At time.Time

	// Values are NaN where there is none.
	Temperature float64 // degrees Celsius
	Power       float64 // watts
	Utilization float64 // from 0 to 1
	MemoryUsed  float64 // bytes
	MemoryTotal float64 // bytes

	// ThrottleReasons are those for which the clocks are held down now, by the names of gpu.throttle.reason. They mean something only if
	// ThrottleKnown.
	ThrottleReasons []string
	ThrottleKnown   bool

	// XIDs are the last ones, each code once, the newest first. They have happened, whether the GPU can be read now or not.
	XIDs []XID
}

// XID is a code that a GPU has reported.
type XID struct {
	Code     int
	Mnemonic string // empty where it is not known
	Count    int64  // how often it came
	Last     time.Time
}

// Observers returns the extensions of a host that want reports.
func Observers(host component.Host) []Observer {
	var all []Observer
	for _, extension := range host.GetExtensions() {
		if observer, wants := extension.(Observer); wants {
			all = append(all, observer)
		}
	}
	return all
}
