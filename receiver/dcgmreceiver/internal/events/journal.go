// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// History is a kind of occurrences with a position of its own.
type History string

// The histories.
const (
	XIDs  History = "xid"
	SXIDs History = "sxid"
)

// MaxWaiting is how many records may wait for a logs pipeline before no more is read: the host engine keeps what comes then.
const MaxWaiting = 10_000

// Journal is what has happened: how far it was read, how often each code came, and the records that a logs pipeline has not taken yet. It is
// written to its store before a record is handed out, so that a record is repeated at most once after a kill, and never lost. It is
// safe for concurrent use.
type Journal struct {
	mu      sync.Mutex
	store   storage.Client // nil: in memory only
	keeps   bool           // records are wanted
	state   state
	waiting plog.Logs // of one resource and one scope
	frozen  atomic.Int64
	dirty   bool // there is something that the store does not have

	Numbers Numbers
}

// state is what the store has beside the records.
type state struct {
	Endpoint  string                `json:"endpoint"` // of the host engine that the positions are of
	Positions map[History]*Position `json:"positions"`
	Frozen    int64                 `json:"frozen,omitempty"` // the engine's time of the last XID after which it calls the driver no longer
	Facts     map[string]string     `json:"facts,omitempty"`  // about entities, by kind, hw.id and name
	Since     int64                 `json:"since"`            // the engine's time at the first read ever: the counts are from then on
	Counts    Counts                `json:"counts"`
	Owners    Owners                `json:"owners,omitempty"`
	Looked    int64                 `json:"looked,omitempty"` // the engine's time when the owners were there last
}

// Keys in the store.
const (
	keyState   = "events"
	keyWaiting = "records"
)

// storeTimeout is how long one access to the store may take.
const storeTimeout = 5 * time.Second

// Open returns the journal that a store has, or a new one: with an error where the store cannot be read. Records are kept for a logs pipeline
// if there is one. Positions of another host engine than the one at endpoint are dropped.
func Open(ctx context.Context, store storage.Client, endpoint string, records bool) (*Journal, error) {
	j := &Journal{store: store, keeps: records, state: state{Endpoint: endpoint, Positions: map[History]*Position{}}, waiting: newWaiting()}
	if store == nil {
		return j, nil
	}
	if err := j.load(ctx); err != nil {
		return j, fmt.Errorf("read the journal of events: %w", err)
	}
	return j, nil
}

func newWaiting() plog.Logs {
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	return logs
}

func (j *Journal) load(ctx context.Context) error {
	got := []*storage.Operation{storage.GetOperation(keyState), storage.GetOperation(keyWaiting)}
	if err := j.store.Batch(ctx, got...); err != nil {
		return err
	}
	if got[0].Value == nil {
		return nil
	}
	var stored state
	if err := json.Unmarshal(got[0].Value, &stored); err != nil {
		return err
	}
	waiting, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(got[1].Value)
	if err != nil {
		return err
	}
	if stored.Endpoint != j.state.Endpoint || stored.Positions == nil {
		stored.Endpoint, stored.Positions = j.state.Endpoint, map[History]*Position{}
		stored.Owners, stored.Looked = nil, 0
	}
	j.state = stored
	j.Numbers.load(&stored)
	j.frozen.Store(stored.Frozen)
	if j.keeps && waiting.LogRecordCount() > 0 {
		waiting.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().MoveAndAppendTo(recordsOf(j.waiting))
	}
	return nil
}

// recordsOf returns the records of a resource and a scope.
func recordsOf(waiting plog.Logs) plog.LogRecordSlice {
	return waiting.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
}

func (j *Journal) position(history History) *Position {
	if j.state.Positions[history] == nil {
		j.state.Positions[history] = &Position{}
	}
	return j.state.Positions[history]
}

// Since returns the instant to read a history from. It reports false while so many records wait that none is to be read.
func (j *Journal) Since(history History) (since time.Time, ready bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.position(history).Since(), recordsOf(j.waiting).Len() < MaxWaiting
}

// Rewind goes on at an instant in microseconds, to which the host engine's clock has been set back.
func (j *Journal) Rewind(to int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, position := range j.state.Positions {
		position.Rewind(to)
	}
	j.Numbers.rewind(to)
	j.dirty = true
}

