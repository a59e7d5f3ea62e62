// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

const endpoint = "localhost:5555"

var (
	start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	gpu0  = dcgm.Entity{Kind: dcgm.GPU, ID: 0}
	gpu1  = dcgm.Entity{Kind: dcgm.GPU, ID: 1}
)

// engine is a host engine's cache of field 230. It answers as GetValuesSince does.
type engine struct {
	now     time.Time
	samples []dcgm.Sample
}

func (e *engine) happens(entity dcgm.Entity, code int64, at time.Time) {
	s := dcgm.SampleOf(FieldXID, at.UnixMicro(), code)
	s.Entity = entity
	e.samples = append(e.samples, s)
}

// since answers with a row without value for every entity that has none, and with the newest of each where the instant is in the future.
func (e *engine) since(instant time.Time) ([]dcgm.Sample, time.Time) {
	var out []dcgm.Sample
	newest := map[dcgm.Entity]dcgm.Sample{}
	for _, s := range e.samples {
		if s.TS >= instant.UnixMicro() {
			out = append(out, s)
		}
		newest[s.Entity] = s
	}
	if instant.After(e.now) {
		out = slices.Collect(maps.Values(newest))
	}
	return append(out, dcgm.Sample{Entity: dcgm.Entity{Kind: dcgm.GPU, ID: 7}, Field: FieldXID, Type: dcgm.Int64, Reason: dcgm.Blank}), e.now
}

// reader is a receiver as far as the journal goes.
type reader struct {
	t       *testing.T
	engine  *engine
	store   *memory
	journal *Journal
	got     []string // codes of the records that the pipeline took, replayed ones with an r
	uids    map[string]int
	partial bool // the next reads are
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, engine: &engine{now: start}, store: &memory{}, uids: map[string]int{}}
	r.restart()
	return r
}

// restart is a kill: what the store does not have is gone.
func (r *reader) restart() {
	r.t.Helper()
	var err error
	r.journal, err = Open(r.t.Context(), r.store, endpoint, true)
	require.NoError(r.t, err)
}

func keyOf(entity dcgm.Entity) inventory.Key {
	return inventory.Key{Kind: entity.Kind, ID: fmt.Sprintf("GPU-%d", entity.ID)}
}

func (r *reader) read() {
	r.t.Helper()
	since, ready := r.journal.Since(XIDs)
	if !ready {
		return
	}
	samples, next := r.engine.since(since)
	r.journal.Read(XIDs, Reading{Samples: samples, Next: next, Partial: r.partial}, func(o Occurrence, replayed bool, record plog.LogRecord) (inventory.Key, bool) {
		subject := Subject{Attributes: pcommon.NewMap()}
		subject.Attributes.PutStr("hw.id", keyOf(o.Entity).ID)
		code, ok := CodeOf(xid.Default(), o)
		subject.Describe(o, code, replayed, record)
		return keyOf(o.Entity), ok
	})
	require.NoError(r.t, r.journal.Save(r.t.Context()))
}

func (r *reader) push() {
	r.t.Helper()
	records := plog.NewLogRecordSlice()
	n := r.journal.Waiting(MaxWaiting, records)
	for _, record := range records.All() {
		attributes := record.Attributes().AsRaw()
		text := fmt.Sprint(attributes["gpu.xid.code"])
		if attributes["gpu.xid.replayed"] == true {
			text += "r"
		}
		r.got = append(r.got, text)
		r.uids[attributes["log.record.uid"].(string)]++
	}
	r.journal.Delivered(n)
	require.NoError(r.t, r.journal.Save(r.t.Context()))
}

func (r *reader) tick(d time.Duration) {
	r.t.Helper()
	r.engine.now = r.engine.now.Add(d)
	r.read()
	r.push()
}

func (r *reader) counts(entity dcgm.Entity) map[int]int64 {
	counts, _, _ := r.journal.Counts(XIDs, keyOf(entity))
	out := map[int]int64{}
	for _, c := range counts {
		out[c.Code] = c.Number
	}
	return out
}

// memory is a storage client that copies what it is given.
type memory struct {
	values map[string][]byte
	fail   error
	writes int
}

func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	if m.fail != nil {
		return m.fail
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = slices.Clone(m.values[op.Key])
		case storage.Set:
			if m.values == nil {
				m.values = map[string][]byte{}
			}
			m.values[op.Key] = slices.Clone(op.Value)
			m.writes++
		case storage.Delete:
			delete(m.values, op.Key)
		}
	}
	return nil
}

