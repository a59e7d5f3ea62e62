// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const kernelEvents = `
receivers: {kernel_events: {path: %[1]q, collection_interval: 100ms, %[2]s}}
exporters:
  stdout:
  prometheus: {endpoint: %[3]q}
extensions: {file_storage: {directory: %[4]q, create_directory: true}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [file_storage]
  pipelines:
    logs: {receivers: [kernel_events], exporters: [stdout]}
    metrics: {receivers: [kernel_events], exporters: [prometheus]}
`

// kernelLog is a file in the format of /dev/kmsg.
type kernelLog struct {
	path    string
	written int
}

func (l *kernelLog) write(t *testing.T, lines ...string) {
	t.Helper()
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	for _, line := range lines {
		_, err = fmt.Fprintf(file, "4,%d,%d,-;%s\n", l.written, l.written, line)
		require.NoError(t, err)
		l.written++
	}
	require.NoError(t, file.Close())
}

func kernelXID(code int) string {
	return fmt.Sprintf("NVRM: Xid (PCI:0000:3B:00): %d, pid=4711, name=python3", code)
}

func TestKernelEventsAreLogRecordsAndCounters(t *testing.T) {
	log := &kernelLog{path: filepath.Join(t.TempDir(), "kmsg")}
	log.write(t, "Linux version 6.8.0", kernelXID(79), "mlx5_core 0000:5e:00.0 ibs2f0: Link down")
	page := freeAddress(t)
	config := configFile(t, kernelEvents, log.path, "start_at: boot", page, t.TempDir())
	c := start(t, "--config", config)
	for _, want := range []string{
		`"eventName":"gpu.xid"`, `"severityText":"FATAL"`, `"key":"gpu.pci.bus_id","value":{"stringValue":"00000000:3B:00.0"}`, `"key":"gpu.xid.code","value":{"intValue":"79"}`,
		`"key":"gpu.xid.action","value":{"stringValue":"RESTART_BM"}`, `"eventName":"infiniband.link"`, `"key":"network.interface.name","value":{"stringValue":"ibs2f0"}`,
	} {
		eventually(t, func() bool { return strings.Contains(c.out.String(), want) }, "no %s on stdout", want)
	}
	require.NotContains(t, c.out.String(), "Linux version")
	for _, want := range []string{`kernel_gpu_xids_total\{[^}]*gpu_pci_bus_id="00000000:3B:00\.0",gpu_xid_code="79"[^}]*\} 1`, `kernel_log_records_total\{[^}]*kernel_log_outcome="unmatched"[^}]*\} 1`} {
		eventually(t, func() bool { _, body := get(page, "/metrics"); return regexp.MustCompile(want).MatchString(body) }, "no %s on the page", want)
	}
	log.write(t, kernelXID(31))
	eventually(t, func() bool { return strings.Contains(c.out.String(), `"intValue":"31"`) }, "what is logged later does not come")
	c.signal(t, syscall.SIGHUP)
	eventually(t, func() bool { return c.runs() == 2 }, "no reload")
	c.stop(t)
}

// sequences returns how often each record of the log came out as an event, by its sequence number.
func sequences(t *testing.T, output string, into map[int]int) {
	t.Helper()
	for _, match := range regexp.MustCompile(`"key":"kernel\.log\.sequence","value":\{"intValue":"(\d+)"\}`).FindAllStringSubmatch(output, -1) {
		n, err := strconv.Atoi(match[1])
		require.NoError(t, err)
		into[n]++
	}
}

// A kill at any moment loses no event. One between a push and the storing of the position repeats that push, and nothing else does.
func TestKernelEventsSurviveKills(t *testing.T) {
	const kills = 12
	log := &kernelLog{path: filepath.Join(t.TempDir(), "kmsg")}
	log.write(t, "Linux version 6.8.0")
	state := t.TempDir()
	seen := map[int]int{}
	injected := 0
	inject := func() {
		log.write(t, kernelXID(injected%170+1), "nothing")
		injected++
	}
	for run := range kills + 1 {
		config := configFile(t, kernelEvents, log.path, "start_at: stored, storage: file_storage", freeAddress(t), state)
		c := start(t, "--config", config)
		eventually(t, func() bool { return c.runs() > 0 }, "the Collector never runs")
		for range rand.IntN(20) {
			inject()
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		}
		if run < kills {
			require.NoError(t, c.Process.Kill())
			<-c.exited
			inject() // While nobody reads.
		} else {
			inject()
			eventually(t, func() bool {
				now := map[int]int{}
				sequences(t, c.out.String(), now)
				return now[log.written-2] > 0
			}, "the last event does not come")
			c.stop(t)
		}
		sequences(t, c.out.String(), seen)
	}
	repeated := 0
	for i := range injected {
		require.NotZero(t, seen[1+2*i], "event %d of %d is lost", i, injected)
		repeated += seen[1+2*i] - 1
	}
	require.Len(t, seen, injected)
	require.LessOrEqual(t, repeated, injected/2, "a kill repeats its last push at most")
}

// The program of the README turns what journalctl prints into what the receiver reads.
func TestKernelMessagesOfTheJournalAreRead(t *testing.T) {
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("jq is not installed")
	}
	readme, err := os.ReadFile(root + "/receiver/kerneleventsreceiver/README.md")
	require.NoError(t, err)
	match := regexp.MustCompile("(?s)```jq\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, match)
	program := filepath.Join(t.TempDir(), "kernel-events.jq")
	require.NoError(t, os.WriteFile(program, match[1], 0o600))
	fifo := filepath.Join(t.TempDir(), "kmsg")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))

	c := start(t, "--config", configFile(t, kernelEvents, fifo, "", freeAddress(t), t.TempDir()))
	writer, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { _ = writer.Close() }()
	convert := exec.Command(jq, "--unbuffered", "--raw-output", "--from-file", program)
	convert.Stdin = strings.NewReader(`{"MESSAGE":"NVRM: Xid (PCI:0000:3b:00): 31, pid=1, name=a\\b","PRIORITY":"4","SYSLOG_FACILITY":"0","_SOURCE_MONOTONIC_TIMESTAMP":"5140900"}
{"MESSAGE":[109,108,120,53,95,99,111,114,101,32,48,48,48,48,58,53,101,58,48,48,46,48,32,105,98,48,58,32,76,105,110,107,32,100,111,119,110],"__MONOTONIC_TIMESTAMP":"5140901"}
`)
	convert.Stdout = writer
	output := &strings.Builder{}
	convert.Stderr = output
	require.NoError(t, convert.Run(), output)
	for _, want := range []string{`"key":"gpu.xid.code","value":{"intValue":"31"}`, `name=a\\b"`, `"eventName":"infiniband.link"`, `"key":"kernel.log.priority","value":{"intValue":"6"}`} {
		eventually(t, func() bool { return strings.Contains(c.out.String(), want) }, "no %s on stdout", want)
	}
	c.stop(t)
}

