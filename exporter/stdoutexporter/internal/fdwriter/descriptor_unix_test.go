// SPDX-License-Identifier: Apache-2.0

//go:build unix

package fdwriter

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestDescriptorStaysBlockingAndIsNotInherited(t *testing.T) {
	w, _ := openPipe(t)
	defer w.Close()
	status, err := unix.FcntlInt(uintptr(w.file), unix.F_GETFL, 0)
	require.NoError(t, err)
	require.Zero(t, status&unix.O_NONBLOCK)
	flags, err := unix.FcntlInt(uintptr(w.file), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.FD_CLOEXEC)
}

func TestWriteIsOneSystemCall(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Close(pair[1])) }()
	require.NoError(t, unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20))
	w, err := Open(pair[0])
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, unix.Close(pair[0]))

	for _, line := range []string{"short\n", strings.Repeat("y", 70_000) + "\n", "two\nlines\n"} {
		require.NoError(t, w.Write(t.Context(), text(line)))
		packet := make([]byte, 1<<20)
		n, err := unix.Read(pair[1], packet)
		require.NoError(t, err)
		require.Equal(t, line, string(packet[:n]), "each packet of such a socket is one write")
	}
}

func TestNonBlockingDescriptorLosesNothing(t *testing.T) {
	w, reader := openPipe(t)
	require.NoError(t, unix.SetNonblock(int(w.file), true))
	go func() {
		_ = w.Write(context.Background(), text(mebibyte))
		_ = w.Write(context.Background(), text("next\n"))
		w.Close()
	}()
	require.Equal(t, mebibyte+"next\n", readAll(t, reader))
}

func TestNonBlockingDescriptorIsGivenUpWithTheLastUser(t *testing.T) {
	w, reader := openPipe(t)
	require.NoError(t, unix.SetNonblock(int(w.file), true))
	_, result := stick(t, w)
	require.Eventually(t, func() bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(reader.Fd()), Events: unix.POLLIN}}, 0)
		return err == nil && n > 0
	}, 5*time.Second, time.Millisecond)
	w.Close()
	require.ErrorIs(t, <-result, errClosed)
}

func TestLineAfterTornLineIsWhole(t *testing.T) {
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &old))
	file, err := os.CreateTemp(t.TempDir(), "full")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	w, err := Open(int(file.Fd()))
	require.NoError(t, err)
	defer w.Close()

	// A file size limit ends a write in its middle, as a full disk does.
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 10, Max: old.Max}))
	failed := w.Write(t.Context(), text(`{"lost":true}`+"\n"))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &old))
	require.ErrorIs(t, failed, unix.EFBIG)
	require.NotErrorIs(t, failed, ErrBrokenPipe)

	require.NoError(t, w.Write(t.Context(), text("")))
	require.NoError(t, w.Write(t.Context(), text(`{"whole":1}`+"\n")))
	require.NoError(t, w.Write(t.Context(), text(`{"whole":2}`+"\n")))
	got, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.Equal(t, `{"lost":tr`+"\n"+`{"whole":1}`+"\n"+`{"whole":2}`+"\n", string(got))
}

func TestOnlyWhatWaitsForNobodyIsPrompt(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "file")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, null.Close()) }()
	w, _ := openPipe(t)
	defer w.Close()

	require.True(t, descriptor(file.Fd()).prompt())
	require.True(t, descriptor(null.Fd()).prompt())
	require.False(t, w.prompt)
	require.False(t, descriptor(-1).prompt())
}
