// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

func TestChangesAreToldOverRestarts(t *testing.T) {
	r := newReader(t)
	key := keyOf(gpu0)
	_, changed := r.journal.Changed(key, "state", "ok")
	require.False(t, changed, "nobody knows what it was before")
	_, changed = r.journal.Changed(key, "state", "ok")
	require.False(t, changed)
	require.NoError(t, r.journal.Save(t.Context()))
	r.restart()
	before, changed := r.journal.Changed(key, "state", "lost")
	require.True(t, changed)
	require.Equal(t, "ok", before)
	_, changed = r.journal.Changed(keyOf(gpu1), "state", "lost")
	require.False(t, changed)
	r.journal.Forget(key)
	_, changed = r.journal.Changed(key, "state", "ok")
	require.False(t, changed)
	_, changed = r.journal.Changed(keyOf(gpu1), "state", "ok")
	require.True(t, changed, "another one is remembered")
}

func TestChangeIsReportedLaterWhereRecordsWait(t *testing.T) {
	r := newReader(t)
	key := keyOf(gpu0)
	r.journal.Changed(key, "state", "ok")
	subject := Subject{Attributes: pcommon.NewMap()}
	for range MaxWaiting {
		r.journal.Notice(&subject, Notice{Event: "gpu.status"})
	}
	_, changed := r.journal.Changed(key, "state", "lost")
	require.False(t, changed)
	r.push()
	_, changed = r.journal.Changed(key, "state", "lost")
	require.True(t, changed)
}

func TestNoticeHasARecord(t *testing.T) {
	journal, err := Open(t.Context(), nil, endpoint, true)
	require.NoError(t, err)
	subject := Subject{Attributes: pcommon.NewMap(), PCIBusID: "00000000:01:00.0"}
	subject.Attributes.PutStr("hw.id", "GPU-0")
	subject.Attributes.PutStr("hw.name", "nvidia0")
	journal.Notice(&subject, Notice{
		Event: "gpu.status", Time: start.UnixMicro(), Severity: xid.Error, Text: "was ok and is lost", Attributes: map[string]any{"gpu.state": "lost", "flag": true, "n": int64(3)},
	})
	records := plog.NewLogRecordSlice()
	require.Equal(t, 1, journal.Waiting(10, records))
	record := records.At(0)
	attributes := record.Attributes().AsRaw()
	require.NotEmpty(t, attributes["log.record.uid"])
	delete(attributes, "log.record.uid")
	require.Equal(t, map[string]any{"hw.id": "GPU-0", "hw.name": "nvidia0", "gpu.pci.bus_id": "00000000:01:00.0", "gpu.state": "lost", "flag": true, "n": int64(3)}, attributes)
	require.Equal(t, "nvidia0 (GPU-0): was ok and is lost", record.Body().Str())
	require.Equal(t, []any{"gpu.status", "ERROR", plog.SeverityNumberError, start.UnixNano()},
		[]any{record.EventName(), record.SeverityText(), record.SeverityNumber(), record.Timestamp().AsTime().UnixNano()})

	without, err := Open(t.Context(), nil, endpoint, false)
	require.NoError(t, err)
	without.Notice(&subject, Notice{Event: "gpu.status"})
	require.Zero(t, without.Waiting(10, plog.NewLogRecordSlice()))
	without.Forget(inventory.Key{})
}

func TestEpisodeEndsWhenItHasNotComeBackForAWhile(t *testing.T) {
	var e Episode
	at := func(seconds int) int64 { return start.Add(time.Duration(seconds) * time.Second).UnixMicro() }
	var told []int64
	for second := range 200 {
		there := second >= 10 && second < 20 || second == 40 || second >= 100 && second < 102
		if _, changed, when := e.Observe(at(second), there); changed {
			told = append(told, (when-start.UnixMicro())/1_000_000)
		}
	}
	require.Equal(t, []int64{10, 41, 100, 102}, told, "it came back at 40, and was gone for good at 41")
}
