// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
)

const (
	span   = time.Hour
	step   = 30 * time.Second
	points = int(span / step)

	// maxGPUs is far beyond any node. With the size of a ring it bounds memory.
	maxGPUs = 512

	// lateReports is how many reports may be missing before the last one is no news any more, and leastAge the age below which it always is.
	lateReports = 3
	leastAge    = 30 * time.Second
)

// Store keeps what receivers report. The zero value is ready; its methods are safe for concurrent use and wait for nothing but each other.
type Store struct {
	mu   sync.Mutex
	gpus map[key]*gpu
}

type key struct{ receiver, id string }

// The values of which there is a history.
const (
	temperature = iota
	power
	utilization
	memoryUsed
	kept
)

// gpu is the last report of a GPU, and its last hour as a ring: the point of step n is at n modulo the size.
type gpu struct {
	reported time.Time
	interval time.Duration
	last     gpureport.GPU
	ring     [points]point
}

// point has NaN where nothing is known. Its step counts from the Unix epoch.
type point struct {
	step int64
	of   [kept]float64
}

// Observe takes a report, and forgets the receiver's GPUs that are not in it.
func (s *Store) Observe(report *gpureport.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gpus == nil {
		s.gpus = map[key]*gpu{}
	}
	for i := range report.GPUs {
		k := key{report.Receiver, report.GPUs[i].ID}
		g := s.gpus[k]
		if g == nil {
			if len(s.gpus) >= maxGPUs {
				continue
			}
			g = &gpu{}
			s.gpus[k] = g
		}
		g.observe(report, &report.GPUs[i])
	}
	s.forget(report)
}

// forget forgets what a report does not have any more.
func (s *Store) forget(report *gpureport.Report) {
	for k, g := range s.gpus {
		if k.receiver == report.Receiver && !g.reported.Equal(report.At) {
			delete(s.gpus, k)
		}
	}
}

func (g *gpu) observe(report *gpureport.Report, now *gpureport.GPU) {
	before := g.last
	g.reported, g.interval, g.last = report.At, report.Interval, *now
	if now.At.IsZero() {
		g.last.At = before.At
	}
	g.last.ThrottleReasons = keep(before.ThrottleReasons, now.ThrottleReasons)
	g.last.XIDs = keep(before.XIDs, now.XIDs)
	g.point(report.At).raise(now)
}

// keep returns what equals now and is the receiver's no more.
func keep[T comparable](before, now []T) []T {
	if slices.Equal(before, now) {
		return before
	}
	return slices.Clone(now)
}

func stepOf(at time.Time) int64 { return at.UnixNano() / int64(step) }

// at returns the place of a step.
func (g *gpu) at(n int64) *point { return &g.ring[uint64(n)%uint64(points)] } //nolint:gosec // Steps before 1970 have a place as well.

// point returns the point of a time, in place of that of an hour ago.
func (g *gpu) point(at time.Time) *point {
	n := stepOf(at)
	p := g.at(n)
	if p.step != n {
		p.step = n
		for i := range p.of {
			p.of[i] = math.NaN()
		}
	}
	return p
}

// raise takes the values that are higher than those before.
func (p *point) raise(now *gpureport.GPU) {
	for i, value := range [kept]float64{temperature: now.Temperature, power: now.Power, utilization: now.Utilization, memoryUsed: now.MemoryUsed} {
		if value > p.of[i] || math.IsNaN(p.of[i]) {
			p.of[i] = value
		}
	}
}

// Of returns what is known of a GPU of a receiver at a time, with the last hour if that is wanted; nil where the receiver reports nothing of it.
func (s *Store) Of(receiver, id string, now time.Time, history bool) *Readings {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.gpus[key{receiver, id}]
	if g == nil {
		return nil
	}
	r := g.readings(now)
	if history {
		r.History, r.StepSeconds = g.history(now), max(step, g.interval).Seconds()
	}
	return r
}

// readings has no values of a report that is too old.
func (g *gpu) readings(now time.Time) *Readings {
	r := &Readings{XIDs: make([]XID, 0, len(g.last.XIDs))}
	if !g.last.At.IsZero() {
		at := g.last.At
		r.At = &at
	}
	for _, x := range g.last.XIDs {
		r.XIDs = append(r.XIDs, XID{Code: x.Code, Mnemonic: x.Mnemonic, Count: x.Count, At: x.Last})
	}
	if now.Sub(g.reported) > max(leastAge, lateReports*g.interval) {
		return r
	}
	r.Temperature, r.Power, r.Utilization = known(g.last.Temperature), known(g.last.Power), known(g.last.Utilization)
	r.MemoryUsed, r.MemoryTotal = known(g.last.MemoryUsed), known(g.last.MemoryTotal)
	if g.last.ThrottleKnown {
		r.ThrottleReasons = append([]string{}, g.last.ThrottleReasons...)
	}
	return r
}

// history returns the points of the last hour of which anything is known.
func (g *gpu) history(now time.Time) []Point {
	newest := stepOf(now)
	all := make([]Point, 0, points)
	for n := newest - int64(points) + 1; n <= newest; n++ {
		p := g.at(n)
		if p.step != n || !slices.ContainsFunc(p.of[:], isKnown) {
			continue
		}
		end := time.Unix(0, (n+1)*int64(step)).UTC()
		if end.After(now) {
			end = now
		}
		all = append(all, Point{
			At: end, Temperature: known(p.of[temperature]), Power: known(p.of[power]), Utilization: known(p.of[utilization]), MemoryUsed: known(p.of[memoryUsed]),
		})
	}
	return all
}

// isKnown is false for what is no number. JSON has none for what is infinite.
func isKnown(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// known is nil for what is not known.
func known(value float64) *float64 {
	if !isKnown(value) {
		return nil
	}
	return &value
}
