// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAFifoIsReadWhoeverWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmsg")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	r := open(t, path)
	require.NoError(t, r.SeekEnd())
	require.Empty(t, all(t, r), "nobody writes")
	for i := range 3 {
		writer, err := os.OpenFile(path, os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = writer.WriteString(line(i, "a"))
		require.NoError(t, err)
		record, err := r.Next(time.Now().Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, uint64(i), record.Sequence) //nolint:gosec // It is small.
		require.NoError(t, writer.Close())
	}
	require.Equal(t, Counts{Read: 3}, r.Counts)
}

func TestInterruptEndsAWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmsg")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	r := open(t, path)
	writer, err := os.OpenFile(path, os.O_WRONLY, 0) // A fifo with a writer is waited for.
	require.NoError(t, err)
	defer func() { _ = writer.Close() }()
	begin := time.Now()
	ended := make(chan error)
	go func() {
		_, err := r.Next(time.Now().Add(time.Minute))
		ended <- err
	}()
	time.Sleep(10 * time.Millisecond) // Whether it waits already does not matter.
	r.Interrupt()
	require.ErrorIs(t, <-ended, ErrIdle)
	_, err = r.Next(time.Now().Add(time.Minute))
	require.ErrorIs(t, err, ErrIdle, "those that follow do not wait either")
	require.Less(t, time.Since(begin), time.Minute)
}

// What is written to the kernel log comes back from it, with the next sequence numbers.
func TestTheKernelLogOfThisMachine(t *testing.T) {
	writer, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this machine does not let us write to its kernel log:", err)
	}
	defer func() { _ = writer.Close() }()
	r, err := Open("/dev/kmsg")
	if errors.Is(err, os.ErrPermission) {
		t.Skip("this machine does not let us read its kernel log:", err)
	}
	require.NoError(t, err)
	defer func() { _ = r.Close() }()
	require.NoError(t, r.SeekEnd())

	text := fmt.Sprintf("tracecore test %d: \u00e4", os.Getpid())
	_, err = writer.WriteString("<4>" + text + "\n") // Without a newline, the kernel waits for the rest of the line.
	require.NoError(t, err)
	deadline := time.Now().Add(time.Minute)
	for {
		record, err := r.Next(deadline)
		require.NoError(t, err)
		if string(record.Text) == text {
			require.Equal(t, 4, record.Priority)
			_, sinceBoot := Now()
			require.InDelta(t, sinceBoot.Seconds(), record.Since.Seconds(), 60)
			break
		}
	}
	require.Zero(t, r.Counts.Malformed)

	beginning := open(t, "/dev/kmsg")
	record, err := beginning.Next(time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.NotEmpty(t, record.Text)
}
