// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// nearlyFull is the queue ratio from which the next burst may be refused.
const nearlyFull = 0.8

// effects ranks the kinds of components. A component that refuses data holds up those before it
// in the pipeline, so what is nearer to the backend comes first.
var effects = map[string]int{"extension": 0, "exporter": 1, "connector": 2, "processor": 3, "receiver": 4}

// Attention returns a sentence for each thing that a human should look at, causes before what
// they bring about: exporters and what they send, GPUs, receivers, objectives.
func Attention(p *Page) []string {
	sentences := []string{}
	say := func(format string, args ...any) { sentences = append(sentences, fmt.Sprintf(format, args...)) }
	failed := slices.DeleteFunc(slices.Clone(p.Components), func(c Component) bool { return !c.Failed })
	slices.SortStableFunc(failed, func(a, b Component) int { return cmp.Compare(effects[a.Kind], effects[b.Kind]) })
	components := func(from, to int) {
		for _, c := range failed {
			if rank := effects[c.Kind]; rank >= from && rank <= to {
				say("The %s %s has had a %s for %s.", c.Kind, c.ID, c.Status, age(p.At.Sub(c.Since)))
			}
		}
	}
	components(effects["extension"], effects["exporter"])
	for i := range p.Exporters {
		p.Exporters[i].attention(age(seconds(p.Telemetry.WindowSeconds)), say)
	}
	components(effects["connector"], effects["processor"])
	for _, reason := range gpuAttention(&p.Node) {
		say("%s.", reason)
	}
	components(effects["receiver"], effects["receiver"])
	for _, o := range p.Objectives {
		if o.Known && o.BudgetRemaining <= 0 {
			say("The error budget of objective %s is spent.", o.Name)
		}
	}
	return sentences
}

// attention says what a human should look at of an exporter.
func (e *Exporter) attention(window string, say func(format string, args ...any)) {
	if e.Stalled {
		say("Exporter %s (%s) is stalled: a request is in flight and nothing finished for %s.", e.ID, e.Signal, window)
	}
	if e.FailureRate > 0 {
		say("Exporter %s (%s) failed to send %s of what it finished in the last %s.", e.ID, e.Signal, percent(e.FailureRate), window)
	}
	if e.QueueRatio != nil && *e.QueueRatio >= nearlyFull {
		say("The queue of exporter %s (%s) is %s full.", e.ID, e.Signal, percent(*e.QueueRatio))
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second))
}
