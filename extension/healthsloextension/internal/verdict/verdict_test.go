// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

// up is a GPU that answers.
func up(health string, conditions ...string) sampling.GPU {
	g := sampling.GPU{Component: "dcgm", ID: "GPU-0", Name: "nvidia0", Model: "H100", Status: "ok", Health: health, Up: true}
	for _, name := range conditions {
		g.Conditions = append(g.Conditions, sampling.Condition{Name: name})
	}
	return g
}

// down is a GPU that does not answer.
func down(state, health string) sampling.GPU {
	return sampling.GPU{Component: "dcgm", ID: "GPU-0", Name: "nvidia0", Status: state, Health: health}
}

func TestVerdictOnAGPU(t *testing.T) {
	f := func(g sampling.GPU, state State, action string, reasons ...string) {
		t.Helper()
		got := Of(&g)
		require.Equal(t, state, got.Verdict)
		require.Equal(t, action, got.Action)
		texts := []string{}
		for _, r := range got.Reasons {
			texts = append(texts, fmt.Sprintf("%s %s", r.Verdict, r))
		}
		require.Equal(t, append([]string{}, reasons...), texts)
	}
	f(up("ok"), Fit, "")
	f(up(""), Fit, "")
	fake := up("ok")
	fake.Status = "fake"
	f(fake, Fit, "")

	f(up("failed", "recovery_node_reboot"), Unfit, "RESTART_BM", "unfit recovery action node reboot (RESTART_BM)")
	f(up("failed", "recovery_gpu_reset"), Unfit, "RESET_GPU", "unfit recovery action GPU reset (RESET_GPU)")
	f(up("degraded", "recovery_drain_and_reset"), Unfit, "DRAIN_AND_RESET", "unfit recovery action drain and reset (DRAIN_AND_RESET)")
	f(up("degraded", "recovery_drain_p2p"), Degraded, "DRAIN_P2P", "degraded recovery action drain P2P (DRAIN_P2P)")
	f(up("failed", "row_remap_failed"), Unfit, "RESET_GPU", "unfit row remap failed (RESET_GPU)")
	f(up("predicted_failure", "row_remap_pending"), Degraded, "RESET_GPU", "degraded row remap pending until the next reset (RESET_GPU)")
	f(up("ok", "memory_unrepairable"), Unfit, "RUN_FIELDDIAG", "unfit unrepairable memory (RUN_FIELDDIAG)")
	f(up("ok", "ecc_sram_threshold_exceeded"), Unfit, "RUN_FIELDDIAG", "unfit SRAM ECC errors above the threshold (RUN_FIELDDIAG)")
	f(up("ok", "ecc_uncorrected"), Unfit, "DRAIN_AND_RESET", "unfit uncorrected ECC errors since the last reset (DRAIN_AND_RESET)")
	f(up("ok", "hw_thermal"), Degraded, "CHECK_COOLING", "degraded hardware thermal slowdown (CHECK_COOLING)")
	f(up("ok", "hw_power_brake"), Degraded, "CHECK_POWER", "degraded hardware power brake slowdown (CHECK_POWER)")
	f(up("ok", "hw_slowdown"), Degraded, "CHECK_POWER", "degraded hardware slowdown (CHECK_POWER)")

	f(down("lost", "failed"), Unfit, "RESTART_BM", "unfit lost (RESTART_BM)")
	f(down("absent", "failed"), Unfit, "RESTART_BM", "unfit absent (RESTART_BM)")
	f(down("inaccessible", "failed"), Unfit, "INVESTIGATE_SW", "unfit inaccessible (INVESTIGATE_SW)")
	f(down("unreadable", "degraded"), Degraded, "INVESTIGATE_SW", "degraded unreadable (INVESTIGATE_SW)")
	f(down("unknown", "degraded"), Degraded, "INVESTIGATE_SW", "degraded status unknown (INVESTIGATE_SW)")
	f(down("unsupported", "degraded"), Degraded, "", "degraded unsupported by DCGM")
	f(down("disabled", "degraded"), Degraded, "", "degraded disabled")
	f(down("detached", "degraded"), Degraded, "", "degraded detached")
}

