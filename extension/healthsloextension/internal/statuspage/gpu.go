// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
)

// grades are the classes of the style sheet for verdicts.
var grades = map[verdict.State]string{verdict.Fit: "ok", verdict.Degraded: "warn", verdict.Unknown: "warn", verdict.Unfit: "bad"}

func grade(state verdict.State) string { return grades[state] }

// simulated reports whether there are GPUs that a simulation made up.
func simulated(gpus []verdict.GPU) bool {
	return slices.ContainsFunc(gpus, func(g verdict.GPU) bool { return g.Simulated })
}

// gpuAttention returns what is wrong with a node's GPUs. A Collector that has no GPUs to look at and expects none is no
// GPU node.
func gpuAttention(n *verdict.Node) []string {
	if len(n.GPUs) == 0 && n.Expected == nil {
		return nil
	}
	return n.Reasons
}

// words makes text of a name.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }
