// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"hash/maphash"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/ledger"
)

// keepSeries is how long a series without samples is remembered, and sweepEvery how many batches pass between looks.
const (
	keepSeries = time.Hour
	sweepEvery = 256
)

// ledgers are what one pipeline has counted. The book's lock guards them.
type ledgers struct {
	seed    maphash.Seed
	ints    *book[int64]
	doubles *book[float64]
	tracks  map[*holders.GPU]*track
	batches int
	changes []holders.Change
	spans   []ledger.Change[*person]
}

func newLedgers() *ledgers {
	return &ledgers{
		seed: maphash.MakeSeed(), ints: newBook[int64](), doubles: newBook[float64](), tracks: map[*holders.GPU]*track{},
	}
}

// book has the series of one type of number, by the hash of metric and attributes.
type book[N ledger.Number] struct {
	series map[uint64]*series[N]
	points []ledger.Point[*person, N]
}

// series is a sum of a GPU, and how many of the GPU's changes it has been divided by.
type series[N ledger.Number] struct {
	ledger.Series[*person, N]
	gpu   *holders.GPU // whose changes they are; a GPU that was forgotten meanwhile is another one
	place int
	came  time.Time // when the newest sample did
}

func newBook[N ledger.Number]() *book[N] { return &book[N]{series: map[uint64]*series[N]{}} }

// begin starts a batch, and forgets now and then what has ended, in the book of holders too.
func (l *ledgers) begin(of *holders.Book, now time.Time) {
	if l.batches++; l.batches%sweepEvery != 0 {
		return
	}
	until := now.Add(-keepSeries) // by this clock: the data's may be wrong
	l.ints.forget(until)
	l.doubles.forget(until)
	of.Prune(until)
	for gpu, t := range l.tracks {
		if t.came.Before(until) {
			delete(l.tracks, gpu)
		}
	}
}

func (b *book[N]) forget(until time.Time) {
	for hash, s := range b.series {
		if s.came.Before(until) {
			delete(b.series, hash)
		}
	}
}

// hash is that of one text.
func (l *ledgers) hash(text string) uint64 { return maphash.String(l.seed, text) }

// seriesHash does not depend on the order of attributes.
func (l *ledgers) seriesHash(metric uint64, attrs pcommon.Map) uint64 {
	sum := metric
	for key, value := range attrs.All() {
		if value.Type() == pcommon.ValueTypeStr {
			sum += maphash.String(l.seed, key) * (maphash.String(l.seed, value.Str()) | 1)
			continue
		}
		sum += maphash.String(l.seed, key) * (maphash.String(l.seed, value.AsString()) | 1)
	}
	return sum
}

// zeroed are counters whose series appears with its first event: before it, the count was 0.
var zeroed = map[string]bool{"gpu.xid.errors": true, "gpu.sxid.errors": true, "kernel.gpu.xids": true, "DCGM_EXP_XID_ERRORS_TOTAL": true}

// number is how a type of number is read and written.
type number[N ledger.Number] interface {
	get(pmetric.NumberDataPoint) N
	set(pmetric.NumberDataPoint, N)
}

type (
	ints    struct{}
	doubles struct{}
)

func (ints) get(p pmetric.NumberDataPoint) int64         { return p.IntValue() }
func (ints) set(p pmetric.NumberDataPoint, v int64)      { p.SetIntValue(v) }
func (doubles) get(p pmetric.NumberDataPoint) float64    { return p.DoubleValue() }
func (doubles) set(p pmetric.NumberDataPoint, v float64) { p.SetDoubleValue(v) }

// divide makes of the device's point one for each owner of the sum, and a last one for each that has left.
func divide[N ledger.Number](w *pass, b *book[N], n number[N], t *track, v *view, points pmetric.NumberDataPointSlice, point pmetric.NumberDataPoint) {
	sample := ledger.Sample[N]{At: w.timeOf(point.Timestamp()), Value: n.get(point)}
	sample.Start = min(int64(point.StartTimestamp()), sample.At)
	hash := w.ledgers.seriesHash(w.hash, point.Attributes())
	s := b.series[hash]
	if s != nil && s.gpu != t.gpu {
		s = nil
	}
	b.points = b.points[:0]
	switch {
	case s != nil && sample.At <= s.LastAt():
		b.points = s.Add(b.points, sample, nil)
	case s != nil:
		b.points = s.Add(b.points, sample, w.changes(t.gpu, &s.place, sample.At))
	case zeroed[w.metric] && t.before > 0 && t.before < sample.At:
		s = &series[N]{gpu: t.gpu, place: t.gpu.Place(t.before)}
		b.series[hash] = s
		state, _ := t.gpu.At(t.before)
		b.points = s.Count(b.points, t.before, sample, w.view(state).sums, w.changes(t.gpu, &s.place, sample.At))
	default:
		s = &series[N]{gpu: t.gpu, place: t.gpu.Place(sample.At)}
		b.series[hash] = s
		b.points = s.Begin(b.points, sample, v.sums)
	}
	s.came = w.now
	write(b.points, n, points, point)
}

// changes returns the changes of a GPU's owners from a place on, which it moves. Most samples have none.
func (w *pass) changes(gpu *holders.GPU, place *int, until int64) []ledger.Change[*person] {
	if !gpu.Changed(*place, until) {
		return nil
	}
	l := w.ledgers
	l.spans = l.spans[:0]
	l.changes, *place = gpu.Changes(l.changes[:0], *place, until)
	for _, change := range l.changes {
		l.spans = append(l.spans, ledger.Change[*person]{At: change.At, Owners: w.view(change.State).sums})
	}
	return l.spans
}

// write puts the first part in place of the device's point, and the others behind all points: those of one series stay
// in the order of time.
func write[N ledger.Number](parts []ledger.Point[*person, N], n number[N], points pmetric.NumberDataPointSlice, point pmetric.NumberDataPoint) {
	first := points.Len()
	for range len(parts) - 1 {
		point.CopyTo(points.AppendEmpty())
	}
	for i, part := range parts {
		to := point
		if i > 0 {
			to = points.At(first + i - 1)
		}
		to.SetStartTimestamp(pcommon.Timestamp(part.Start))
		to.SetTimestamp(pcommon.Timestamp(part.At))
		if n.get(to) != part.Value { // Setting a value allocates.
			n.set(to, part.Value)
		}
		part.Key.put(to.Attributes())
	}
}