func TestTheWorstReasonComesFirst(t *testing.T) {
	g := up("failed", "ecc_uncorrected", "hw_thermal", "recovery_node_reboot", "row_remap_pending")
	got := Of(&g)
	names := []string{}
	for _, r := range got.Reasons {
		names = append(names, r.Name)
	}
	require.Equal(t, []string{"recovery_node_reboot", "ecc_uncorrected", "row_remap_pending", "hw_thermal"}, names)
	require.Equal(t, "RESTART_BM", got.Action)

	g = up("degraded", "hw_thermal")
	g.Status = "detached"
	require.Equal(t, "detached", Of(&g).Reasons[0].Text)
	require.Equal(t, "CHECK_COOLING", Of(&g).Action, "the first reason that has one")
}

// Receivers may report more than is known here.
func TestWhatIsNotKnownByNameIsAsBadAsHWStatusSays(t *testing.T) {
	f := func(g sampling.GPU, state State, reasons ...string) {
		t.Helper()
		got := Of(&g)
		require.Equal(t, state, got.Verdict)
		texts := []string{}
		for _, r := range got.Reasons {
			texts = append(texts, fmt.Sprintf("%s %s", r.Verdict, r))
		}
		require.Equal(t, reasons, texts)
	}
	f(up("ok", "xid_13"), Degraded, "degraded xid 13")
	f(up("failed", "xid_79"), Unfit, "unfit xid 79")
	f(up("degraded", "health_nvlink"), Degraded, "degraded health nvlink")
	f(up("failed", "xid_48", "row_remap_failed"), Unfit, "unfit row remap failed (RESET_GPU)", "degraded xid 48")
	f(up("failed", "xid_48", "hw_thermal"), Unfit, "unfit xid 48", "degraded hardware thermal slowdown (CHECK_COOLING)")
	f(up("failed"), Unfit, "unfit hw.status failed")
	f(up("predicted_failure"), Degraded, "degraded hw.status predicted failure")
	f(up("of_a_later_receiver"), Degraded, "degraded hw.status of a later receiver")

	f(down("melted", "failed"), Unfit, "unfit melted")
	f(down("melted", ""), Unfit, "unfit melted")
	f(down("melted", "ok"), Degraded, "degraded melted")
	f(down("detached", ""), Unfit, "unfit cannot be read", "degraded detached")
	f(down("ok", ""), Unfit, "unfit cannot be read")
	f(down("ok", "ok"), Degraded, "degraded cannot be read")
	f(down("", ""), Unfit, "unfit cannot be read")

	ofXID := up("failed", "xid")
	ofXID.Conditions[0].Action = "RESET_GPU"
	f(ofXID, Unfit, "unfit XID that is an error (RESET_GPU)")
	withAction := up("failed", "xid_79")
	withAction.Conditions[0].Action = "RESTART_BM"
	f(withAction, Unfit, "unfit xid 79 (RESTART_BM)")
	withAction = up("failed", "row_remap_failed")
	withAction.Conditions[0].Action = "CONTACT_SUPPORT"
	f(withAction, Unfit, "unfit row remap failed (CONTACT_SUPPORT)")
}