func (m *memory) Get(context.Context, string) ([]byte, error) { return nil, errors.ErrUnsupported }
func (m *memory) Set(context.Context, string, []byte) error   { return errors.ErrUnsupported }
func (m *memory) Delete(context.Context, string) error        { return errors.ErrUnsupported }
func (m *memory) Close(context.Context) error                 { return nil }

func TestEqualCodesInARowAreAnEventEach(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	at := start.Add(5 * time.Second)
	for range 5 {
		r.engine.happens(gpu0, 31, at)
		at = at.Add(time.Second)
	}
	r.engine.happens(gpu1, 31, start.Add(5*time.Second))
	r.tick(15 * time.Second)
	require.Equal(t, []string{"31", "31", "31", "31", "31", "31"}, r.got)
	require.Equal(t, map[int]int64{31: 5}, r.counts(gpu0))
	require.Equal(t, map[int]int64{31: 1}, r.counts(gpu1))
	require.Len(t, r.uids, 6, "each has an id of its own")
}

func TestNothingIsReadTwice(t *testing.T) {
	r := newReader(t)
	r.engine.happens(gpu0, 79, start.Add(-time.Hour))
	r.tick(0)
	r.engine.happens(gpu0, 31, start.Add(time.Second))
	for range 20 { // The engine answers with the last seconds again and again.
		r.tick(time.Second)
	}
	r.restart()
	for range 20 {
		r.tick(time.Second)
	}
	require.Equal(t, []string{"79r", "31"}, r.got)
	require.Equal(t, map[int]int64{31: 1}, r.counts(gpu0))
}

// A thread of the engine may append a sample after others that are younger, or after the read that covers its time.
func TestLateSamplesAreTaken(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	r.engine.happens(gpu0, 48, start.Add(10*time.Second))
	r.tick(12 * time.Second)
	r.engine.happens(gpu0, 79, start.Add(9*time.Second))
	r.engine.happens(gpu1, 13, start.Add(11*time.Second))
	r.tick(time.Second)
	require.Equal(t, []string{"48", "79", "13"}, r.got)
}

func TestWhatTheEngineHeldBeforeTheFirstConnectionIsReplayed(t *testing.T) {
	r := newReader(t)
	r.engine.happens(gpu0, 79, start.Add(-time.Hour))
	r.engine.happens(gpu0, 79, start.Add(-time.Minute))
	r.tick(0)
	require.Equal(t, []string{"79r", "79r"}, r.got)
	require.Empty(t, r.counts(gpu0))
	_, since, until := r.journal.Counts(XIDs, keyOf(gpu0))
	require.Equal(t, []int64{start.UnixMicro(), start.UnixMicro()}, []int64{since, until})

	r.restart()
	r.engine.happens(gpu0, 31, start.Add(time.Second))
	r.tick(time.Minute)
	require.Equal(t, []string{"79r", "79r", "31"}, r.got, "what came while nobody read is new")
	require.Equal(t, map[int]int64{31: 1}, r.counts(gpu0))
	_, since, _ = r.journal.Counts(XIDs, keyOf(gpu0))
	require.Equal(t, start.UnixMicro(), since, "the counter goes on")
}

func TestAnotherHostEngineIsReadFromItsOwnBeginning(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	r.engine.happens(gpu0, 31, start.Add(time.Second))
	r.tick(time.Minute)
	journal, err := Open(t.Context(), r.store, "other:5555", true)
	require.NoError(t, err)
	r.journal, r.engine = journal, &engine{now: start.Add(-24 * time.Hour)}
	r.engine.happens(gpu1, 79, start.Add(-25*time.Hour))
	r.tick(0)
	require.Equal(t, []string{"31", "79r"}, r.got)
	require.Equal(t, map[int]int64{31: 1}, r.counts(gpu0), "the counter goes on")
}

// An engine whose clock is set back answers with the newest samples, which are old.
func TestClockThatIsSetBackRepeatsNothing(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	r.engine.happens(gpu0, 31, start.Add(time.Second))
	r.tick(time.Hour)
	r.engine.now = start.Add(-time.Hour)
	r.tick(0)
	r.engine.happens(gpu0, 48, start.Add(-59*time.Minute))
	r.tick(2 * time.Minute)
	require.Equal(t, []string{"31", "48"}, r.got)
}

