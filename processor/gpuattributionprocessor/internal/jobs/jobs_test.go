// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write makes a file that was changed a while ago, so that it has settled.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	past := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(path, past, past))
}

func read(t *testing.T, dir string) (map[holders.Ref][]holders.Job, Scan) {
	t.Helper()
	answer, scan, err := NewReader(dir, time.Hour).Read(time.Now())
	require.NoError(t, err)
	out := map[holders.Ref][]holders.Job{}
	for ref, holdings := range answer.Holdings {
		for _, h := range holdings {
			out[ref] = append(out[ref], h.Job)
		}
	}
	return out, scan
}

func TestEachFileNamesTheJobsOfAGPU(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "0", "17\n")
	write(t, dir, "1", "17\r\n18_3\n\n 19.batch \n17\n")
	write(t, dir, "2.0", "20")
	write(t, dir, "3", "")
	write(t, dir, "notes.txt", "21\n")
	write(t, dir, "job.17", "user=alice\naccount=ml\npartition=h100\ngpus=0,1\nnonsense\n")
	alice := holders.Job{ID: "17", User: "alice", Account: "ml", Partition: "h100"}
	got, scan := read(t, dir)
	require.Equal(t, map[holders.Ref][]holders.Job{
		holders.NumberRef("0"):               {alice},
		holders.NumberRef("1"):               {alice, {ID: "18_3"}, {ID: "19.batch"}},
		holders.NumberRef("2").Instance("0"): {{ID: "20"}},
	}, got)
	require.Equal(t, Scan{}, scan)
}

func TestAFileThatCannotBeReadOrUnderstoodMakesNoGPUFree(t *testing.T) {
	ref := holders.NumberRef("4")
	for name, spoil := range map[string]func(path string) error{
		"a link to itself":     func(path string) error { return os.Symlink(path, path) },
		"a link to nothing":    func(path string) error { return os.Symlink(path+"-absent", path) },
		"a directory":          func(path string) error { return os.Mkdir(path, 0o700) },
		"bytes that are no id": func(path string) error { return os.WriteFile(path, []byte("\xff\x00\n"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, now := t.TempDir(), time.Now()
			write(t, dir, "4", "17\n")
			r := NewReader(dir, time.Minute)
			before, _, err := r.Read(now)
			require.NoError(t, err)
			require.NoError(t, os.Remove(filepath.Join(dir, "4")))
			require.NoError(t, spoil(filepath.Join(dir, "4")))

			answer, scan, err := r.Read(now.Add(time.Minute))
			require.NoError(t, err)
			require.Equal(t, before.Holdings, answer.Holdings, "what the file last said stands")
			require.Equal(t, before.Since, answer.Since)
			require.Empty(t, answer.Unsure)
			require.True(t, scan.Bad > 0 || scan.Partial != nil, "and an error is reported")
			answer, _, err = r.Read(now.Add(time.Minute + 1))
			require.NoError(t, err)
			require.Empty(t, answer.Holdings)
			require.True(t, answer.Unsure[ref], "an answer that is too old is none")
			answer, _, err = NewReader(dir, time.Minute).Read(now)
			require.NoError(t, err)
			require.True(t, answer.Unsure[ref], "nor is there one before the first")
			require.NoError(t, os.Remove(filepath.Join(dir, "4")))
			answer, scan, err = r.Read(now)
			require.NoError(t, err)
			require.Empty(t, answer.Holdings)
			require.Empty(t, answer.Unsure, "a file that is gone is a free GPU")
			require.Equal(t, Scan{}, scan)
		})
	}
}

func TestAFileOfAClockThatWasAheadIsComplete(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "0", "\ufeff17")
	future := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "0"), future, future))
	got, scan := read(t, dir)
	require.Equal(t, map[holders.Ref][]holders.Job{holders.NumberRef("0"): {{ID: "17"}}}, got)
	require.False(t, scan.Unsettled)
}

func TestKindsOfJobs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "0", "17\n17\n")
	write(t, dir, "1", "17\n18\n")
	write(t, dir, "2.1", "17\n18\n")
	answer, _, err := NewReader(dir, time.Hour).Read(time.Now())
	require.NoError(t, err)
	for ref, want := range map[holders.Ref][]holders.Kind{
		holders.NumberRef("0"):               {holders.Exclusive},
		holders.NumberRef("1"):               {holders.Timeslice, holders.Timeslice},
		holders.NumberRef("2").Instance("1"): {holders.MIG, holders.MIG},
	} {
		var kinds []holders.Kind
		for _, h := range answer.Holdings[ref] {
			kinds = append(kinds, h.Kind)
		}
		require.Equal(t, want, kinds, ref)
	}
}

