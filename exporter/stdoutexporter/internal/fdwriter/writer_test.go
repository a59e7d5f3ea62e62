// SPDX-License-Identifier: Apache-2.0

//go:build unix

package fdwriter

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// openPipe returns a writer to a pipe and the end to read from.
func openPipe(t *testing.T) (*Writer, *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _ = reader.Close() })
	w, err := Open(int(writer.Fd()))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	return w, reader
}

func text(s string) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, s...) }
}

// mebibyte is a line that is larger than any pipe.
var mebibyte = strings.Repeat("x", 1<<20) + "\n"

func readAll(t *testing.T, reader io.Reader) string {
	t.Helper()
	all, err := io.ReadAll(reader)
	require.NoError(t, err)
	return string(all)
}

func TestOpenSharesOneWriterPerDescriptor(t *testing.T) {
	_, writer, err := os.Pipe()
	require.NoError(t, err)
	defer func() { require.NoError(t, writer.Close()) }()
	first, err := Open(int(writer.Fd()))
	require.NoError(t, err)
	second, err := Open(int(writer.Fd()))
	require.NoError(t, err)
	require.Same(t, first, second)
	first.Close()
	require.True(t, isOpen(int(second.file)))
	second.Close()
	require.False(t, isOpen(int(second.file)))

	third, err := Open(int(writer.Fd()))
	require.NoError(t, err)
	require.NotSame(t, first, third)
	third.Close()
}

func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

func TestOpenFailsOnClosedDescriptor(t *testing.T) {
	_, err := Open(1 << 20)
	require.ErrorIs(t, err, unix.EBADF)
	require.ErrorContains(t, err, "duplicate file descriptor 1048576: ")
}

func TestNothingIsWrittenForAnEmptyBuffer(t *testing.T) {
	w, reader := openPipe(t)
	require.NoError(t, w.Write(t.Context(), text("")))
	w.Close()
	require.Empty(t, readAll(t, reader))
}

func TestConcurrentWritersInterleaveOnlyWholeLines(t *testing.T) {
	w, reader := openPipe(t)
	var writers sync.WaitGroup
	for _, letter := range []string{"a", "b", "c", "d"} {
		line := strings.Repeat(letter, 100_000) + "\n"
		writers.Go(func() {
			for range 20 {
				if err := w.Write(context.Background(), text(line)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() {
		writers.Wait()
		w.Close()
	}()
	lines := 0
	for buffered := bufio.NewReader(reader); ; lines++ {
		line, err := buffered.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.Equal(t, strings.Repeat(line[:1], 100_000)+"\n", line)
	}
	require.Equal(t, 80, lines)
}

func TestBrokenPipeSilencesTheWriter(t *testing.T) {
	w, reader := openPipe(t)
	defer w.Close()
	require.NoError(t, reader.Close())
	require.ErrorIs(t, w.Write(t.Context(), text("line\n")), ErrBrokenPipe)
	err := w.Write(t.Context(), func([]byte) []byte {
		t.Error("nothing must be encoded for a broken pipe")
		return nil
	})
	require.ErrorIs(t, err, ErrBrokenPipe)
	require.True(t, w.ClaimStop())
	require.False(t, w.ClaimStop())
}

// stick fills the pipe of w with a write that cannot end and returns its cancel function and its result.
func stick(t *testing.T, w *Writer) (context.CancelFunc, <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	encoded := make(chan struct{})
	result := make(chan error, 1)
	go func() {
		result <- w.Write(ctx, func(b []byte) []byte {
			defer close(encoded)
			return append(b, mebibyte...)
		})
	}()
	<-encoded
	return cancel, result
}

func TestStuckWriteCanBeLeftAndStillEndsWhole(t *testing.T) {
	w, reader := openPipe(t)
	cancel, result := stick(t, w)
	cancel()
	err := <-result
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "wait for the reader: ")

	waiting, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	err = w.Write(waiting, text("never\n"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "wait for the previous write: ")

	go func() {
		_ = w.Write(context.Background(), text("next\n"))
		w.Close()
	}()
	require.Equal(t, mebibyte+"next\n", readAll(t, reader))
}

func TestReopenDuringStuckWriteWaitsForIt(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	w, err := Open(int(writer.Fd()))
	require.NoError(t, err)
	cancel, result := stick(t, w)
	cancel()
	require.Error(t, <-result)
	w.Close()

	again, err := Open(int(writer.Fd()))
	require.NoError(t, err)
	require.Same(t, w, again)
	require.NoError(t, writer.Close())
	go func() {
		_ = again.Write(context.Background(), text("next\n"))
		again.Close()
	}()
	require.Equal(t, mebibyte+"next\n", readAll(t, reader))
}

func TestCanceledContextWritesNothing(t *testing.T) {
	w, reader := openPipe(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("cause")
	cancel(cause)
	require.ErrorIs(t, w.Write(ctx, text("line\n")), cause)
	w.Close()
	require.Empty(t, readAll(t, reader))
}

func TestWriteAfterCloseFails(t *testing.T) {
	w, _ := openPipe(t)
	w.Close()
	require.ErrorIs(t, w.Write(t.Context(), text("line\n")), errClosed)
}

func TestPanicWhileEncodingKeepsTheTurn(t *testing.T) {
	w, reader := openPipe(t)
	require.Panics(t, func() { _ = w.Write(t.Context(), func([]byte) []byte { panic("bad data") }) })
	require.NoError(t, w.Write(t.Context(), text("line\n")))
	w.Close()
	require.Equal(t, "line\n", readAll(t, reader))
}

func TestLargeBuffersAreNotKept(t *testing.T) {
	w, reader := openPipe(t)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, reader)
	}()
	kept := func() int {
		buffer := <-w.turn
		w.turn <- buffer
		return cap(buffer)
	}
	require.NoError(t, w.Write(t.Context(), text("line\n")))
	require.Positive(t, kept())
	require.NoError(t, w.Write(t.Context(), text(mebibyte)))
	require.Zero(t, kept())
	w.Close()
	<-drained
}

func TestDrainWaitsForAWriteThatItsCallerHasLeft(t *testing.T) {
	w, reader := openPipe(t)
	require.True(t, w.Drain(t.Context()), "nothing is under way")
	cancel, result := stick(t, w)
	cancel()
	require.Error(t, <-result)
	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	require.False(t, w.Drain(short), "the reader does not read")

	drained := make(chan bool)
	go func() { drained <- w.Drain(context.Background()) }()
	got := make([]byte, len(mebibyte))
	_, err := io.ReadFull(reader, got)
	require.NoError(t, err)
	require.True(t, <-drained)
	require.NoError(t, w.Write(t.Context(), text("next\n")), "the turn is free")
	w.Close()
	require.Equal(t, "next\n", readAll(t, reader))
}
