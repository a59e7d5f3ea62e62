// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/pdatatest"
)

// signal is everything that differs between the signals in these tests.
type signal[T any] struct {
	generate  func(*pdatatest.Generator) T
	empty     func() T
	encode    func([]byte, T) []byte
	decode    func([]byte) (T, error)
	reference func(T) ([]byte, error)
	proto     func(T) ([]byte, error)
}

var (
	metricsSignal = signal[pmetric.Metrics]{
		generate:  (*pdatatest.Generator).Metrics,
		empty:     pmetric.NewMetrics,
		encode:    AppendMetrics,
		decode:    (&pmetric.JSONUnmarshaler{}).UnmarshalMetrics,
		reference: (&pmetric.JSONMarshaler{}).MarshalMetrics,
		proto:     (&pmetric.ProtoMarshaler{}).MarshalMetrics,
	}
	logsSignal = signal[plog.Logs]{
		generate:  (*pdatatest.Generator).Logs,
		empty:     plog.NewLogs,
		encode:    AppendLogs,
		decode:    (&plog.JSONUnmarshaler{}).UnmarshalLogs,
		reference: (&plog.JSONMarshaler{}).MarshalLogs,
		proto:     (&plog.ProtoMarshaler{}).MarshalLogs,
	}
	tracesSignal = signal[ptrace.Traces]{
		generate:  (*pdatatest.Generator).Traces,
		empty:     ptrace.NewTraces,
		encode:    AppendTraces,
		decode:    (&ptrace.JSONUnmarshaler{}).UnmarshalTraces,
		reference: (&ptrace.JSONMarshaler{}).MarshalTraces,
		proto:     (&ptrace.ProtoMarshaler{}).MarshalTraces,
	}
	// The marshalers of profiles turn the strings of their argument into references, so they get a copy.
	profilesSignal = signal[pprofile.Profiles]{
		generate: (*pdatatest.Generator).Profiles,
		empty:    pprofile.NewProfiles,
		encode:   AppendProfiles,
		decode:   (&pprofile.JSONUnmarshaler{}).UnmarshalProfiles,
		reference: func(pd pprofile.Profiles) ([]byte, error) {
			return (&pprofile.JSONMarshaler{}).MarshalProfiles(clone(pd))
		},
		proto: func(pd pprofile.Profiles) ([]byte, error) {
			return (&pprofile.ProtoMarshaler{}).MarshalProfiles(clone(pd))
		},
	}
)

func clone(pd pprofile.Profiles) pprofile.Profiles {
	c := pprofile.NewProfiles()
	pd.CopyTo(c)
	return c
}

// escapeSeparators is the one difference to pdata's own output for valid UTF-8.
func escapeSeparators(b []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\u2028"), []byte(`\u2028`)), []byte("\u2029"), []byte(`\u2029`))
}

// check holds the property of the package: one line of valid JSON in UTF-8 that decodes to what was encoded and equals pdata's output.
func check[T any](t *testing.T, s signal[T], entropy []byte) {
	t.Helper()
	sanitized := s.generate(pdatatest.NewSanitized(entropy))
	got := s.encode([]byte("kept"), s.generate(pdatatest.New(entropy)))
	require.True(t, bytes.HasPrefix(got, []byte("kept")))
	got = got[len("kept"):]
	require.NotContains(t, string(got), "\n")
	require.True(t, utf8.Valid(got))
	require.True(t, json.Valid(got), "not JSON: %s", got)

	reference, err := s.reference(sanitized)
	require.NoError(t, err)
	requireEqual(t, escapeSeparators(reference), got)

	decoded, err := s.decode(got)
	require.NoError(t, err)
	wantProto, err := s.proto(sanitized)
	require.NoError(t, err)
	gotProto, err := s.proto(decoded)
	require.NoError(t, err)
	require.Equal(t, wantProto, gotProto)
}

// requireEqual shows where long lines begin to differ.
func requireEqual(t *testing.T, want, got []byte) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	same := 0
	for same < min(len(want), len(got)) && want[same] == got[same] {
		same++
	}
	from := max(0, same-40)
	require.Equal(t, string(want[from:min(len(want), same+40)]), string(got[from:min(len(got), same+40)]))
}

func TestEncodedDataDecodesToItself(t *testing.T) {
	const batches = 500
	t.Run("metrics", func(t *testing.T) { checkMany(t, metricsSignal, batches) })
	t.Run("logs", func(t *testing.T) { checkMany(t, logsSignal, batches) })
	t.Run("traces", func(t *testing.T) { checkMany(t, tracesSignal, batches) })
	t.Run("profiles", func(t *testing.T) { checkMany(t, profilesSignal, batches) })
}

