// SPDX-License-Identifier: Apache-2.0

package verdict

// State is a verdict on a GPU or a node.
type State string

// The states of GPUs and nodes.
const (
	Fit      State = "fit"      // Nothing is wrong.
	Degraded State = "degraded" // It works, and somebody should look at it.
	Unknown  State = "unknown"  // Of a node alone: no receiver reports a GPU.
	Unfit    State = "unfit"    // Put no new work on it.
)

var ranks = map[State]int{Fit: 0, Degraded: 1, Unknown: 2, Unfit: 3}

func (s State) worseThan(other State) bool { return ranks[s] > ranks[other] }

// Reason is one thing that is wrong with a GPU.
type Reason struct {
	Name    string `json:"name"` // a gpu.state or gpu.condition
	Text    string `json:"text"`
	Verdict State  `json:"verdict"`

	// Action is what to do, by the names of NVIDIA's XID catalogue; empty where NVIDIA recommends nothing. CHECK_COOLING and CHECK_POWER
	// stand for what DCGM's health check says in a sentence.
	Action string `json:"action,omitempty"`
}

// gpuStates are the values of gpu.state. A GPU that the host engine cannot read is unfit where hw.status calls it failed.
var gpuStates = []Reason{
	{"ok", "", Fit, ""},
	{"fake", "", Fit, ""},
	{"lost", "lost", Unfit, "RESTART_BM"},
	{"absent", "absent", Unfit, "RESTART_BM"},
	{"inaccessible", "inaccessible", Unfit, "INVESTIGATE_SW"},
	{"unreadable", "unreadable", Degraded, "INVESTIGATE_SW"},
	{"frozen", "values frozen after an XID", Degraded, "RESET_GPU"},
	{"unknown", "status unknown", Degraded, "INVESTIGATE_SW"},
	{"unsupported", "unsupported by DCGM", Degraded, ""},
	{"disabled", "disabled", Degraded, ""},
	{"detached", "detached", Degraded, ""},
}

// conditions are the values of gpu.condition, the worst first. A GPU is unfit where DCGM's health check fails, or the driver or NVIDIA's
// policy for repairs asks for a reset, a reboot or a repair. It is degraded where DCGM's health check warns, or the GPU works on.
var conditions = []Reason{
	{"recovery_node_reboot", "recovery action node reboot", Unfit, "RESTART_BM"},
	{"recovery_gpu_reset", "recovery action GPU reset", Unfit, "RESET_GPU"},
	{"row_remap_failed", "row remap failed", Unfit, "RESET_GPU"},
	{"health_fail", "DCGM health check failure", Unfit, ""},
	{"xid", "XID that is an error", Unfit, ""},
	{"recovery_drain_and_reset", "recovery action drain and reset", Unfit, "DRAIN_AND_RESET"},
	{"memory_unrepairable", "unrepairable memory", Unfit, "RUN_FIELDDIAG"},
	{"ecc_sram_threshold_exceeded", "SRAM ECC errors above the threshold", Unfit, "RUN_FIELDDIAG"},
	{"ecc_uncorrected", "uncorrected ECC errors since the last reset", Unfit, "DRAIN_AND_RESET"},
	{"row_remap_pending", "row remap pending until the next reset", Degraded, "RESET_GPU"},
	{"recovery_drain_p2p", "recovery action drain P2P", Degraded, "DRAIN_P2P"},
	{"health_warn", "DCGM health check warning", Degraded, ""},
	{"hw_thermal", "hardware thermal slowdown", Degraded, "CHECK_COOLING"},
	{"hw_power_brake", "hardware power brake slowdown", Degraded, "CHECK_POWER"},
	{"hw_slowdown", "hardware slowdown", Degraded, "CHECK_POWER"},
}

// healths are the values of hw.status. A receiver that has no hw.status has no objection.
var healths = map[string]State{"": Fit, "ok": Fit, "degraded": Degraded, "predicted_failure": Degraded, "failed": Unfit}
