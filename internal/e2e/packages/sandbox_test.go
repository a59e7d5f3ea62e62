// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	logged = "{receivers: {%[1]s: {%[2]s}}, exporters: {file: {path: %[3]s, flush_interval: 100ms}}, service: {pipelines: {logs: {receivers: [%[1]s], exporters: [file]}}}}"
	state  = "/var/lib/" + node + "/out.json"
)

// relaxed returns what docs/install.md says to write into the unit to reach a goal.
func relaxed(t *testing.T, goal string) string {
	t.Helper()
	page, err := os.ReadFile(repository + "/docs/install.md")
	require.NoError(t, err)
	row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(goal) + `[^|]*\| (.*) \|$`).FindSubmatch(page)
	require.NotNil(t, row, goal)
	lines := []string{"[Service]"}
	for _, setting := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(string(row[1]), -1) {
		lines = append(lines, setting[1])
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestSandboxIsRelaxedAsDocumented(t *testing.T) {
	deb := pack(t, node, "deb")
	t.Parallel()
	m := boot(t)
	m.run(t, "dpkg", "--install", m.put(t, deb)[0])
	m.run(t, "mount", "-t", "tmpfs", "-o", "size=7m", "tmpfs", "/root")
	m.run(t, "sh", "-c", "mkdir -p /home/user /path && chmod 777 /path && echo secret >/home/user/log && echo secret >/var/log/root.log && chmod 600 /var/log/root.log")
	logs := func(from, to string) string {
		return fmt.Sprintf(logged, "file_log", "include: ["+from+"], start_at: beginning", to)
	}
	page := func(port, receiver, settings string) string {
		return "{receivers: {" + receiver + ": {" + settings + "}}, exporters: {prometheus: {endpoint: 127.0.0.1:" + port + "}}, service: {pipelines: {metrics: {receivers: [" + receiver + "], exporters: [prometheus]}}}}"
	}
	tests := []struct{ goal, config, shows, text string }{
		{"read files in home folders", logs("/home/user/log", state), "cat " + state, "secret"},
		{"read logs that only root may read", logs("/var/log/root.log", state), "cat " + state, "secret"},
		{"write elsewhere", logs("/var/log/dpkg.log", "/path/out.json"), "cat /path/out.json", "dpkg"},
		{"listen on a port below 1024", page("81", "clock", "initial_delay: 0s"), "http://127.0.0.1:81/metrics", "clock_synchronized"},
		{"measure file systems under", page("9464", "host_metrics", "collection_interval: 1s, scrapers: {filesystem: {include_virtual_filesystems: true}}"), "http://127.0.0.1:9464/metrics", "7.340032e+06"},
		{"read the kernel log", fmt.Sprintf(logged, "kernel_events", "start_at: boot", state), "cat " + state, m.logToKernel(t)},
	}
	for _, test := range tests {
		if test.text == "" {
			continue
		}
		m.write(t, "/etc/"+node+"/config.yaml", test.config)
		shows := func() bool {
			if path, found := strings.CutPrefix(test.shows, "cat "); found {
				return m.has(path) && strings.Contains(m.read(t, path), test.text)
			}
			return strings.Contains(m.get(test.shows), test.text)
		}
		m.run(t, "rm", "-rf", "/etc/systemd/system/"+node+".service.d", state)
		m.run(t, "systemctl", "daemon-reload")
		m.run(t, "systemctl", "restart", node)
		require.Never(t, shows, 4*time.Second, interval, "%s: the sandbox does not forbid it", test.goal)

		m.run(t, "mkdir", "/etc/systemd/system/"+node+".service.d")
		m.write(t, "/etc/systemd/system/"+node+".service.d/relaxed.conf", relaxed(t, test.goal))
		m.run(t, "systemctl", "daemon-reload")
		m.run(t, "systemctl", "restart", node)
		require.Eventually(t, shows, patience, interval, "%s: the settings do not allow it", test.goal)
	}

	m.write(t, "/etc/systemd/system/"+node+".service.d/relaxed.conf", relaxed(t, "run the host engine in this process"))
	m.run(t, "systemctl", "daemon-reload")
	m.run(t, "systemctl", "restart", node)
	require.Eventually(t, func() bool { // CAP_SYS_ADMIN alone.
		status, _ := m.try("cat", "/proc/"+m.mainPID(t, node)+"/status")
		return strings.Contains(status, "CapEff:\t0000000000200000\n") && strings.Contains(status, "Uid:\t0\t")
	}, patience, interval)
}