func checkMany[T any](t *testing.T, s signal[T], batches int) {
	t.Helper()
	for n := range batches {
		check(t, s, pdatatest.Seed(uint64(n)))
	}
}

func FuzzEncodedDataDecodesToItself(f *testing.F) {
	for n := range uint64(10) {
		f.Add(pdatatest.Seed(n)[:1024])
	}
	f.Fuzz(func(t *testing.T, entropy []byte) {
		check(t, metricsSignal, entropy)
		check(t, logsSignal, entropy)
		check(t, tracesSignal, entropy)
		check(t, profilesSignal, entropy)
	})
}

func TestEmptyBatchIsAnEmptyRequest(t *testing.T) {
	require.JSONEq(t, `{}`, string(AppendMetrics(nil, pmetric.NewMetrics())))
	require.JSONEq(t, `{}`, string(AppendLogs(nil, plog.NewLogs())))
	require.JSONEq(t, `{}`, string(AppendTraces(nil, ptrace.NewTraces())))
	require.JSONEq(t, `{"dictionary":{}}`, string(AppendProfiles(nil, pprofile.NewProfiles())))
}

func TestHugeBatchDecodesToItself(t *testing.T) {
	const records = 100_000
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.LogRecords().EnsureCapacity(records)
	for i := range records {
		lr := sl.LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.Timestamp(i))
		lr.Body().SetStr("Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus")
	}
	decoded, err := logsSignal.decode(AppendLogs(nil, ld))
	require.NoError(t, err)
	want, err := logsSignal.proto(ld)
	require.NoError(t, err)
	got, err := logsSignal.proto(decoded)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
}

func TestProfilesWithoutStringTableGetOne(t *testing.T) {
	pd := pprofile.NewProfiles()
	attributes := pd.ResourceProfiles().AppendEmpty().Resource().Attributes()
	attributes.PutStr("same", "same")
	attributes.PutStr("", "other")
	pd.MarkReadOnly()

	decoded, err := profilesSignal.decode(AppendProfiles(nil, pd))
	require.NoError(t, err)
	require.Equal(t, attributes.AsRaw(), decoded.ResourceProfiles().At(0).Resource().Attributes().AsRaw())
	require.Equal(t, []string{"", "same", "other"}, decoded.Dictionary().StringTable().AsRaw())
}

// repeated returns a batch with the items of one generated batch that has some, count times over.
func repeated[T any](s signal[T], copies int, appendTo func(T, T)) T {
	batch := s.empty()
	for n := range uint64(20) {
		for range copies {
			appendTo(s.generate(pdatatest.New(pdatatest.Seed(n))), batch)
		}
	}
	return batch
}

// allocations returns the allocations of encoding a batch with that many copies of the same items into a buffer that is large enough.
func allocations[T any](s signal[T], copies int, appendTo func(T, T)) float64 {
	batch := repeated(s, copies, appendTo)
	buffer := s.encode(nil, batch)
	return testing.AllocsPerRun(5, func() { buffer = s.encode(buffer[:0], batch) })
}

func TestEncodingAllocatesNothing(t *testing.T) {
	metrics := func(from, to pmetric.Metrics) { from.ResourceMetrics().MoveAndAppendTo(to.ResourceMetrics()) }
	logs := func(from, to plog.Logs) { from.ResourceLogs().MoveAndAppendTo(to.ResourceLogs()) }
	traces := func(from, to ptrace.Traces) { from.ResourceSpans().MoveAndAppendTo(to.ResourceSpans()) }
	require.Zero(t, allocations(metricsSignal, 10, metrics))
	require.Zero(t, allocations(logsSignal, 10, logs))
	require.Zero(t, allocations(tracesSignal, 10, traces))
}

func TestEncodingProfilesAllocatesForTheStringTableOnly(t *testing.T) {
	samples := func(count int) float64 {
		pd := pprofile.NewProfiles()
		pd.Dictionary().StringTable().Append("", "cpu", "nanoseconds")
		rp := pd.ResourceProfiles().AppendEmpty()
		rp.Resource().Attributes().PutStr("service.name", "trainer")
		profile := rp.ScopeProfiles().AppendEmpty().Profiles().AppendEmpty()
		for range count {
			sample := profile.Samples().AppendEmpty()
			sample.Values().Append(1)
			sample.AttributeIndices().Append(1)
		}
		buffer := AppendProfiles(nil, pd)
		return testing.AllocsPerRun(5, func() { buffer = AppendProfiles(buffer[:0], pd) })
	}
	require.InDelta(t, samples(1), samples(10_000), 0)
}
