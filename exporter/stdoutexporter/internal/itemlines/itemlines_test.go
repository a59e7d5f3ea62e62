// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/pdatatest"
)

// requireLines holds the property of the package: one JSON object per item and line.
func requireLines(t *testing.T, items int, got []byte) {
	t.Helper()
	require.True(t, utf8.Valid(got))
	require.Equal(t, items, bytes.Count(got, []byte("\n")))
	for line := range bytes.Lines(got) {
		object := map[string]any{}
		require.NoError(t, json.Unmarshal(line, &object), "%s", line)
		require.Contains(t, object, "signal")
	}
}

func requireLinesOfEverySignal(t *testing.T, entropy []byte) {
	t.Helper()
	md := pdatatest.New(entropy).Metrics()
	requireLines(t, md.DataPointCount(), AppendMetrics(nil, md))
	ld := pdatatest.New(entropy).Logs()
	requireLines(t, ld.LogRecordCount(), AppendLogs(nil, ld))
	td := pdatatest.New(entropy).Traces()
	requireLines(t, td.SpanCount(), AppendTraces(nil, td))
	pd := pdatatest.New(entropy).Profiles()
	requireLines(t, pd.SampleCount(), AppendProfiles(nil, pd))
}

func TestEveryItemIsALine(t *testing.T) {
	for n := range uint64(500) {
		requireLinesOfEverySignal(t, pdatatest.Seed(n))
	}
}

func FuzzEveryItemIsALine(f *testing.F) {
	f.Add(pdatatest.Seed(0)[:1024])
	f.Fuzz(requireLinesOfEverySignal)
}

func TestNothingIsAllocatedPerItem(t *testing.T) {
	for n := range uint64(20) {
		md, ld := pdatatest.New(pdatatest.Seed(n)).Metrics(), pdatatest.New(pdatatest.Seed(n)).Logs()
		td, pd := pdatatest.New(pdatatest.Seed(n)).Traces(), pdatatest.New(pdatatest.Seed(n)).Profiles()
		buffer := make([]byte, 0, 1<<20)
		require.Zero(t, testing.AllocsPerRun(2, func() {
			AppendMetrics(buffer, md)
			AppendLogs(buffer, ld)
			AppendTraces(buffer, td)
			AppendProfiles(buffer, pd)
		}))
	}
}
