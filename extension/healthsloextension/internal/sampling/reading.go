// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// Source reads the Collector's own metrics.
type Source interface {
	// Name is the source's name in a [View].
	Name() string
	Read(ctx context.Context) (*Reading, error)
}

// Reading is what one look at the Collector's own metrics found.
type Reading struct {
	// Exporters holds cumulative counts and levels.
	Exporters map[ExporterKey]*Counts

	// LastActivity is the time of each receiver's last success, by its component id.
	LastActivity map[string]time.Time

	GPUs []GPU

	// Incomplete says what is missing, if anything.
	Incomplete error
}

// ExporterKey names one exporter and one signal.
type ExporterKey struct {
	ID, Signal string
}

// Counts is what exporterhelper says of one exporter and one signal. A failed send is counted
// in SendFailed once it is given up; while it is retried it shows in InFlight alone.
type Counts struct {
	Sent, SendFailed, EnqueueFailed    float64 // items
	InFlight, QueueSize, QueueCapacity float64
}

func newReading() *Reading {
	return &Reading{Exporters: map[ExporterKey]*Counts{}, LastActivity: map[string]time.Time{}}
}

// point is one value of one metric. Labels go by their names in OpenTelemetry.
type point struct {
	label func(key string) string
	value float64
}

// folds says what each metric adds to a reading, by its name in OpenTelemetry.
var folds = exporterFolds(map[string]func(*Reading, point){
	"otelcol_exporter_in_flight_requests": func(r *Reading, p point) { r.byDataType(p).InFlight += p.value },
	"otelcol_exporter_queue_capacity":     func(r *Reading, p point) { r.byDataType(p).QueueCapacity += p.value },
	"otelcol_exporter_queue_size":         func(r *Reading, p point) { r.byDataType(p).QueueSize += p.value },
	"tracecore.gpu.condition": func(r *Reading, p point) {
		if g := r.gpu(p); p.value == 1 {
			g.Conditions = append(g.Conditions, Condition{p.label("gpu.condition"), p.label("gpu.condition.action")})
		}
	},
	"tracecore.gpu.status": func(r *Reading, p point) {
		if g := r.gpu(p); p.value == 1 {
			g.Status = p.label("gpu.state")
		}
	},
	"tracecore.gpu.up": func(r *Reading, p point) {
		g := r.gpu(p)
		g.Up, g.Simulated = p.value != 0, p.label("tracecore.simulated") == "true"
	},
	"tracecore.hw.status": func(r *Reading, p point) {
		if g := r.gpu(p); p.value == 1 {
			g.Health = p.label("hw.state")
		}
	},
	"tracecore.receiver.last_activity_unix_seconds": func(r *Reading, p point) {
		r.LastActivity[p.label("component_id")] = time.Unix(int64(p.value), 0)
	},
})

// exporterFolds adds exporterhelper's counters, which have the signal in their names. Beside
// the exporter they carry attributes of its own choice, so points are summed.
func exporterFolds(folds map[string]func(*Reading, point)) map[string]func(*Reading, point) {
	counters := map[string]func(*Counts, float64){
		"otelcol_exporter_sent_":           func(c *Counts, v float64) { c.Sent += v },
		"otelcol_exporter_send_failed_":    func(c *Counts, v float64) { c.SendFailed += v },
		"otelcol_exporter_enqueue_failed_": func(c *Counts, v float64) { c.EnqueueFailed += v },
	}
	items := map[string]string{"spans": "traces", "metric_points": "metrics", "log_records": "logs", "profile_samples": "profiles"}
	for prefix, add := range counters {
		for item, signal := range items {
			folds[prefix+item] = func(r *Reading, p point) { add(r.exporter(p.label("exporter"), signal), p.value) }
		}
	}
	return folds
}

// add folds one point in. It ignores what is no number.
func (r *Reading) add(fold func(*Reading, point), p point) {
	if !math.IsNaN(p.value) && !math.IsInf(p.value, 0) {
		fold(r, p)
	}
}

func (r *Reading) exporter(id, signal string) *Counts {
	key := ExporterKey{id, signal}
	counts, ok := r.Exporters[key]
	if !ok {
		counts = &Counts{}
		r.Exporters[key] = counts
	}
	return counts
}

func (r *Reading) byDataType(p point) *Counts {
	return r.exporter(p.label("exporter"), p.label("data_type"))
}

// gpu returns the GPU that a point is about.
func (r *Reading) gpu(p point) *GPU {
	component, id := p.label("component_id"), p.label("hw.id")
	at := slices.IndexFunc(r.GPUs, func(g GPU) bool { return g.Component == component && g.ID == id })
	if at < 0 {
		at = len(r.GPUs)
		r.GPUs = append(r.GPUs, GPU{Component: component, ID: id, Name: p.label("hw.name"), Model: p.label("hw.model")})
	}
	return &r.GPUs[at]
}

// sorted puts a reading's lists in the order of a [View].
func (r *Reading) sorted() *Reading {
	for i := range r.GPUs {
		slices.SortFunc(r.GPUs[i].Conditions, func(a, b Condition) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(r.GPUs, func(a, b GPU) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID))
	})
	return r
}

// underscores is what a name becomes for clients of a Prometheus endpoint that do not ask for
// UTF-8 names.
func underscores(name string) string {
	return strings.ReplaceAll(name, ".", "_")
}
