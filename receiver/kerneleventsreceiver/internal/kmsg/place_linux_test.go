// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRestEndsWithTheLineThatWasReadInPart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	fifo, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = fifo.Close() }()
	write := func(text string) {
		_, err := fifo.WriteString(text)
		require.NoError(t, err)
	}
	write(line(1, "a") + line(2, "b") + "6,3,")
	r := open(t, path)
	record, err := r.Next(time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, "a", string(record.Text))

	write("3,-;c\n" + line(4, "d"))
	r.Interrupt()
	var rest []string
	for record, ok := r.Rest(); ok; record, ok = r.Rest() {
		rest = append(rest, string(record.Text))
	}
	require.Equal(t, []string{"b", "c"}, rest)
	record, err = open(t, path).Next(time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, "d", string(record.Text), "the next reader has what follows")
}

func TestAFileWithoutASizeIsNotTruncated(t *testing.T) {
	const path = "/proc/version"
	r := open(t, path)
	require.Empty(t, all(t, r))
	require.NotZero(t, r.Counts.Malformed)
	for range 3 {
		require.NoError(t, r.Check(path))
	}
}

func TestAFileThatIsTruncatedIsNoticed(t *testing.T) {
	path := logFile(t)
	r := open(t, path)
	require.NoError(t, r.Check(path))
	appendTo(t, path, line(1, "a"))
	require.Len(t, all(t, r), 1)
	require.NoError(t, r.Check(path))
	require.NoError(t, os.Truncate(path, 0))
	require.ErrorIs(t, r.Check(path), ErrReplaced)
}
