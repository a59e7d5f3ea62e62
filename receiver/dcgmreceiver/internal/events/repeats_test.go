// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

var switch0 = dcgm.Entity{Kind: dcgm.Switch}

// countsOf are the counts of codes that came at times after the first read, each read at its time.
func countsOf(t *testing.T, history History, field dcgm.FieldID, at ...time.Duration) []Count {
	t.Helper()
	journal, err := Open(t.Context(), &memory{}, endpoint, true)
	require.NoError(t, err)
	describe := func(Occurrence, bool, plog.LogRecord) (inventory.Key, bool) { return keyOf(switch0), true }
	journal.Read(history, Reading{Next: start}, describe)
	for _, d := range at {
		s := dcgm.SampleOf(field, start.Add(d).UnixMicro(), int64(20034))
		s.Entity = switch0
		journal.Read(history, Reading{Samples: []dcgm.Sample{s}, Next: start.Add(d + time.Second)}, describe)
	}
	counts, _, _ := journal.Counts(history, keyOf(switch0))
	return counts
}

func TestSXIDsThatTheHostEngineRepeatsAreOne(t *testing.T) {
	for name, tt := range map[string]struct {
		at   []time.Duration
		want int64
	}{
		"once":                               {[]time.Duration{time.Second}, 1},
		"as the host engine looks":           {[]time.Duration{time.Second, 31 * time.Second, 62 * time.Second, 93 * time.Second}, 1},
		"two looks apart":                    {[]time.Duration{time.Second, 62 * time.Second, 92 * time.Second}, 1},
		"again within seconds":               {[]time.Duration{time.Second, 2 * time.Second, 12 * time.Second}, 3},
		"again after it was gone":            {[]time.Duration{time.Second, 31 * time.Second, 3 * time.Minute}, 2},
		"again, and both are held from then": {[]time.Duration{time.Second, 11 * time.Second, 31 * time.Second, 41 * time.Second}, 2},
	} {
		counts := countsOf(t, SXIDs, FieldFatalSXID, tt.at...)
		require.Len(t, counts, 1, name)
		require.Equal(t, tt.want, counts[0].Number, name)
		require.True(t, counts[0].Fatal, name)
	}
	require.Equal(t, int64(2), countsOf(t, XIDs, FieldXID, time.Second, 31*time.Second)[0].Number, "XIDs are events, each")
}

func TestDriverSaysWhichSXIDIsFatal(t *testing.T) {
	fatal, ok := CodeOf(xid.Default(), Occurrence{Field: FieldFatalSXID, Value: 9999})
	require.True(t, ok)
	require.Equal(t, xid.Code{Kind: xid.SXID, Number: 9999, Severity: xid.Error}, fatal)
	other, _ := CodeOf(xid.Default(), Occurrence{Field: FieldNonFatalSXID, Value: 9999})
	require.Equal(t, xid.Warn, other.Severity)

	var counts Counts
	counts.Add(keyOf(switch0), keyOf(switch0), Occurrence{Field: FieldFatalSXID, Value: 9999, Time: 1})
	counts.Add(keyOf(switch0), keyOf(switch0), Occurrence{Field: FieldNonFatalSXID, Value: 9999, Time: 2})
	require.Equal(t, []Count{{Code: 9999, Fatal: true, Number: 1, Last: 1}, {Code: 9999, Number: 1, Last: 2}}, counts.Of(keyOf(switch0)))
}

// At the first look a switch counts as the one that was there all the time: it does not come and go as MIG instances do.
func TestSwitchWasThereBeforeTheFirstLook(t *testing.T) {
	key := inventory.Key{Kind: dcgm.Switch, ID: "205376746160130"}
	var numbers Numbers
	numbers.Own(1000, false, []Owner{{Entity: switch0, Key: key}})
	owner, had := numbers.Owners().Of(switch0, 500)
	require.True(t, had)
	require.Equal(t, key, owner.Key)
}
