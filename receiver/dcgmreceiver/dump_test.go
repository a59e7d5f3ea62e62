// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// withPage adds dcgm-exporter's view of devices to the metrics.
func withPage(cfg *Config) {
	asExporter(ofDevices + "DCGM_EXP_P2P_STATUS, gauge, p")(cfg)
	cfg.Views = []string{viewOTel, viewDCGMExporter}
}

// TestReceiverSeesTheSameInAReplayOfItsDump runs a receiver on a node, and another one on what the first one dumped.
func TestReceiverSeesTheSameInAReplayOfItsDump(t *testing.T) {
	const passes = 12
	for name, scenario := range map[string]string{
		"healthy":       steady,
		"GPU lost":      steady + "at 25s gpu_lost gpu=1 for 30s\n",
		"engine dies":   steady + "at 25s engine_dies for 4s\n",
		"reads fail":    steady + "at 25s call call=dcgmEntitiesGetLatestValues status=-17 for 30s\n",
		"unknown field": steady + "at 0s unknown_field 155,1523\n",
		"throttled":     steady + "at 33s throttle gpu=0 reason=hw_thermal for 12s\nat 41s xid gpu=1 code=31\n",
		"MIG":           "fault-mig",
		"devices":       fmt.Sprintf(everything, ""),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dcgm.jsonl")
			var want []seriesText
			simulate(t, scenario, func(cfg *Config) { withPage(cfg); cfg.Dump.Path = path }, func(s *simulation) {
				for range passes {
					s.pass(interval)
					want = append(want, s.now())
				}
			})
			require.FileExists(t, path)
			simulate(t, path, withPage, func(s *simulation) {
				for i := range passes {
					s.pass(interval)
					require.Equal(s.t, want[i], s.now(), "pass %d", i)
				}
			})
		})
	}
}

// dumped runs a receiver with a dump, and returns its logs about it.
func dumped(t *testing.T, change func(*Config)) (logs *observer.ObservedLogs) {
	t.Helper()
	simulate(t, steady, change, func(s *simulation) {
		for range 4 {
			s.pass(interval)
			s.requireUp(true)
		}
		require.Empty(s.t, s.host.statuses())
		logs = s.logs
	})
	return logs.FilterMessageSnippet("dump of DCGM's answers")
}

// What keeps a dump from being written is said once, and collection goes on.
func TestDumpThatCannotBeWrittenDisturbsNothing(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink("/etc/passwd", link))
	for path, why := range map[string]string{
		filepath.Join(dir, "none", "dcgm.jsonl"): "no such file or directory",
		dir:                                      "is no regular file",
		link:                                     "is no regular file",
		"/dev/full":                              "is no regular file",
	} {
		logs := dumped(t, func(cfg *Config) { cfg.Dump.Path = path })
		require.Equal(t, 1, logs.Len(), path)
		require.Equal(t, zap.WarnLevel, logs.All()[0].Level)
		require.Contains(t, logs.All()[0].ContextMap()["error"], why)
	}
	require.FileExists(t, "/etc/passwd")
}

func TestDumpEndsByItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dcgm.jsonl")
	logs := dumped(t, func(cfg *Config) { cfg.Dump.Path, cfg.Dump.Duration = path, 15*time.Second })
	require.Equal(t, 1, logs.FilterMessage("dump of DCGM's answers is complete").Len())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), `"t":10,`)
	require.NotContains(t, string(text), `"t":20,`)
}

func TestDumpIsPrivateAndKeepsTheOneBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dcgm.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("before\n"), 0o644)) //nolint:gosec // Others may read what others wrote.
	require.Zero(t, dumped(t, func(cfg *Config) { cfg.Dump.Path, cfg.Dump.Redact = path, true }).Len())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())
	before, err := os.ReadFile(path + ".1")
	require.NoError(t, err)
	require.Equal(t, "before\n", string(before))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), `{"kind":"engine"`))
	require.Contains(t, string(text), "GPU-00000000-0000-4000-8000-000000000001")
	require.NotContains(t, string(text), "GPU-00000000-0000-0000-0000-000000000001")
}

func TestNothingWaitsForASlowDisk(t *testing.T) {
	d := &dump{done: make(chan struct{}), lines: make(chan []byte, 1)}
	_, err := d.Write([]byte("a"))
	require.NoError(t, err)
	_, err = d.Write([]byte("b"))
	require.ErrorIs(t, err, errSlowDisk)
	begin := time.Now()
	d.close()
	require.GreaterOrEqual(t, time.Since(begin), dumpGrace)
	_, err = d.Write([]byte("c"))
	require.NoError(t, err, "what comes after the end is nobody's failure")
}
