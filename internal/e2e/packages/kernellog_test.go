// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// logToKernel gives the machine the kernel log of this host and writes an event to it, of which it returns the text: "" where this host lets
// nobody read its kernel log or write to it.
func (m *machine) logToKernel(t *testing.T) string {
	t.Helper()
	kernel, err := os.OpenFile("/dev/kmsg", os.O_RDWR, 0)
	if err != nil {
		t.Logf("NOT COVERED: the kernel log of this host cannot be read and written: %v", err)
		return ""
	}
	defer func() { _ = kernel.Close() }()
	text := fmt.Sprintf("mlx5_core 0000:5e:00.0 test%x: Link down", time.Now().UnixNano()) // The journal takes a first "word:" away from what no kernel said.
	_, err = fmt.Fprintf(kernel, "<4>%s\n", text)
	require.NoError(t, err)
	if out, err := m.try("mknod", "--mode=644", "/dev/kmsg", "c", "1", "11"); err != nil {
		require.Contains(t, out, "exists")
	}
	return text
}

// documented returns the block of a language in the kernel_events receiver's page.
func documented(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile(repository + "/receiver/kerneleventsreceiver/README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block, language)
	return string(block[1])
}

// A service of the journal's group turns what the kernel logs into a fifo, and the receiver in its sandbox makes events of that.
func TestKernelEventsFromTheJournalAsDocumented(t *testing.T) {
	deb := pack(t, node, "deb")
	t.Parallel()
	m := boot(t)
	m.run(t, "dpkg", "--install", m.put(t, deb)[0])
	if m.logToKernel(t) == "" {
		t.Skip("no kernel log")
	}
	m.run(t, "systemctl", "restart", "systemd-journald")
	m.write(t, "/etc/kernel-events.jq", documented(t, "jq"))
	m.write(t, "/etc/systemd/system/kernel-events.service", documented(t, "ini"))
	m.write(t, "/etc/"+node+"/config.yaml", fmt.Sprintf(logged, "kernel_events", "path: /run/kernel-events/kmsg, start_at: now", state))
	m.run(t, "systemctl", "daemon-reload")
	m.run(t, "systemctl", "start", "kernel-events")
	m.run(t, "systemctl", "restart", node)
	var written []string // What comes before both services follow is not read.
	require.Eventually(t, func() bool {
		written = append(written, m.logToKernel(t))
		return m.has(state) && slices.ContainsFunc(written, func(text string) bool { return strings.Contains(m.read(t, state), text) })
	}, patience, interval)
	m.requireState(t, "active", "kernel-events")
	m.requireState(t, "active", node)
}