// Freeze keeps when the host engine has stopped to call the driver, in microseconds; 0 if it calls it. A [Describe] may call it.
func (j *Journal) Freeze(at int64) { j.frozen.Store(at) }

// Frozen returns what [Journal.Freeze] keeps.
func (j *Journal) Frozen() int64 { return j.frozen.Load() }

// Describe says whose an occurrence is, the zero key where nobody knows, and fills its record. It reports false for what is no event.
type Describe func(o Occurrence, replayed bool, record plog.LogRecord) (inventory.Key, bool)

// Reading is what a host engine answered to a question for a history. It may come from several watches.
type Reading struct {
	Samples []dcgm.Sample
	Next    time.Time // the engine's time up to which all of it was read
	Partial bool      // some watches could not be read: what they have is asked for again
}

// Add adds what one watch had.
func (r *Reading) Add(samples []dcgm.Sample, next time.Time) {
	r.Samples = append(r.Samples, samples...)
	if r.Next.IsZero() || next.Before(r.Next) {
		r.Next = next
	}
}

// Read takes what was read of a history since [Journal.Since]. What the engine held before the first read ever is replayed: it has a record and
// is not counted. It returns how many occurrences are new.
func (j *Journal) Read(history History, read Reading, describe Describe) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	position := j.position(history)
	replayed := position.Until == 0
	if read.Partial && replayed {
		return 0 // Of the rest nobody would know whether it was there.
	}
	next := read.Next
	if read.Partial {
		next = time.UnixMicro(position.Until)
	}
	taken := position.Take(read.Samples, next)
	if j.state.Since == 0 {
		j.state.Since = position.Until
	}
	for _, o := range taken {
		if history == SXIDs && position.repeats(o) {
			continue
		}
		j.take(o, replayed, describe)
	}
	j.dirty = j.dirty || replayed || len(taken) > 0
	return len(taken)
}

func (j *Journal) take(o Occurrence, replayed bool, describe Describe) {
	record := plog.NewLogRecord()
	key, isEvent := describe(o, replayed, record)
	if !isEvent {
		return
	}
	if !replayed && key.ID != "" {
		j.state.Counts.Add(key, j.Numbers.Owners().gpuOf(key), o)
	}
	if j.keeps {
		record.MoveTo(recordsOf(j.waiting).AppendEmpty())
	}
}

// Counts returns how often an entity has reported each code, since when that is counted, and until when it is known: both in microseconds, 0 while
// nothing was read.
func (j *Journal) Counts(history History, key inventory.Key) (counts []Count, since, until int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.state.Counts.Of(key)), j.state.Since, j.position(history).Until
}

// Totals returns how often a GPU and the MIG instances that are, or were, in it have reported each XID.
func (j *Journal) Totals(gpu inventory.Key) map[int]int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.state.Counts.totals(gpu)
}

// Counted reports whether any code was counted.
func (j *Journal) Counted() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.state.Counts) > 0
}

// Waiting copies the oldest records that wait, at most so many, to a slice.
func (j *Journal) Waiting(most int, into plog.LogRecordSlice) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := recordsOf(j.waiting)
	n := min(most, records.Len())
	for i := range n {
		records.At(i).CopyTo(into.AppendEmpty())
	}
	return n
}

// Delivered drops the oldest records, which a logs pipeline has taken.
func (j *Journal) Delivered(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dirty = j.dirty || n > 0
	recordsOf(j.waiting).RemoveIf(func(plog.LogRecord) bool {
		n--
		return n >= 0
	})
}

// Save writes to the store what it does not have.
func (j *Journal) Save(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if owners := j.Numbers.store(&j.state); j.store == nil || !j.dirty && !owners {
		return nil
	}
	j.state.Frozen = j.frozen.Load()
	text, err := json.Marshal(&j.state)
	if err != nil {
		return fmt.Errorf("write the journal of events: %w", err)
	}
	records, err := (&plog.ProtoMarshaler{}).MarshalLogs(j.waiting)
	if err != nil {
		return fmt.Errorf("write the journal of events: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := j.store.Batch(ctx, storage.SetOperation(keyState, text), storage.SetOperation(keyWaiting, records)); err != nil {
		return fmt.Errorf("write the journal of events: %w", err)
	}
	j.dirty = false
	j.Numbers.stored()
	return nil
}

// Close gives the store back.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.store == nil {
		return nil
	}
	store := j.store
	j.store = nil
	return store.Close(ctx)
}