// The rights are those that the log line names: without them the Collector runs, and says so.
func TestKernelLogWithoutRights(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can run the Collector as somebody else")
	}
	restrict, err := os.ReadFile("/proc/sys/kernel/dmesg_restrict")
	if err != nil || strings.TrimSpace(string(restrict)) != "1" {
		t.Skip("this machine lets everybody read its kernel log")
	}
	reachable := exec.Command(binary, "--version")
	reachable.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if reachable.Run() != nil {
		t.Skip("nobody else can run the binary where it lies")
	}
	health := freeAddress(t)
	c := command("--config", fmt.Sprintf(`yaml:
receivers: {kernel_events: {}}
exporters: {nop: {}}
extensions: {health_slo: {http: {endpoint: %q}}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines: {logs: {receivers: [kernel_events], exporters: [nop]}}
`, health))
	c.SysProcAttr = reachable.SysProcAttr
	c.launch(t)
	eventually(t, func() bool { return strings.Contains(c.err.String(), "AmbientCapabilities=CAP_SYSLOG") }, "the log does not say what is missing")
	waitStatus(t, health, "/readyz", 200)
	waitStatus(t, health, "/healthz", 200)
	require.Equal(t, 1, strings.Count(c.err.String(), "kernel events receiver is degraded"))
	c.stop(t)
}

func TestBadKernelEventsAreRefusedByValidate(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(rules, []byte("rules:\n  - {name: site.all, contains: [\"abc\"], pattern: '.*', severity: info}\n"), 0o600))
	for settings, want := range map[string]string{
		"start_at: stored":                          `receivers::kernel_events: "storage": must name a storage extension where "start_at" is stored`,
		"rules_file: " + rules:                      `receivers::kernel_events: "rules_file": ` + regexp.QuoteMeta(rules) + `:2: rule "site\.all": "pattern": matches everything`,
		"xids: {790: {severity: error}}":            `receivers::kernel_events: "xids": "790": "meaning": must be given for an XID that is not known`,
		"start_at: stored, storage: file_storage/x": `receivers::kernel_events: "storage": extension "file_storage/x" is not among "service::extensions"`,
	} {
		c := command("validate", "--config", configFile(t, kernelEvents, "/dev/kmsg", settings, "localhost:0", t.TempDir()))
		c.launch(t)
		require.Equal(t, 1, c.exitCode(t), settings)
		require.Regexp(t, want, c.err.String())
	}
}