func TestALineThatIsStillWrittenIsNoJobYet(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "0"), []byte("17\n1"), 0o600))
	got, scan := read(t, dir)
	require.Equal(t, map[holders.Ref][]holders.Job{holders.NumberRef("0"): {{ID: "17"}}}, got)
	require.True(t, scan.Unsettled)
	write(t, dir, "0", "17\n18")
	got, scan = read(t, dir)
	require.Equal(t, map[holders.Ref][]holders.Job{holders.NumberRef("0"): {{ID: "17"}, {ID: "18"}}}, got)
	require.False(t, scan.Unsettled)
}

func TestWhatIsNoJobIsCounted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "0", "17\n\x00\n\xff\n"+strings.Repeat("x", maxLine+1)+"\n18\n")
	write(t, dir, "1", strings.Repeat("1\n2\n3\n", 40_000))
	write(t, dir, "2", "../../etc/passwd\n")
	got, scan := read(t, dir)
	require.Equal(t, []holders.Job{{ID: "17"}, {ID: "18"}}, got[holders.NumberRef("0")])
	require.Len(t, got[holders.NumberRef("1")], 3)
	require.Equal(t, []holders.Job{{ID: "../../etc/passwd"}}, got[holders.NumberRef("2")])
	require.Positive(t, scan.Bad)
	_, _, err := NewReader(filepath.Join(dir, "absent"), time.Hour).Read(time.Now())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAFileSaysSinceWhen(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "0", "17\n")
	answer, _, err := NewReader(dir, time.Hour).Read(time.Now())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(-time.Hour), answer.Since[holders.NumberRef("0")], time.Minute)
}

// changed waits for a change of the directory, and reports whether there was one before a long time.
func changed(t *testing.T, w *Watcher, act func()) bool {
	t.Helper()
	w.Arm()
	act()
	begin := time.Now()
	w.Wait(t.Context(), time.Minute, false)
	return time.Since(begin) < time.Minute
}

func TestAChangeEndsTheWaiting(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "jobs")
	w, err := NewWatcher(dir + "/")
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	w.Arm() // It does not exist yet.
	require.Nil(t, w.watched)
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "0")
	require.True(t, changed(t, w, func() { write(t, dir, "0", "17\n") }))
	require.True(t, changed(t, w, func() { require.NoError(t, os.Rename(path, path+"1")) }))
	require.True(t, changed(t, w, func() { require.NoError(t, os.Remove(path+"1")) }))
	require.True(t, changed(t, w, func() { go func() { w.watcher.Errors <- fsnotify.ErrEventOverflow }() }), "lost events are a change")
	require.True(t, changed(t, w, func() { require.NoError(t, os.Remove(dir)) }))
	require.Nil(t, w.watched)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.True(t, changed(t, w, func() { write(t, dir, "0", "17\n") }), "a directory that is made again is watched again")
	require.NoError(t, os.Rename(dir, dir+"-before"))
	require.NoError(t, os.Mkdir(dir, 0o700))
	w.Wait(t.Context(), time.Minute, false) // The directory that was watched has gone.
	w.Arm()
	require.NoError(t, os.Rename(dir, dir+"-link"))
	require.NoError(t, os.Symlink(dir+"-before", dir))
	w.Arm()
	require.True(t, changed(t, w, func() { write(t, dir+"-before", "1", "18\n") }), "a link that leads elsewhere is followed")
}

func TestWaitingEndsInTimeAndWithItsContext(t *testing.T) {
	for name, w := range map[string]*Watcher{"watching": watcher(t), "without a watcher": {directory: t.TempDir()}} {
		t.Run(name, func(t *testing.T) {
			w.Wait(t.Context(), time.Millisecond, false)
			w.Wait(t.Context(), time.Hour, true)
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			w.Wait(ended, time.Hour, false)
			require.NoError(t, w.Close())
		})
	}
}

func watcher(t *testing.T) *Watcher {
	t.Helper()
	w, err := NewWatcher(t.TempDir())
	require.NoError(t, err)
	w.Arm()
	return w
}
