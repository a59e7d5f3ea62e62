// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

// Node is a node with its GPUs and the verdict on it: that on its worst GPU, unless GPUs are missing.
type Node struct {
	Verdict State     `json:"verdict"`
	Reasons []string  `json:"reasons"`          // the worst first, none where it is fit
	Action  string    `json:"action,omitempty"` // that of the worst GPU that has one
	Since   time.Time `json:"since"`            // when this process first saw the verdict
	At      time.Time `json:"at"`               // of the sampling pass; zero before the first one

	Present  int   `json:"gpus_present"`            // GPUs that the host engine lists
	Expected *int  `json:"gpus_expected,omitempty"` // as configured
	GPUs     []GPU `json:"gpus"`
}

// absent is the gpu.state of a GPU that the host engine does not list.
const absent = "absent"

// Judge judges a node. absence says why there are no GPUs, where that is so: how the node is, is not known then, unless none is expected.
func Judge(gpus []sampling.GPU, expected *int, absence string) Node {
	node := Node{Verdict: Fit, Reasons: []string{}, Expected: expected, GPUs: make([]GPU, 0, len(gpus))}
	ids := map[string]bool{}
	for i := range gpus {
		node.GPUs = append(node.GPUs, Of(&gpus[i]))
		if gpus[i].Status != absent {
			ids[gpus[i].ID] = true
		}
	}
	node.Present = len(ids)
	switch {
	case len(gpus) > 0:
		node.count()
		node.weigh()
	case expected == nil || *expected > 0:
		node.Verdict, node.Reasons = Unknown, []string{absence}
	}
	return node
}

// count compares the number of GPUs with that expected.
func (n *Node) count() {
	if n.Expected != nil && *n.Expected != n.Present {
		n.Verdict = Unfit
		n.Reasons = append(n.Reasons, fmt.Sprintf("%d of %d expected GPUs are present", n.Present, *n.Expected))
	}
}

// weigh adds what is wrong with the GPUs.
func (n *Node) weigh() {
	affected := slices.DeleteFunc(slices.Clone(n.GPUs), func(g GPU) bool { return g.Verdict == Fit })
	slices.SortStableFunc(affected, func(a, b GPU) int { return cmp.Compare(ranks[b.Verdict], ranks[a.Verdict]) })
	for i := range affected {
		g := &affected[i]
		if sentence := g.sentence(); !slices.Contains(n.Reasons, sentence) { // Two receivers may report one GPU.
			n.Reasons = append(n.Reasons, sentence)
		}
		n.Action = cmp.Or(n.Action, g.Action)
		if g.Verdict.worseThan(n.Verdict) {
			n.Verdict = g.Verdict
		}
	}
}

// Now is the verdict as far as it can be trusted at a time: one that is older than the limit is not.
func (n Node) Now(now time.Time, limit time.Duration) Node {
	age := now.Sub(n.At)
	switch {
	case n.At.IsZero():
		n.Verdict, n.Reasons, n.GPUs, n.Since = Unknown, []string{"starting: no GPU has been looked at yet"}, []GPU{}, now
	case age > limit:
		n.Verdict, n.Reasons, n.Since = Unknown, []string{fmt.Sprintf("GPUs were last looked at %v ago", age.Truncate(time.Second))}, n.At
	}
	return n
}

// Usable reports whether work may be put on the node; strict, only on a fit one.
func (n *Node) Usable(strict bool) bool {
	return n.Verdict == Fit || n.Verdict == Degraded && !strict
}