func TestNothingIsLostOrRepeatedWhereTheClockIsSetBack(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	for i := range 5 {
		r.engine.happens(gpu0, 31, start.Add(time.Duration(i)*time.Minute))
	}
	r.tick(50 * time.Minute)
	r.engine.now = start.Add(10 * time.Second)
	for range 3 {
		r.engine.happens(gpu0, 48, r.engine.now.Add(-time.Second))
		r.engine.now = r.engine.now.Add(2 * time.Second)
	}
	r.journal.Rewind(start.Add(5 * time.Second).UnixMicro())
	r.read()
	r.push()
	r.restart()
	r.engine.happens(gpu0, 79, r.engine.now.Add(time.Second))
	for range 60 {
		r.tick(time.Minute)
	}
	require.Equal(t, []string{"31", "31", "31", "31", "31", "48", "48", "48", "79"}, r.got)
}

// TestEveryEventIsDeliveredOverKills ends the reader after each step of a run in turn: what the pipeline took is every event, and what it took twice
// has the id that it had before.
func TestEveryEventIsDeliveredOverKills(t *testing.T) {
	const events = 15
	for kill := range 3 * events {
		r := newReader(t)
		r.read()
		step := 0
		survive := func(do func()) {
			if step == kill {
				r.restart()
			}
			step++
			do()
		}
		for i := range events {
			r.engine.now = r.engine.now.Add(time.Second)
			r.engine.happens(gpu0, int64(1+i%7), r.engine.now)
			survive(r.read)
			records := plog.NewLogRecordSlice()
			n := r.journal.Waiting(MaxWaiting, records)
			for _, record := range records.All() {
				id, _ := record.Attributes().Get("log.record.uid")
				r.uids[id.Str()]++
			}
			survive(func() { r.journal.Delivered(min(n, recordsOf(r.journal.waiting).Len())) })
			survive(func() { require.NoError(t, r.journal.Save(t.Context())) })
		}
		r.read()
		r.push()
		require.Len(t, r.uids, events, "killed at step %d", kill)
		total, repeated := int64(0), 0
		for _, n := range r.counts(gpu0) {
			total += n
		}
		for _, n := range r.uids {
			repeated += n - 1
		}
		require.EqualValues(t, events, total, "killed at step %d", kill)
		require.LessOrEqual(t, repeated, 1, "killed at step %d", kill)
	}
}

func TestWhatCouldNotBeReadIsReadLater(t *testing.T) {
	r := newReader(t)
	r.partial = true
	r.engine.happens(gpu0, 79, start.Add(-time.Minute))
	r.tick(0)
	require.Empty(t, r.got, "nobody knows yet what was there before")
	r.partial = false
	r.tick(0)
	require.Equal(t, []string{"79r"}, r.got)

	r.partial = true
	r.engine.happens(gpu0, 31, start.Add(time.Second))
	r.tick(time.Minute)
	require.Equal(t, []string{"79r", "31"}, r.got)
	r.tick(time.Minute)
	r.partial = false
	r.engine.happens(gpu1, 48, start.Add(2*time.Second)) // that of the watch that could not be read
	r.tick(time.Minute)
	r.tick(time.Minute)
	require.Equal(t, []string{"79r", "31", "48"}, r.got)
}

func TestReadingOfSeveralWatchesGoesAsFarAsTheFirst(t *testing.T) {
	var read Reading
	read.Add([]dcgm.Sample{{TS: 1}}, start.Add(time.Second))
	read.Add([]dcgm.Sample{{TS: 2}}, start.Add(2*time.Second))
	require.Equal(t, Reading{Samples: []dcgm.Sample{{TS: 1}, {TS: 2}}, Next: start.Add(time.Second)}, read)
}

func TestBurstOfAThousandLosesNone(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	for i := range 1000 {
		r.engine.happens(gpu0, int64(1+i%2), start.Add(time.Duration(i)*time.Millisecond))
	}
	r.tick(15 * time.Second)
	require.Len(t, r.got, 1000)
	require.Equal(t, map[int]int64{1: 500, 2: 500}, r.counts(gpu0))
}

func TestCodesBeyondTheBoundAreOneCount(t *testing.T) {
	var counts Counts
	key := keyOf(gpu0)
	for code := range MaxCodes + 20 {
		counts.Add(key, key, Occurrence{Field: FieldXID, Value: int64(code) + 1, Time: int64(code)})
	}
	counts.Add(key, key, Occurrence{Field: FieldXID, Value: 1, Time: 5000})
	counts.Add(key, key, Occurrence{Field: FieldXID, Value: MaxCodes + 1, Time: 4000})
	got := counts.Of(key)
	require.Len(t, got, MaxCodes+1)
	require.Equal(t, Count{Code: 1, Number: 2, Last: 5000}, got[0])
	require.Equal(t, Count{Overflow: true, Number: 21, Last: 4000}, got[MaxCodes])
	require.Nil(t, counts.Of(keyOf(gpu1)))
}

