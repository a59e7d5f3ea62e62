// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap/zapcore"
)

func openFiles(t *testing.T) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	fds := make([]int, 0, len(entries))
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		require.NoError(t, err)
		fds = append(fds, fd)
	}
	return fds
}

func TestRepeatedStartsLeakNoFiles(t *testing.T) {
	good := newSubject(t, nil)
	noCertificate := newSubject(t, withTLS(inline("not", "PEM")))
	ca := newIdentity(t, "ca", nil, nil)
	encrypted := newSubject(t, withTLS(newSecrets(t, newIdentity(t, "server", ca, nil), ca).reload))
	cycle := func() {
		require.NoError(t, encrypted.Start(t.Context(), encrypted.host))
		require.NoError(t, encrypted.Shutdown(t.Context()))
		require.NoError(t, good.Start(t.Context(), good.host))
		require.NoError(t, good.Shutdown(t.Context()))
		require.Error(t, noCertificate.Start(t.Context(), noCertificate.host))
	}
	cycle() // opens what the runtime keeps, such as its epoll descriptor
	before := len(openFiles(t))
	for range 20 {
		cycle()
	}
	require.Len(t, openFiles(t), before)
}

// breakListener makes the kernel fail the next accept, as it does when a socket is torn down
// underneath the process.
func breakListener(t *testing.T, address string) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	for _, fd := range openFiles(t) {
		listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
		if err != nil || listening == 0 {
			continue
		}
		local, err := syscall.Getsockname(fd)
		require.NoError(t, err)
		if inet, ok := local.(*syscall.SockaddrInet4); ok && strconv.Itoa(inet.Port) == port {
			require.NoError(t, syscall.Shutdown(fd, syscall.SHUT_RDWR))
			return
		}
	}
	require.Fail(t, "no listening socket", address)
}

func TestServerThatDiesIsReported(t *testing.T) {
	s := started(t, nil)
	breakListener(t, s.address(t))
	event := <-s.host.statuses
	require.Equal(t, componentstatus.StatusPermanentError, event.Status())
	require.ErrorContains(t, event.Err(), "serve health endpoints: accept tcp "+s.address(t))
	logged := s.logs.FilterLevelExact(zapcore.ErrorLevel).All()
	require.Len(t, logged, 1)
	require.Equal(t, "Health endpoints are gone until the Collector restarts or reloads", logged[0].Message)
	require.NoError(t, s.Shutdown(t.Context()))
	require.Empty(t, s.host.statuses)
}
