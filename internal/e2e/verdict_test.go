// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waitVerdict waits for a status code and a first line of the verdict on the node that begin with these.
func waitVerdict(t *testing.T, health, query string, code int, line string) {
	t.Helper()
	var gotCode int
	var got string
	eventually(t, func() bool {
		gotCode, got = get(health, "/gpus?format=text"+query)
		return gotCode == code && strings.HasPrefix(got, line)
	}, "/gpus never answers %d %q", code, line)
}

func verdictOf(t *testing.T, health string) (node nodeJSON) {
	t.Helper()
	_, body := get(health, "/gpus")
	require.NoError(t, json.Unmarshal([]byte(body), &node), body)
	return node
}

func TestVerdictFollowsTheGPUs(t *testing.T) {
	n := newNode(t, "h100x8", "")
	n.Args = append(n.Args, "--set=extensions.health_slo.sample_interval=200ms", "--set=extensions.health_slo.expect.gpus=8")
	n.begin(t)
	verdict := func(code int, line string) {
		t.Helper()
		waitVerdict(t, n.health, "", code, line)
		requireStatus(t, n.health, "/healthz", 200)
		requireStatus(t, n.health, "/readyz", 200)
	}
	verdict(200, "fit: 8 GPUs\n")
	require.Len(t, verdictOf(t, n.health).GPUs, 8)
	requireStatus(t, n.health, "/gpus?strict", 200)

	const pending = "Simulated GPU nvidia4 is degraded: row remap pending until the next reset (RESET_GPU)"
	n.send(t, "row_remap gpu=4 pending")
	verdict(200, "degraded: "+pending+"\n")
	requireStatus(t, n.health, "/gpus?strict", 503)

	n.send(t, "gpu_lost gpu=3")
	verdict(503, "unfit: Simulated GPU nvidia3 is unfit: lost (RESTART_BM); "+pending+"\n")
	lost := verdictOf(t, n.health)
	require.Equal(t, "RESTART_BM", lost.Action)
	before := n.runs()
	n.signal(t, syscall.SIGHUP)
	eventually(t, func() bool { return n.runs() > before }, "no reload")
	verdict(503, "unfit: Simulated GPU nvidia3 is unfit: lost (RESTART_BM); "+pending+"\n")
	require.Equal(t, lost.Since, verdictOf(t, n.health).Since, "a reload begins no verdict")

	n.send(t, "gpu_restored gpu=3")
	verdict(200, "degraded: "+pending+"\n")
	n.send(t, "reset gpu=4")
	verdict(200, "fit: 8 GPUs\n")

	n.send(t, "recovery gpu=5 action=drain_and_reset for 2s")
	verdict(503, "unfit: Simulated GPU nvidia5 is unfit: recovery action drain and reset (DRAIN_AND_RESET)\n")
	verdict(200, "fit: 8 GPUs\n")
	n.send(t, "engine_dies for 2s")
	verdict(503, "unknown: receiver dcgm: recoverable error: ")
	verdict(200, "fit: 8 GPUs\n")

	n.send(t, "gpu_removed gpu=6")
	verdict(503, "unfit: 7 of 8 expected GPUs are present; Simulated GPU nvidia6 is unfit: absent (RESTART_BM)\n")
	n.stop(t)
}

// The receiver hands its values to the extension within the process: nothing of them is a metric of the Collector.
func TestPageShowsWhatWasReadOfEachGPU(t *testing.T) {
	n := newNode(t, "h100x8", "")
	n.Args = append(n.Args, "--set=extensions.health_slo.sample_interval=200ms")
	n.begin(t)
	waitVerdict(t, n.health, "", 200, "fit: 8 GPUs\n")
	readings := func(gpu int) *readingsJSON { return &verdictOf(t, n.health).GPUs[gpu].Readings }
	eventually(t, func() bool { return !slices.Contains(readings(0).values(), nil) }, "some value is never there")
	require.WithinDuration(t, time.Now(), readings(0).At, time.Minute)
	require.Greater(t, *readings(0).Temperature, 10.0)
	require.Greater(t, *readings(0).MemoryTotal, float64(70<<30))
	require.NotNil(t, readings(0).ThrottleReasons)

	n.send(t, "field gpu=1 id=155 value=blank", "throttle gpu=1 reason=hw_slowdown,hw_thermal", "xid gpu=3 code=79", "gpu_lost gpu=3")
	eventually(t, func() bool {
		return readings(1).Power == nil && len(readings(3).XIDs) == 1 && readings(3).Temperature == nil
	}, "what is not known has a value")
	require.NotNil(t, readings(1).Temperature)
	require.Contains(t, readings(1).ThrottleReasons, "hw_thermal")
	lost := readings(3)
	require.Equal(t, make([]*float64, 5), lost.values())
	require.Nil(t, lost.ThrottleReasons)
	require.False(t, lost.At.IsZero(), "its last time")
	require.Equal(t, 79, lost.XIDs[0].Code)
	require.NotEmpty(t, lost.XIDs[0].Mnemonic)
	require.Empty(t, lost.History, "the page alone has charts")
	require.NotEmpty(t, statusPage(t, n.health).Node.GPUs[3].Readings.History)
	_, html := get(n.health, "/")
	require.Contains(t, html, `aria-label="Temperature of nvidia3 in the last hour: now no value, from `)
	_, metrics := get(n.health, "/metrics")
	require.NotContains(t, metrics, "temperature")
	n.stop(t)
}

func TestVerdictWithoutAReceiverOfGPUs(t *testing.T) {
	health := freeAddress(t)
	c := start(t, "--config", configFile(t, minimal, health))
	waitVerdict(t, health, "", 503, "unknown: no receiver reports GPUs: service::pipelines has no dcgm receiver\n")
	c.stop(t)
	c = start(t, "--config", configFile(t, minimal, health), "--set=extensions.health_slo.expect.gpus=0")
	waitVerdict(t, health, "&strict", 200, "fit: 0 GPUs\n")
	c.stop(t)
}