func TestVerdictOnANode(t *testing.T) {
	gpu := func(number int, g sampling.GPU) sampling.GPU {
		g.ID, g.Name = fmt.Sprint("GPU-", number), fmt.Sprint("nvidia", number)
		return g
	}
	f := func(want string, usable, usableStrictly bool, expected *int, gpus ...sampling.GPU) {
		t.Helper()
		node := Judge(gpus, expected, "DCGM does not answer")
		first, _, _ := strings.Cut(string(node.Text()), "\n")
		require.Equal(t, want, first)
		require.Equal(t, usable, node.Usable(false))
		require.Equal(t, usableStrictly, node.Usable(true))
		require.NotNil(t, node.Reasons)
		require.Len(t, node.GPUs, len(gpus))
	}
	well, hot, lost := gpu(0, up("ok")), gpu(1, up("ok", "hw_thermal")), gpu(2, down("lost", "failed"))
	gone := gpu(3, down("absent", "failed"))
	f("fit: 1 GPU", true, true, nil, well)
	f("fit: 1 GPU", true, true, new(1), well)
	f("degraded: GPU nvidia1 is degraded: hardware thermal slowdown (CHECK_COOLING)", true, false, new(2), well, hot)
	f("unfit: GPU nvidia2 is unfit: lost (RESTART_BM); GPU nvidia1 is degraded: hardware thermal slowdown (CHECK_COOLING)", false, false, new(3), well, hot, lost)
	f("unfit: 1 of 2 expected GPUs are present", false, false, new(2), well)
	f("unfit: 2 of 1 expected GPUs are present; GPU nvidia1 is degraded: hardware thermal slowdown (CHECK_COOLING)", false, false, new(1), well, hot)
	f("unfit: 1 of 2 expected GPUs are present; GPU nvidia3 is unfit: absent (RESTART_BM)", false, false, new(2), well, gone)
	f("unfit: 1 of 0 expected GPUs are present", false, false, new(0), well)
	f("unknown: DCGM does not answer", false, false, nil)
	f("unknown: DCGM does not answer", false, false, new(8))
	f("fit: 0 GPUs", true, true, new(0))

	other := well
	other.Component = "dcgm/other"
	require.Equal(t, 1, Judge([]sampling.GPU{well, other}, nil, "").Present, "one GPU that two receivers report")
	hotElsewhere := hot
	hotElsewhere.Component = "dcgm/other"
	require.Len(t, Judge([]sampling.GPU{hot, hotElsewhere}, nil, "").Reasons, 1, "and one reason")
	require.Equal(t, "RESTART_BM", Judge([]sampling.GPU{well, hot, lost}, nil, "").Action)
	simulated := hot
	simulated.Simulated = true
	require.Equal(t, []string{"Simulated GPU nvidia1 is degraded: hardware thermal slowdown (CHECK_COOLING)"}, Judge([]sampling.GPU{simulated}, nil, "").Reasons)
}

var now = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func TestAnOldVerdictIsNotTrusted(t *testing.T) {
	node := Judge([]sampling.GPU{up("ok")}, nil, "")
	node.At, node.Since = now, now.Add(-time.Hour)
	require.Equal(t, node, node.Now(now.Add(10*time.Second), 10*time.Second))
	old := node.Now(now.Add(11*time.Second), 10*time.Second)
	require.Equal(t, Unknown, old.Verdict)
	require.Equal(t, []string{"GPUs were last looked at 11s ago"}, old.Reasons)
	require.Equal(t, now, old.Since)
	require.False(t, old.Usable(false))

	node = Node{}.Now(now, 10*time.Second)
	require.Equal(t, Unknown, node.Verdict)
	require.Equal(t, []string{"starting: no GPU has been looked at yet"}, node.Reasons)
	require.Equal(t, now, node.Since)
}

