// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/tracecoreai/tracecore/internal/dcgmrecording"
)

// RecordOptions bound a recording.
type RecordOptions struct {
	MaxBytes int64
	Duration time.Duration
	Redact   bool // replaces what identifies hardware
	// Now is the clock, [time.Now] unless it is set.
	Now func() time.Time
	// Ended is called once when the recording is over: with nil after Duration, [dcgmrecording.ErrFull] after MaxBytes, or the
	// error of the writer.
	Ended func(error)
}

// Recorder writes what host engines answer as a recording that the simulated libdcgm replays. An answer that is the same as
// before is not written again. Through connections that follow each other, it is one recording. It is safe for concurrent use.
type Recorder struct {
	options RecordOptions
	start   time.Time

	mu      sync.Mutex
	writer  *dcgmrecording.Writer
	ended   bool
	states  map[string]lastState     // what calls answered last
	samples map[seriesKey]lastSample // what fields read last
	groups  map[*Group]bool          // that the client holds
	cursors map[cursorKey]lastRead   // of watches that are read with a cursor
}

type seriesKey struct {
	entity Entity
	field  FieldID
}

// lastState is what a call answered, and when it did last.
type lastState struct {
	text string
	seen float64
}

// lastSample is what a field read, when that was written, and when it was read last.
type lastSample struct {
	sample        Sample
	written, read float64
}

// lastRead is when a watch was last read with a cursor, and whether that gave samples.
type lastRead struct {
	t       float64
	written bool
}

type cursorKey struct {
	group *Group
	watch int
}

// NewRecorder returns a recording that begins with the first connection.
func NewRecorder(to io.Writer, options RecordOptions) *Recorder {
	if options.Now == nil {
		options.Now = time.Now
	}
	var redactor *dcgmrecording.Redactor
	if options.Redact {
		redactor = dcgmrecording.NewRedactor()
	}
	return &Recorder{options: options, writer: dcgmrecording.NewWriter(to, options.MaxBytes, redactor)}
}

// Source records what a connection answers.
func (r *Recorder) Source(src Source) Source {
	r.begin()
	r.locked(func(t float64) []any {
		r.states, r.samples, r.groups, r.cursors = map[string]lastState{}, map[seriesKey]lastSample{}, map[*Group]bool{}, map[cursorKey]lastRead{}
		return []any{r.engineLine(src.Engine(), t)}
	})
	return &recordedSource{Source: src, recorder: r}
}

func (r *Recorder) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.start.IsZero() {
		r.start = r.options.Now()
	}
}

// locked writes the lines that fn makes of the time since the begin, while the recording goes on.
func (r *Recorder) locked(fn func(t float64) []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	elapsed := r.options.Now().Sub(r.start)
	if elapsed > r.options.Duration {
		r.end(nil)
		return
	}
	const digits = 1e6 // of microseconds
	if lines := fn(math.Round(elapsed.Seconds()*digits) / digits); len(lines) > 0 {
		if err := r.writer.Write(lines...); err != nil {
			r.end(err)
		}
	}
}

func (r *Recorder) end(err error) {
	r.ended, r.states, r.samples, r.groups, r.cursors = true, nil, nil, nil, nil
	if r.options.Ended != nil {
		r.options.Ended(err)
	}
}

// Calls of go-dcgm, by whose names recordings tell how they ended.
const (
	callRead       = "EntitiesGetLatestValues"
	callReadSince  = "GetValuesSince"
	callWatch      = "WatchFields"
	callFieldGroup = "FieldGroupCreate"
	callGroup      = "CreateGroup"
	callAddEntity  = "AddEntityToGroup"
	callList       = "GetEntityGroupEntities "
	callSupported  = "GetSupportedDevices"
	callHierarchy  = "GetGPUInstanceHierarchy"
	callLinks      = "GetNvLinkLinkStatus"
	callProfiling  = "GetSupportedMetricGroups"
	callVersion    = "GetHostengineVersionInfo"
	callUsage      = "Introspect"
	callHealth     = "HealthCheck"
	callGPUStatus  = "GetGpuStatus"
	callCPUs       = "GetCPUHierarchy_v2"
	callPeers      = "GetNvLinkP2PStatus"
)

// unservedCalls are the calls whose refusal this package answers with something else than an error.
var unservedCalls = map[string]string{
	"list supported GPUs": callSupported, "list all GPUs": callList + "GPU", "list profiling fields": callProfiling,
	"list MIG instances": callHierarchy, "ask the host engine for its version": callVersion,
	listCPUs: callCPUs, getPeers: callPeers,
}

