// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"cmp"
	"slices"
	"strings"
)

// conditions are those that receivers report, the worst first, and how they are called here.
var conditions = []struct{ name, text string }{
	{"recovery_node_reboot", "recovery action node reboot"},
	{"recovery_gpu_reset", "recovery action GPU reset"},
	{"row_remap_failed", "row remap failed"},
	{"row_remap_pending", "row remap pending until the next reset"},
	{"recovery_drain_and_reset", "recovery action drain and reset"},
	{"recovery_drain_p2p", "recovery action drain P2P"},
	{"memory_unrepairable", "unrepairable memory"},
	{"ecc_sram_threshold_exceeded", "SRAM ECC errors above the threshold"},
	{"ecc_uncorrected", "uncorrected ECC errors since the last reset"},
	{"hw_thermal", "hardware thermal slowdown"},
	{"hw_power_brake", "hardware power brake slowdown"},
	{"hw_slowdown", "hardware slowdown"},
}

// Label is what people call the GPU.
func (g *GPU) Label() string {
	return cmp.Or(g.Name, g.ID)
}

// Reasons are the conditions in words, the worst first. Those that are not known here come last.
func (g *GPU) Reasons() []string {
	reasons := make([]string, 0, len(g.Conditions))
	known := make(map[string]bool, len(conditions))
	for _, condition := range conditions {
		known[condition.name] = true
		if slices.Contains(g.Conditions, condition.name) {
			reasons = append(reasons, condition.text)
		}
	}
	for _, name := range g.Conditions {
		if !known[name] {
			reasons = append(reasons, words(name))
		}
	}
	return reasons
}

// well tells whether hw.status has no objection. A receiver that has no hw.status has none.
func (g *GPU) well() bool { return g.Health == "" || g.Health == "ok" }

// State is the GPU's in a word or two.
func (g *GPU) State() string {
	switch {
	case g.Up && !g.well():
		return words(g.Health)
	case g.Up && len(g.Conditions) > 0:
		return "needs attention"
	default:
		return words(g.Status)
	}
}

// Grade of a GPU is a class of the style sheet.
func (g *GPU) Grade() string {
	switch {
	case !g.Up || g.Health == "failed":
		return "bad"
	case !g.well() || len(g.Conditions) > 0:
		return "warn"
	default:
		return "ok"
	}
}

// attention is a sentence about a GPU that a human should look at, and empty for any other.
func (g *GPU) attention() string {
	if g.Grade() == "ok" {
		return ""
	}
	sentence := "GPU " + g.Label()
	if g.Simulated {
		sentence = "Simulated GPU " + g.Label()
	}
	predicate := map[string]string{"failed": " has failed", "predicted_failure": " is about to fail"}[g.Health]
	switch {
	case !g.Up:
		return sentence + " is " + g.State() + "."
	case g.well():
		predicate = " " + g.State()
	case predicate == "":
		predicate = " is " + g.State()
	}
	if reasons := g.Reasons(); len(reasons) > 0 {
		return sentence + predicate + ": " + strings.Join(reasons, ", ") + "."
	}
	return sentence + predicate + "."
}

// words makes text of a name.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }
