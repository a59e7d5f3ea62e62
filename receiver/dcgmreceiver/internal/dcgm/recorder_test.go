// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/dcgmrecording"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// A tour asks a source for all that it can tell, again and again while things happen.
type tour struct {
	t        *testing.T
	sim      *simtest.Sim
	source   *source
	recorder *Recorder
	out      bytes.Buffer
	src      Source // recorded; nil while disconnected
	groups   []*Group
	cursor   time.Time
}

// record records a scenario from midnight on.
func record(t *testing.T, scenario string, options RecordOptions) *tour {
	t.Helper()
	tr := &tour{t: t, sim: simtest.StartManual(t, scenario), cursor: time.Time{}}
	options.Now = tr.sim.Now
	tr.recorder = NewRecorder(&tr.out, options)
	tr.source = connectTo(t)
	tr.src = tr.recorder.Source(tr.source)
	return tr
}

const stops, between = 8, 5 * time.Second

func (tr *tour) run() string {
	tr.t.Helper()
	tr.settle()
	for range stops {
		tr.sim.Advance(between)
		tr.look()
	}
	return tr.out.String()
}

// settle watches what a receiver would.
func (tr *tour) settle() {
	tr.groups = nil
	for _, kind := range []EntityKind{GPU, GPUInstance, ComputeInstance, Switch, Link, CPU} {
		all, err := tr.src.Entities(tr.t.Context(), kind)
		if err != nil {
			continue
		}
		group, _, err := tr.src.Group(tr.t.Context(), append(slices.Clone(all.All), Entity{GPU, 31}))
		if err != nil { // There are no more groups.
			group, err = tr.src.Everything(tr.t.Context())
		}
		require.NoError(tr.t, err)
		for _, fields := range [][]FieldID{{112, 230}, {1, 50, 53, 54, 57, 67, 68, 85, 150, 155, 1001, 1004, 1523, 1611}} {
			_, err = tr.src.Watch(tr.t.Context(), group, Watch{Fields: fields, Period: time.Second, KeepAge: time.Minute})
			require.NoError(tr.t, err)
		}
		tr.groups = append(tr.groups, group)
	}
	_ = tr.src.WatchHealth(tr.t.Context(), tr.groups[0], HealthAll) // DCGM's own group has none.
}

// look reads all there is. A lost connection is made again if it can be.
func (tr *tour) look() {
	ctx := tr.t.Context()
	if tr.src == nil {
		src, err := tr.source.session.Connect(ctx)
		if err != nil {
			return
		}
		tr.src = tr.recorder.Source(src)
		tr.settle()
	}
	all, err := tr.src.Entities(ctx, GPU)
	if errors.Is(err, ErrDisconnected) {
		tr.src = nil
		return
	}
	for _, gpu := range all.All {
		_, _ = tr.src.Status(ctx, gpu) // What it answers is recorded, and compared.
		_, _ = tr.src.ProfilingFields(ctx, gpu)
	}
	_, _ = tr.src.Hierarchy(ctx)
	_, _ = tr.src.Links(ctx)
	_, _ = tr.src.Processors(ctx)
	_, _ = tr.src.Peers(ctx)
	_, _ = tr.src.Usage(ctx)
	_, _ = tr.src.CheckHealth(ctx, tr.groups[0])
	for _, group := range tr.groups {
		_, _, _ = tr.src.Read(ctx, group.entities, []FieldID{1, 50, 53, 54, 57, 67, 68, 85, 112, 150, 155, 1001, 1004, 1523}, nil)
	}
	_, next, err := tr.src.ReadSince(ctx, tr.groups[0], 0, tr.cursor)
	if err == nil {
		tr.cursor = next
	}
}

// replayed is what the same tour records of a replay.
func replayed(t *testing.T, recording string, options RecordOptions) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recorded.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(recording), 0o600))
	return toured(t, path, options)
}

// toured ends the connection, so that another node may come.
func toured(t *testing.T, scenario string, options RecordOptions) string {
	t.Helper()
	tr := record(t, scenario, options)
	text := tr.run()
	require.NoError(t, tr.source.session.Close(t.Context()))
	return text
}

// requireSame tells of the first line that differs.
func requireSame(t *testing.T, want, got string) {
	t.Helper()
	wanted, gotten := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(gotten)) {
		require.Equal(t, wanted[i], gotten[i], "line %d", i+1)
	}
	require.Len(t, gotten, len(wanted))
}

var unbounded = RecordOptions{MaxBytes: 1 << 30, Duration: time.Hour}

// TestReplayOfARecordingIsRecordedAsTheSame records scenarios, replays what was recorded, and records that again.
func TestReplayOfARecordingIsRecordedAsTheSame(t *testing.T) {
	for name, scenario := range map[string]string{
		"healthy": "h100x8", "models": "mixed", "MIG": "a100x4-mig", "CPUs": "gb200-grace",
		"new layouts of MIG": "fault-mig", "XIDs": "fault-mig-xid", "GPU lost": "fault-gpu-lost", "GPU added": "fault-gpu-added", "detached": "fault-hotplug",
		"engine restarts": "fault-engine-restart", "unknown field": "fault-unknown-field", "no more groups": "fault-group-limit", "profiling paused": "fault-profiling-paused",
		"health":           "fault-ecc",
		"reads fail":       twoBoards + "at 7s call call=dcgmEntitiesGetLatestValues status=-17 for 12s\n",
		"one GPU fails":    twoBoards + "at 7s field gpu=1 id=150,155 value=status:-15 for 12s\nat 20s field gpu=0 id=50 value=stale\n",
		"calls fail":       twoBoards + "at 7s call call=dcgmGetNvLinkLinkStatus status=-33 for 9s\nat 9s call call=dcgmGetValuesSince_v2 status=-3 for 9s\n",
		"peers change":     twoBoards + "at 9s call call=dcgmGetNvLinkP2PStatus status=-6 for 9s\nat 12s call call=dcgmGetCpuHierarchy_v2 status=-3 for 9s\n",
		"refused silently": twoBoards + "at 0s call call=dcgmGetGpuInstanceHierarchy status=-12\nat 7s call call=dcgmGetAllSupportedDevices status=-12 for 9s\n",
	} {
		t.Run(name, func(t *testing.T) {
			first := toured(t, scenario, unbounded)
			require.Greater(t, strings.Count(first, "\n"), 50)
			requireSame(t, first, replayed(t, first, unbounded))
		})
	}
}

const twoBoards = boards + "switches 1 ports=2\n"

func TestRedactedRecordingsReplayAsWell(t *testing.T) {
	redact := RecordOptions{MaxBytes: 1 << 30, Duration: time.Hour, Redact: true}
	plain, redacted := toured(t, "a100x4-mig", unbounded), toured(t, "a100x4-mig", redact)
	require.Contains(t, plain, "b4d0e1f2")
	require.Contains(t, plain, "1561221000000")
	require.Contains(t, plain, "00000000:C1:00.0")
	for _, identity := range []string{"b4d0e1f2", "6d4faa81", "1561221", ":C1:"} {
		require.NotContains(t, redacted, identity)
	}
	require.Equal(t, strings.Count(plain, "\n"), strings.Count(redacted, "\n"))
	requireSame(t, redacted, replayed(t, redacted, unbounded))
}

func TestRecordingIsBoundedInSizeAndTime(t *testing.T) {
	for want, options := range map[error]RecordOptions{
		dcgmrecording.ErrFull: {MaxBytes: 20_000, Duration: time.Hour},
		nil:                   {MaxBytes: 1 << 30, Duration: 2 * between},
	} {
		var ends []error
		options.Ended = func(err error) { ends = append(ends, err) }
		tr := record(t, "h100x8", options)
		text := tr.run()
		require.Equal(t, []error{want}, ends)
		require.LessOrEqual(t, int64(len(text)), options.MaxBytes)
		require.True(t, strings.HasSuffix(text, "\n"))
		require.NotContains(t, text, `"t":15`)
		_, err := tr.src.Entities(t.Context(), GPU)
		require.NoError(t, err, "the source goes on")
	}
}

func TestKindsAreNamedAsGoDCGMDoes(t *testing.T) {
	for kind := range entityKindNames {
		require.Equal(t, groupOf(kind).String(), groupName(kind))
	}
	require.Equal(t, "unknown", groupName(0))
}

func TestUnchangedAnswersAreRecordedOnce(t *testing.T) {
	text := toured(t, twoBoards+"field 85 * const 96.00.89.00.01 every=30s\n", unbounded)
	require.Equal(t, 2, strings.Count(text, `"kind":"gpu_status"`))
	values := func(field string) []string {
		return regexp.MustCompile(`"entity_group":"GPU","entity_id":\d,"field":`+field+`,"kind":"value",`).FindAllString(text, -1)
	}
	require.Len(t, values("155"), 2*stops, "power is sampled again each time")
	require.Len(t, values("85"), 2*2, "this is sampled every 30 s")
	require.Equal(t, 2, strings.Count(text, `"unchanged_until":25`))
}
