// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

var pageLabel = regexp.MustCompile(`\w+="(?:[^"\\]|\\.)*"`)

// withoutValues sorts the lines of a page and the labels of each series.
func withoutValues(page string) string {
	var lines []string
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if metric, _, isSeries := strings.Cut(line, "{"); isSeries && !strings.HasPrefix(line, "#") {
			labels := pageLabel.FindAllString(line, -1)
			slices.Sort(labels)
			line = metric + "{" + strings.Join(labels, ",") + "}"
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}

// countersOfPage is the counters file of a recorded page, as far as the page shows it.
func countersOfPage(page string) string {
	var counters strings.Builder
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if family, isType := strings.CutPrefix(line, "# TYPE "); isType {
			name, kind, _ := strings.Cut(family, " ")
			_, help, _ := strings.Cut(page, "# HELP "+name+" ")
			help, _, _ = strings.Cut(help, "\n")
			fmt.Fprintf(&counters, "%s, %s, %q\n", name, kind, help)
		}
	}
	return counters.String()
}

// startAsDCGMExporter runs the example on the node of the recordings, and returns the address of its page.
func startAsDCGMExporter(t *testing.T, node string, env []string, args ...string) (page string) {
	t.Helper()
	return startOnRecordedNode(t, node, env, command(append([]string{
		"--config", root + "/docs/examples/dcgm-exporter.yaml", "--config", "yaml:receivers::dcgm::collection_interval: 200ms", "--config", "yaml:receivers::dcgm::initial_delay: 0s",
	}, args...)...))
}

func startOnRecordedNode(t *testing.T, node string, env []string, c *collector) (page string) {
	t.Helper()
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	includes, err := filepath.Abs(simulator)
	require.NoError(t, err)
	recorded, err := filepath.Abs(root + "/receiver/dcgmreceiver/internal/dcgm/testdata/" + node + ".scenario")
	require.NoError(t, err)
	scenario := filepath.Join(t.TempDir(), "node.scenario")
	require.NoError(t, os.WriteFile(scenario, []byte("include "+recorded+"\nfield 112 * const 1\n"), 0o600))
	page = freeAddress(t)
	c.Env = append(simulation(t, scenario, controlFile(t)), "DCGMSIM_INCLUDE="+includes, "DCGM_EXPORTER_LISTEN="+page, "AGENT_HEALTH="+freeAddress(t))
	c.Env = append(c.Env, env...)
	c.launch(t)
	return page
}

// The pages are those of dcgm-exporter 4.8.2 against a DCGM 4.6.0 host engine.
func TestExampleServesThePageOfDCGMExporter(t *testing.T) {
	for name, node := range map[string]string{"h100x8": "node", "mig": "mig"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			recorded, err := os.ReadFile(root + "/receiver/dcgmreceiver/testdata/dcgm-exporter/" + name + ".prom")
			require.NoError(t, err)
			counters := "default"
			if name != "h100x8" {
				counters = filepath.Join(t.TempDir(), "counters.csv")
				require.NoError(t, os.WriteFile(counters, []byte(withoutHealth(countersOfPage(string(recorded)))), 0o600))
			}
			page := startAsDCGMExporter(t, node, []string{"HOST_NAME=localhost", "DCGM_EXPORTER_COLLECTORS=" + counters}, "--config", "yaml:receivers::dcgm::dcgm_exporter::hostname_label: hostname")
			want, got := withoutValues(withoutHealth(string(recorded))), ""
			eventually(t, func() bool {
				_, body := get(page, "/metrics")
				got = withoutValues(body)
				return got == want
			}, "it is not the page of dcgm-exporter")
			require.Equal(t, want, got)
		})
	}
}

// withoutHealth leaves out what the first check of health comes to, a minute after the start.
func withoutHealth(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "DCGM_EXP_GPU_HEALTH_STATUS") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// A link called dcgm-exporter takes the flags and variables of dcgm-exporter, and serves its page and its probe.
func TestLinkTakesTheFlagsOfDCGMExporter(t *testing.T) {
	recorded, err := os.ReadFile(root + "/receiver/dcgmreceiver/testdata/dcgm-exporter/h100x8.prom")
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "dcgm-exporter")
	require.NoError(t, os.Symlink(binary, link))
	page := startOnRecordedNode(t, "node", []string{"NODE_NAME=localhost"}, commandOf(link, "-c", "1000", "-r", "localhost:5555", "--hostname-label", "hostname"))
	want, got := withoutValues(string(recorded)), ""
	eventually(t, func() bool {
		_, body := get(page, "/metrics")
		got = withoutValues(body)
		return got == want
	}, "it is not the page of dcgm-exporter")
	require.Equal(t, want, got)
	code, body := get(page, "/health")
	require.Equal(t, 200, code)
	require.Equal(t, "ok\n", body)
}

