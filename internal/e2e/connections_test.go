// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listening is TCP_LISTEN in /proc/net/tcp.
const listening = "0A"

// connectedTo returns the other ends of the TCP connections that a process has opened or accepted.
func connectedTo(t *testing.T, c *collector) (remotes []netip.AddrPort) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", c.Process.Pid)
	fds, err := os.ReadDir(proc + "/fd")
	require.NoError(t, err)
	var own []string // inodes of sockets
	for _, fd := range fds {
		if target, err := os.Readlink(filepath.Join(proc, "fd", fd.Name())); err == nil { // else it has been closed
			own = append(own, strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]"))
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(filepath.Join(proc, "net", table))
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] != listening && slices.Contains(own, fields[9]) {
				remotes = append(remotes, addressOf(t, fields[2]))
			}
		}
	}
	return remotes
}

// addressOf reads an address of /proc/net/tcp: words of four bytes in the order of the machine, and the port.
func addressOf(t *testing.T, text string) netip.AddrPort {
	t.Helper()
	address, portText, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	require.NoError(t, err)
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	ip, ok := netip.AddrFromSlice(raw)
	require.True(t, ok, text)
	number, err := strconv.ParseUint(portText, 16, 16)
	require.NoError(t, err)
	return netip.AddrPortFrom(ip.Unmap(), uint16(number))
}