func TestAVerdictHoldsSinceItWasFirstSeen(t *testing.T) {
	var history History
	at := func(seconds int, gpus ...sampling.GPU) (node, gpu int) {
		n := Judge(gpus, nil, "DCGM does not answer")
		n.At = now.Add(time.Duration(seconds) * time.Second)
		history.Stamp("health_slo", &n)
		for i := range n.GPUs {
			gpu = int(n.GPUs[i].Since.Sub(now).Seconds())
		}
		return int(n.Since.Sub(now).Seconds()), gpu
	}
	f := func(wantNode, wantGPU, seconds int, gpus ...sampling.GPU) {
		t.Helper()
		node, gpu := at(seconds, gpus...)
		require.Equal(t, []int{wantNode, wantGPU}, []int{node, gpu})
	}
	f(0, 0, 0)
	f(0, 0, 1)
	f(2, 2, 2, up("ok"))
	f(2, 2, 3, up("ok"))
	f(4, 4, 4, down("lost", "failed"))
	f(4, 4, 5, up("failed", "row_remap_failed")) // Another reason for the same verdict.
	f(6, 0, 6)
	f(6, 0, 7)
	f(4, 4, 8, down("lost", "failed")) // Not seeing it did not end it.
	f(9, 0, 9)
	f(10, 10, 10, up("ok"))

	another := up("ok")
	another.ID = "GPU-1"
	n := Judge([]sampling.GPU{up("ok"), another}, nil, "")
	n.At = now.Add(11 * time.Second)
	history.Stamp("health_slo/other", &n)
	require.Equal(t, n.At, n.Since, "each extension has its own view of the node")
	require.Equal(t, now.Add(10*time.Second), n.GPUs[0].Since)
	require.Equal(t, n.At, n.GPUs[1].Since)
}

func TestHistoryIsBounded(t *testing.T) {
	var history History
	for i := range 2 * maxEntries {
		g := up("ok")
		g.ID = strconv.Itoa(i)
		n := Judge([]sampling.GPU{g}, nil, "")
		history.Stamp("health_slo", &n)
		require.LessOrEqual(t, len(history.entries), maxEntries)
	}
}

func TestText(t *testing.T) {
	hot := up("ok", "hw_thermal", "hw_power_brake")
	hot.ID, hot.Name = "GPU-1", "nvidia10"
	nameless := up("ok")
	nameless.Name = ""
	n := Judge([]sampling.GPU{nameless, hot}, nil, "")
	n.At = now
	new(History).Stamp("health_slo", &n)
	require.Equal(t, `degraded: GPU nvidia10 is degraded: hardware thermal slowdown (CHECK_COOLING), hardware power brake slowdown (CHECK_POWER)
GPU-0     fit       since 2026-03-14T15:09:26Z  GPU-0
nvidia10  degraded  since 2026-03-14T15:09:26Z  GPU-1  hardware thermal slowdown (CHECK_COOLING)  hardware power brake slowdown (CHECK_POWER)
`, string(n.Text()))
}

func TestForeignTextEndsNoLine(t *testing.T) {
	const attack = "a\nfit: 8 GPUs\x1b[31m\u2028"
	g := sampling.GPU{
		Component: "dcgm", ID: attack, Name: attack, Model: attack, Status: attack, Health: attack,
		Conditions: []sampling.Condition{{Name: attack, Action: attack}},
	}
	n := Judge([]sampling.GPU{g}, nil, "")
	require.Equal(t, 2, strings.Count(string(n.Text()), "\n"))
	require.NotContains(t, string(n.Text()), "\x1b")
	body, err := json.Marshal(n)
	require.NoError(t, err)
	require.NotContains(t, string(body), `\n`)
}

func TestListsAreNeverNull(t *testing.T) {
	for _, n := range []Node{Judge(nil, nil, ""), Judge([]sampling.GPU{up("ok")}, nil, ""), Node{}.Now(now, 0), Judge(nil, new(0), "")} {
		body, err := json.Marshal(n)
		require.NoError(t, err)
		require.NotContains(t, string(body), "null")
	}
}

// The README has the truth table.
func TestReadmeHasEveryRowOfTheTables(t *testing.T) {
	content, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	rows := 0
	for _, table := range [][]Reason{gpuStates, conditions} {
		for _, r := range table {
			action := ""
			if r.Action != "" {
				action = "`" + r.Action + "`"
			}
			row := strings.Join(strings.Fields(fmt.Sprintf("| `%s` | %s | %s |", r.Name, r.Verdict, action)), " ")
			require.True(t, strings.Contains(string(content), "\n"+row+"\n"), row) //nolint:testifylint // It would print the whole README.
			rows++
		}
	}
	require.Equal(t, rows, strings.Count(string(content), "| fit |")+strings.Count(string(content), "| degraded |")+strings.Count(string(content), "| unfit |"))
}
