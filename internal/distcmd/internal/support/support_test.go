// SPDX-License-Identifier: Apache-2.0

package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func plain(text string) string { return text }

// unpack returns the files of a bundle by name.
func unpack(t *testing.T, bundle []byte) map[string]string {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(bundle))
	require.NoError(t, err)
	files := map[string]string{}
	archive := tar.NewReader(compressed)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		require.Equal(t, int64(0o600), header.Mode)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		files[header.Name] = string(content)
	}
}

func TestManifestListsWhatIsThereAndWhatIsNot(t *testing.T) {
	outcomes := Collect(t.Context(), time.Minute, []Entry{
		Content("a.txt", "a", []byte("secret a"), nil),
		Content("b.txt", "secret b", nil, errors.New("no secret b")),
		Content("c.txt", "c", []byte("half of c"), errors.New("broken")),
	}, func(text string) string { return strings.ReplaceAll(text, "secret", "[REDACTED]") })
	var out bytes.Buffer
	require.NoError(t, Write(&out, "dir", Manifest{Binary: "bin", Entries: outcomes}))
	files := unpack(t, out.Bytes())
	var manifest Manifest
	require.NoError(t, json.Unmarshal([]byte(files["dir/manifest.json"]), &manifest))
	require.Equal(t, []Outcome{
		{Name: "a.txt", From: "a", OK: true, Bytes: 12},
		{Name: "b.txt", From: "[REDACTED] b", Error: "no [REDACTED] b"},
		{Name: "c.txt", From: "c", Bytes: 9, Error: "broken"},
	}, manifest.Entries)
	delete(files, "dir/manifest.json")
	require.Equal(t, map[string]string{"dir/a.txt": "[REDACTED] a", "dir/c.txt": "half of c"}, files)
}