// call records how a call ended, and the rows that it answered, if that is not what it answered before.
func (r *Recorder) call(src Source, name string, entity *Entity, err error, rows func(t float64) []any) {
	r.locked(func(t float64) []any {
		var answered []any
		if err == nil && rows != nil {
			answered = rows(t)
		}
		lines := r.outcome(t, name, entity, err, stateOf(err, rows))
		if len(lines) > 0 {
			lines = append(lines, answered...)
		}
		return append(lines, r.unserved(t, src, name, err == nil && len(lines) > 0)...)
	})
}

// outcome returns the line that says how a call ended, if its state has changed.
func (r *Recorder) outcome(t float64, name string, entity *Entity, err error, state string) []any {
	key := name
	if entity != nil {
		key += entity.String()
	}
	last, known := r.states[key]
	r.states[key] = lastState{state, t}
	if last.text == state {
		return nil
	}
	line := r.callLine(t, name, entity, err)
	if known {
		line.UnchangedUntil = &last.seen
	}
	return []any{line}
}

// stateOf is equal for equal answers, and "" for the success of a call without rows.
func stateOf(err error, rows func(t float64) []any) string {
	switch {
	case err != nil:
		return err.Error()
	case rows == nil:
		return ""
	}
	encoded, encodeErr := json.Marshal(rows(0))
	if encodeErr != nil {
		return encodeErr.Error()
	}
	return string(encoded)
}

// unserved returns lines of calls that were refused without an error: new ones, and that of the name whose success was
// written just now.
func (r *Recorder) unserved(t float64, src Source, name string, written bool) (lines []any) {
	refused := src.Unserved()
	for _, what := range slices.Sorted(maps.Keys(refused)) {
		call, known := unservedCalls[what]
		if !known {
			continue
		}
		if len(r.outcome(t, what, nil, refused[what], refused[what].Error())) > 0 || written && call == name {
			lines = append(lines, r.callLine(t, call, nil, refused[what]))
		}
	}
	return lines
}

// read records newest values, but for those that are as they were.
func (r *Recorder) read(entities []Entity, samples []Sample, unread map[Entity]error, err error) {
	r.locked(func(t float64) []any {
		lines := r.outcome(t, callRead, nil, err, stateOf(err, nil))
		if err != nil {
			clear(r.samples)
			return lines
		}
		for _, e := range entities {
			lines = append(lines, r.entityRead(t, e, unread[e])...)
		}
		for i := range samples {
			lines = append(lines, r.sampleLines(t, &samples[i])...)
		}
		return lines
	})
}

// entityRead forgets what was read of an entity that cannot be read, so that it is written again once it can.
func (r *Recorder) entityRead(t float64, e Entity, err error) []any {
	lines := r.outcome(t, callRead, &e, err, stateOf(err, nil))
	if err == nil || len(lines) == 0 {
		return lines
	}
	for key := range r.samples {
		if key.entity == e {
			delete(r.samples, key)
		}
	}
	return lines
}

// sampleLines leaves out what the library left out: it has no type.
func (r *Recorder) sampleLines(t float64, s *Sample) []any {
	key := seriesKey{s.Entity, s.Field}
	last, known := r.samples[key]
	if known && last.sample == *s {
		r.samples[key] = lastSample{*s, last.written, t}
		return nil
	}
	if s.Type == 0 {
		return nil
	}
	r.samples[key] = lastSample{*s, t, t}
	line := r.valueLine("value", t, s)
	if last.read > last.written {
		line.UnchangedUntil = &last.read
	}
	return []any{line}
}

// readSince records samples that were read with a cursor.
func (r *Recorder) readSince(key cursorKey, samples []Sample, since, next time.Time, err error) {
	r.locked(func(t float64) []any {
		lines := r.outcome(t, callReadSince, nil, err, stateOf(err, nil))
		var values []any
		for i := range samples {
			if samples[i].TS > 0 {
				values = append(values, r.valueLine("value_since", t, &samples[i]))
			}
		}
		if len(values) > 0 {
			line := sinceLine{Kind: "since", T: t, Count: len(values), Since: max(0, since.UnixMicro()), Next: next.UnixMicro()}
			if before, known := r.cursors[key]; known && !before.written {
				line.UnchangedUntil = &before.t
			}
			lines = append(append(lines, line), values...)
		}
		r.cursors[key] = lastRead{t, len(values) > 0}
		return lines
	})
}

var errRefused = errors.New("refused by the host engine")
