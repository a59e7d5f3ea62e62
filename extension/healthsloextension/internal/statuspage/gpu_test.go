// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGPUs(t *testing.T) {
	f := func(g GPU, grade, state, sentence string) {
		t.Helper()
		g.Name = "nvidia0"
		require.Equal(t, grade, g.Grade())
		require.Equal(t, state, g.State())
		require.Equal(t, sentence, g.attention())
	}
	up := func(health string, conditions ...string) GPU {
		return GPU{Status: "ok", Health: health, Conditions: conditions, Up: true}
	}
	f(up(""), "ok", "ok", "")
	f(up("ok"), "ok", "ok", "")
	f(up("failed", "row_remap_failed"), "bad", "failed", "GPU nvidia0 has failed: row remap failed.")
	f(up("failed", "ecc_uncorrected", "recovery_gpu_reset", "row_remap_failed"), "bad", "failed",
		"GPU nvidia0 has failed: recovery action GPU reset, row remap failed, uncorrected ECC errors since the last reset.")
	f(up("failed"), "bad", "failed", "GPU nvidia0 has failed.")
	f(up("predicted_failure", "row_remap_pending"), "warn", "predicted failure", "GPU nvidia0 is about to fail: row remap pending until the next reset.")
	f(up("degraded", "recovery_drain_p2p"), "warn", "degraded", "GPU nvidia0 is degraded: recovery action drain P2P.")
	f(up("ok", "hw_thermal", "hw_power_brake"), "warn", "needs attention", "GPU nvidia0 needs attention: hardware thermal slowdown, hardware power brake slowdown.")
	f(up("", "hw_slowdown"), "warn", "needs attention", "GPU nvidia0 needs attention: hardware slowdown.")
	f(up("ok", "of_another_receiver", "ecc_uncorrected"), "warn", "needs attention", "GPU nvidia0 needs attention: uncorrected ECC errors since the last reset, of another receiver.")
	f(GPU{Status: "lost", Health: "failed"}, "bad", "lost", "GPU nvidia0 is lost.")
	f(GPU{Status: "detached", Health: "degraded"}, "bad", "detached", "GPU nvidia0 is detached.")
	f(GPU{Status: "lost", Simulated: true}, "bad", "lost", "Simulated GPU nvidia0 is lost.")
	f(GPU{Status: "ok", Health: "failed", Up: true, Simulated: true}, "bad", "failed", "Simulated GPU nvidia0 has failed.")
}

func TestLabelOfAGPU(t *testing.T) {
	require.Equal(t, "nvidia0", (&GPU{ID: "GPU-1", Name: "nvidia0"}).Label())
	require.Equal(t, "GPU-1", (&GPU{ID: "GPU-1"}).Label())
}

func TestCausesComeBeforeWhatTheyBringAbout(t *testing.T) {
	failed := func(kind string) Component {
		return Component{Kind: kind, ID: "x", Status: "recoverable error", Since: now, Failed: true}
	}
	p := &Page{
		At:         now,
		Components: []Component{failed("receiver"), failed("processor"), {Kind: "exporter", ID: "y"}, failed("exporter"), failed("connector"), failed("extension")},
		Telemetry:  Telemetry{WindowSeconds: 60},
		Exporters:  []Exporter{{ID: "e", Signal: "logs", Stalled: true, FailureRate: 0.5, QueueRatio: new(0.8)}, {ID: "f", Signal: "logs", QueueRatio: new(0.79)}},
		GPUs:       []GPU{{Name: "nvidia0", Status: "lost"}, {Name: "nvidia1", Status: "ok", Up: true}},
		Objectives: []Objective{{Name: "spent", Known: true}, {Name: "left", Known: true, BudgetRemaining: 0.001}, {Name: "unknown"}},
	}
	require.Equal(t, []string{
		"The extension x has had a recoverable error for 0 s.",
		"The exporter x has had a recoverable error for 0 s.",
		"Exporter e (logs) is stalled: a request is in flight and nothing finished for 1 min.",
		"Exporter e (logs) failed to send 50 % of what it finished in the last 1 min.",
		"The queue of exporter e (logs) is 80 % full.",
		"The connector x has had a recoverable error for 0 s.",
		"The processor x has had a recoverable error for 0 s.",
		"GPU nvidia0 is lost.",
		"The receiver x has had a recoverable error for 0 s.",
		"The error budget of objective spent is spent.",
	}, Attention(p))
}