func TestEntriesAreCollectedAtOnceAndInTime(t *testing.T) {
	slow := Entry{Name: "slow", Collect: func(ctx context.Context) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	begin := time.Now()
	outcomes := Collect(t.Context(), 100*time.Millisecond, []Entry{slow, slow, slow, slow}, plain)
	require.Less(t, time.Since(begin), 10*time.Second)
	require.Equal(t, "context deadline exceeded", outcomes[3].Error)
}

func hidePlanted(text string) string { return strings.ReplaceAll(text, "planted-secret", "[REDACTED]") }

// Wherever in the content the secret stands, no part of it is left.
func TestSecretsAreRedactedBeforeEntriesAreCut(t *testing.T) {
	const secret = "planted-secret"
	for name, from := range map[string]int{"the cut": largest, "the end of what is read": largest + margin} {
		for _, at := range []int{from - len(secret), from - len(secret) + 1, from - 4, from - 1} {
			content := append(bytes.Repeat([]byte{'.'}, at), secret...)
			content = append(content, bytes.Repeat([]byte{'.'}, 100)...)
			w := &window{}
			n, err := w.Write(content)
			require.NoError(t, err)
			require.Len(t, content, n, "the writer gets no error")
			o := Content("a", "a", w.kept, nil).outcome(t.Context(), hidePlanted)
			require.NotContains(t, string(o.content), "pla", "at %s, %d", name, at-from)
			require.LessOrEqual(t, o.Bytes, largest)
			require.Equal(t, "cut after 8 MiB", o.Error)
		}
	}
}

// What is redacted may be shorter by far than what was read.
func TestTheEndOfWhatIsReadIsDroppedHoweverMuchIsRedacted(t *testing.T) {
	w := &window{}
	for range (largest + margin) / len("planted-secret\n") {
		_, err := w.Write([]byte("planted-secret\n"))
		require.NoError(t, err)
	}
	_, err := w.Write([]byte("planted-secret\n"))
	require.NoError(t, err)
	require.Len(t, w.kept, largest+margin)
	kept, whole := within(w.kept, func(text string) string { return strings.ReplaceAll(text, "planted-secret", "x") })
	require.False(t, whole)
	require.NotContains(t, string(kept), "p")
	require.NotEmpty(t, kept)
}

func TestHugeEntriesAreCut(t *testing.T) {
	for size, want := range map[int]Outcome{
		largest:              {OK: true, Bytes: largest},
		largest + 1:          {Bytes: largest, Error: "cut after 8 MiB"},
		largest + margin:     {Bytes: largest, Error: "cut after 8 MiB"},
		largest + margin + 1: {Bytes: largest, Error: "cut after 8 MiB"},
	} {
		o := Content("a", "a", make([]byte, size), nil).outcome(t.Context(), plain)
		require.Equal(t, want.Bytes, o.Bytes, size)
		require.Equal(t, want.OK, o.OK, size)
		require.Equal(t, want.Error, o.Error, size)
		require.Len(t, o.content, o.Bytes)
	}
	kept, whole := within(make([]byte, largest), func(text string) string { return text + "[REDACTED]" })
	require.False(t, whole, "what is redacted may be longer")
	require.Len(t, kept, largest)
}

func TestNoMoreIsReadOfAToolThanAnEntryIsMadeOf(t *testing.T) {
	install(t, "dcgmi", "head -c 20000000 /dev/zero")
	output, err := run(t.Context(), "dcgmi", "-v")
	require.NoError(t, err)
	require.Len(t, output, largest+margin)
}

func TestFilesAreNewAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	require.NoError(t, WriteFile(path, "dir", Manifest{}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	require.ErrorIs(t, WriteFile(path, "dir", Manifest{}), os.ErrExist)
	require.FileExists(t, path, "what was there stays")
}

func TestNothingIsLeftOfABundleThatFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	tooLong := Manifest{Created: time.Time{}, Entries: []Outcome{{Name: "a\x00", content: []byte("x")}}}
	require.ErrorContains(t, WriteFile(path, "dir", tooLong), "write dir/a")
	require.NoFileExists(t, path)
}

// install puts a shell script of this name first in PATH.
func install(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestToolsAreAskedWhereInstalled(t *testing.T) {
	install(t, "dcgmi", `[ "$*" = -v ] && echo "Version : 4.6.0" || { echo "cannot connect" >&2; exit 255; }`)
	t.Setenv("PATH", strings.SplitN(os.Getenv("PATH"), string(os.PathListSeparator), 2)[0])
	outcomes := Collect(t.Context(), time.Minute, ToolEntries(nil), plain)
	require.Equal(t, Outcome{Name: "dcgm/version.txt", From: "dcgmi -v", OK: true, Bytes: 16, content: []byte("Version : 4.6.0\n")}, outcomes[0])
	require.Equal(t, "exit status 255", outcomes[1].Error)
	require.Equal(t, "cannot connect\n", string(outcomes[1].content))
	require.Equal(t, Outcome{Name: "nvidia-smi/gpus.txt", From: "nvidia-smi -L", Error: "nvidia-smi is not installed", content: []byte{}}, outcomes[2])
}

func TestTheHostEngineOfTheConfigurationIsAsked(t *testing.T) {
	receivers := tree{
		"dcgm":   tree{"endpoint": "node:5555", "mode": "standalone"},
		"dcgm/a": tree{"endpoint": "tcp://[::1]:5556"},
		"dcgm/b": tree{"endpoint": "unix:///run/nvidia/dcgm.sock"},
		"dcgm/c": tree{"endpoint": "vsock://2:5555"},
		"dcgm/d": tree{"endpoint": "localhost:5555", "mode": "embedded"},
		"dcgm/e": "faulty",
		"clock":  tree{"endpoint": "other:1"},
	}
	for want, used := range map[string][]any{
		"dcgmi discovery -l":                                     {"clock", "dcgm/d", "dcgm/e"},
		"dcgmi discovery -l --host node:5555":                    {"clock", "dcgm/d", "dcgm", "dcgm/a"},
		"dcgmi discovery -l --host [::1]:5556":                   {"dcgm/a"},
		"dcgmi discovery -l --host unix:///run/nvidia/dcgm.sock": {"dcgm/b"},
		"dcgmi discovery -l --host vsock://2:5555":               {"dcgm/c"},
	} {
		config := tree{"receivers": receivers, "service": tree{"pipelines": tree{"metrics": tree{"receivers": used}}}}
		require.Equal(t, want, froms(ToolEntries(config))["dcgm/discovery.txt"])
	}
}

func TestAToolThatHangsIsLeft(t *testing.T) {
	install(t, "dcgmi", "echo begun; sleep 600")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	output, err := run(ctx, "dcgmi", "-v")
	require.ErrorContains(t, err, "dcgmi does not end")
	require.Equal(t, "begun\n", string(output))
}
