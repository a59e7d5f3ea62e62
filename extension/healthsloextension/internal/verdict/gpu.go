// SPDX-License-Identifier: Apache-2.0

// Package verdict decides whether the GPUs of a node are fit for work. It folds what receivers report of each GPU into fit, degraded or
// unfit, with reasons and NVIDIA's action. It does no I/O and reads no clock.
package verdict

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/readings"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
)

// GPU is one GPU and the verdict on it.
type GPU struct {
	Component string `json:"component"` // the id of the receiver
	ID        string `json:"id"`        // hw.id
	Name      string `json:"name"`      // hw.name
	Model     string `json:"model"`     // hw.model

	Verdict State     `json:"verdict"`
	Reasons []Reason  `json:"reasons"`          // the worst first, none where it is fit
	Action  string    `json:"action,omitempty"` // that of the worst reason that has one
	Since   time.Time `json:"since"`            // when this process first saw the verdict

	State     string `json:"gpu_state"` // gpu.state: ok, lost, absent and others
	Health    string `json:"hw_state"`  // hw.state: ok, degraded, predicted_failure or failed
	Simulated bool   `json:"simulated"`

	// Readings are what the receiver shows beside how the GPU is; nil where it shows nothing.
	Readings *readings.Readings `json:"readings,omitempty"`
}

// Of judges one GPU. What it does not know by name makes a GPU as bad as hw.status says, and degraded at least.
func Of(g *sampling.GPU) GPU {
	reasons, unknown := explain(g)
	if grade := gradeOf(g); grade.worseThan(worst(reasons)) {
		if len(unknown) == 0 {
			unknown = append(unknown, objection(g))
		}
		for i := range unknown {
			unknown[i].Verdict = grade
		}
	}
	reasons = append(reasons, unknown...)
	slices.SortStableFunc(reasons, func(a, b Reason) int { return cmp.Compare(ranks[b.Verdict], ranks[a.Verdict]) })
	return GPU{
		Component: g.Component, ID: printable(g.ID), Name: printable(g.Name), Model: printable(g.Model),
		Verdict: worst(reasons), Reasons: reasons, Action: action(reasons),
		State: printable(g.Status), Health: printable(g.Health), Simulated: g.Simulated,
	}
}

// explain returns what is wrong with a GPU: what the tables know in their order, and what they do not know.
func explain(g *sampling.GPU) (known, unknown []Reason) {
	known = []Reason{}
	add := func(table []Reason, name, action string) {
		at := slices.IndexFunc(table, func(r Reason) bool { return r.Name == name })
		if at < 0 {
			unknown = append(unknown, Reason{Name: printable(name), Text: words(name), Verdict: Degraded, Action: printable(action)})
			return
		}
		if reason := table[at]; reason.Verdict != Fit {
			reason.Action = cmp.Or(printable(action), reason.Action)
			known = append(known, reason)
		}
	}
	if g.Status != "" {
		add(gpuStates, g.Status, "")
	}
	for _, c := range g.Conditions {
		add(conditions, c.Name, c.Action)
	}
	weight := func(r Reason) int {
		return slices.IndexFunc(conditions, func(c Reason) bool { return c.Name == r.Name })
	}
	slices.SortStableFunc(known, func(a, b Reason) int { return cmp.Compare(weight(a), weight(b)) })
	return known, unknown
}

// gradeOf is what gpu.up and hw.status alone make of a GPU.
func gradeOf(g *sampling.GPU) State {
	grade, known := healths[g.Health]
	switch {
	case !g.Up && g.Health == "":
		return Unfit
	case !known || !g.Up && grade == Fit:
		return Degraded
	default:
		return grade
	}
}

// objection is the reason where gpu.up or hw.status has one and nothing else says why.
func objection(g *sampling.GPU) Reason {
	if g.Health == "" || g.Health == "ok" {
		return Reason{Name: "gpu_down", Text: "cannot be read"}
	}
	return Reason{Name: "hw_status_" + printable(g.Health), Text: "hw.status " + words(g.Health)}
}

func worst(reasons []Reason) State {
	state := Fit
	for _, r := range reasons {
		if r.Verdict.worseThan(state) {
			state = r.Verdict
		}
	}
	return state
}

func action(reasons []Reason) string {
	for _, r := range reasons {
		if r.Action != "" {
			return r.Action
		}
	}
	return ""
}

// Label is what people call the GPU.
func (g *GPU) Label() string { return cmp.Or(g.Name, g.ID) }

// String says the reason and the action, as in "row remap failed (RESET_GPU)".
func (r Reason) String() string {
	if r.Action == "" {
		return r.Text
	}
	return r.Text + " (" + r.Action + ")"
}

// sentence says what is wrong with a GPU, without a full stop.
func (g *GPU) sentence() string {
	subject := "GPU "
	if g.Simulated {
		subject = "Simulated GPU "
	}
	texts := make([]string, len(g.Reasons))
	for i, r := range g.Reasons {
		texts[i] = r.String()
	}
	return subject + g.Label() + " is " + string(g.Verdict) + ": " + strings.Join(texts, ", ")
}

// words makes text of a name.
func words(name string) string { return strings.ReplaceAll(printable(name), "_", " ") }

// printable leaves out of foreign text what could end a line or change a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}