func TestCountsOfLongGoneEntitiesMakeRoom(t *testing.T) {
	var counts Counts
	for i := range uint32(maxCounted + 1) {
		counts.Add(keyOf(dcgm.Entity{Kind: dcgm.GPU, ID: i}), keyOf(dcgm.Entity{Kind: dcgm.GPU, ID: i}), Occurrence{Field: FieldXID, Value: 31, Time: int64(i)})
	}
	require.Len(t, counts, maxCounted)
	require.Nil(t, counts.Of(keyOf(gpu0)))
	require.NotNil(t, counts.Of(keyOf(gpu1)))
}

func TestReadingWaitsForAPipelineThatTakesNothing(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	for i := range MaxWaiting + 5 {
		r.engine.happens(gpu0, 31, start.Add(time.Duration(i)*time.Millisecond))
	}
	r.engine.now = start.Add(time.Minute)
	r.read()
	_, ready := r.journal.Since(XIDs)
	require.False(t, ready)
	r.push()
	_, ready = r.journal.Since(XIDs)
	require.True(t, ready)
	r.push()
	require.Equal(t, MaxWaiting+5, len(r.got)) //nolint:testifylint // Ten thousand codes say nothing.
}

func TestNothingIsWrittenWhileNothingHappens(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	writes := r.store.writes
	for range 10 {
		r.tick(15 * time.Second)
	}
	require.Equal(t, writes, r.store.writes)
	r.engine.happens(gpu0, 31, r.engine.now)
	r.tick(time.Second)
	require.Greater(t, r.store.writes, writes)
}

func TestStoreThatFailsIsWrittenLater(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	r.engine.happens(gpu0, 31, start.Add(time.Second))
	r.store.fail = errors.New("disk is full")
	samples, next := r.engine.since(start)
	describe := func(Occurrence, bool, plog.LogRecord) (inventory.Key, bool) { return keyOf(gpu0), true }
	require.Equal(t, 1, r.journal.Read(XIDs, Reading{Samples: samples, Next: next}, describe))
	require.ErrorContains(t, r.journal.Save(t.Context()), "write the journal of events: disk is full")
	_, err := Open(t.Context(), r.store, endpoint, true)
	require.ErrorContains(t, err, "read the journal of events: disk is full")
	r.store.fail = nil
	require.NoError(t, r.journal.Save(t.Context()))
	r.restart()
	require.Equal(t, map[int]int64{31: 1}, r.counts(gpu0))
}

func TestJournalThatCannotBeReadIsReportedAndBegunAnew(t *testing.T) {
	for _, text := range []string{"{", `{"positions":3}`} {
		journal, err := Open(t.Context(), &memory{values: map[string][]byte{keyState: []byte(text)}}, endpoint, true)
		require.ErrorContains(t, err, "read the journal of events: ")
		require.NotNil(t, journal)
		_, ready := journal.Since(XIDs)
		require.True(t, ready)
	}
}

func TestValuesThatAreNoCodesAreNoEvents(t *testing.T) {
	for _, value := range []int64{0, -1, 1 << 31} {
		_, ok := CodeOf(xid.Default(), Occurrence{Field: FieldXID, Value: value})
		require.False(t, ok)
	}
	code, ok := CodeOf(xid.Default(), Occurrence{Field: FieldXID, Value: 9999})
	require.True(t, ok)
	require.Equal(t, 9999, code.Number)
}

// However many there are, what the next read answers with is remembered: the last seconds, and the newest of each entity.
func TestNothingIsReadTwiceWhereMoreHappensThanIsRemembered(t *testing.T) {
	r := newReader(t)
	r.tick(0)
	r.engine.happens(gpu1, 79, start.Add(time.Second))
	const burst = maxSeen + 500
	for i := range burst {
		r.engine.happens(gpu0, 31, start.Add(2*time.Second+time.Duration(i)*100*time.Microsecond))
	}
	for range 3 {
		r.tick(4 * time.Second)
	}
	r.tick(time.Second)
	r.engine.now = start.Add(-time.Second) // Every question is one for the future: the newest of each entity answers.
	r.read()
	r.push()
	got := len(r.got)
	require.Equal(t, burst+1, got) // A message with all of them would be long.
	require.Equal(t, map[int]int64{31: burst}, r.counts(gpu0))
	require.Equal(t, map[int]int64{79: 1}, r.counts(gpu1))
	position := r.journal.position(XIDs)
	r.engine.happens(gpu0, 13, start.Add(20*time.Second))
	r.tick(31 * time.Second)
	require.LessOrEqual(t, len(position.Seen), maxSeen+2, "what is over is bounded")
}