func TestLinkReadsItsCountersAgain(t *testing.T) {
	link, counters := filepath.Join(t.TempDir(), "dcgm-exporter"), filepath.Join(t.TempDir(), "counters.csv")
	require.NoError(t, os.Symlink(binary, link))
	c := commandOf(link, "-c", "200", "-r", "localhost", "-f", counters)
	write := func(text string) { require.NoError(t, os.WriteFile(counters, []byte(text), 0o600)) }
	write("DCGM_FI_DEV_GPU_TEMP, gauge, t\n")
	page := startOnRecordedNode(t, "node", nil, c)
	shows := func(want string) {
		eventually(t, func() bool {
			_, body := get(page, "/metrics")
			return strings.Contains(body, want)
		}, "it does not show what it should")
	}
	shows("DCGM_FI_DEV_GPU_TEMP{")
	write("DCGM_FI_DEV_POWER_USAGE, gauge, \"of one, and of two\"\n")
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	shows("# HELP DCGM_FI_DEV_POWER_USAGE of one, and of two\n")
	_, body := get(page, "/metrics")
	require.NotContains(t, body, "DCGM_FI_DEV_GPU_TEMP")
	write("# power\nDCGM_FI_DEV_POWER_USAGE, gauge, \"p\n")
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	require.Equal(t, 1, c.exitCode(t), "a wrong counters file ends the process, as a wrong configuration does")
	require.Contains(t, c.err.String(), `"dcgm_exporter::counters": `+counters+`:2: column 35: `)
}

func TestTranslatedFlagsOfDCGMExporterAreValid(t *testing.T) {
	for _, args := range [][]string{
		nil,
		{"-f", "/etc/dcgm-exporter/1.x-compatibility-metrics.csv", "-o", "-d", "g+i"},
		{"-f", "/etc/dcgm-exporter/dcp-metrics-included.csv", "-k", "-r", "unix:///run/nvidia/dcgm.sock"},
		{"-k", "--kubernetes-enable-pod-labels", "--kubernetes-enable-pod-uid", "--kubernetes-enable-dra", "--kubernetes-pod-label-allowlist-regex", "^app$", "--nvidia-resource-names", "nvidia.com/a100", "-o", "-rbmn"},
		{"-r", "gpu7", "--names", "both", "--hostname-label", "hostname", "-s", "f", "-p", "f", "-a", "[::1]:9400"},
		{"-r", "localhost:5555", "-d", "g:0-3", "-n", "--debug", "--log-format", "json", "--dump-enabled", "--enable-pprof", "--hpc-job-mapping-dir", "/run/jobs", "--web-read-timeout", "10s"},
	} {
		printed := finish(t, "", nil, append([]string{"dcgm-exporter", "--print-config"}, args...)...)
		require.Zero(t, printed.code, printed.stderr)
		checked := finish(t, "", nil, "validate", "--config", "yaml:"+printed.stdout)
		require.Zero(t, checked.code, "%v: %s", args, checked.stderr)
	}
}

// What is printed would run: a value that only the components know to be wrong is refused as at a start.
func TestTranslatedFlagsThatAreWrongAreNotPrinted(t *testing.T) {
	for want, args := range map[string][]string{
		`receivers::dcgm: "endpoint": must be unix:// and an absolute path`:                                            {"-r", "unix://dcgm.sock"},
		`"dcgm_exporter::counters": line:1: type of DCGM_FI_DEV_GPU_TEMP must be gauge, counter or label, got "level"`: {"-f", "DCGM_FI_DEV_GPU_TEMP, level, t"},
		`"--collect-interval": must be from 100 to 3600000 milliseconds, got 50`:                                       {"-c", "50"},
		`"--xid-count-window-size": must be from 1000 to 86400000 milliseconds, got 10`:                                {"-x", "10"},
		`"--remote-hostengine-info": must be HOST, HOST:PORT with a port from 1 to 65535`:                              {"-r", "http://gpu7:1"},
		`"--collectors": must be a counters file that can be read: open /nowhere.csv: no such file`:                    {"-f", "/nowhere.csv"},
		`"--address": must be HOST:PORT or :PORT, with an IPv6 address in [], got "9400"`:                              {"-a", "9400"},
		`"--fake-gpu": is no flag of dcgm-exporter`:                                                                    {"--fake-gpu"},
		`"--switch-devices": must be f, which is all NVSwitches, got "g:0"`:                                            {"-s", "g:0"},
	} {
		printed := finish(t, "", nil, append([]string{"dcgm-exporter", "--print-config"}, args...)...)
		require.Equal(t, 1, printed.code)
		require.Empty(t, printed.stdout)
		require.Contains(t, printed.stderr, want)
	}
}
