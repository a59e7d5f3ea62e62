// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"fmt"
	"time"
)

// nearlyFull is the queue ratio from which the next burst may be refused.
const nearlyFull = 0.8

// Attention returns a sentence for each thing that a human should look at. The order is that
// of the page.
func Attention(p *Page) []string {
	sentences := []string{}
	say := func(format string, args ...any) { sentences = append(sentences, fmt.Sprintf(format, args...)) }
	for _, c := range p.Components {
		if c.Failed {
			say("The %s %s has had a %s for %s.", c.Kind, c.ID, c.Status, age(p.At.Sub(c.Since)))
		}
	}
	window := age(seconds(p.Telemetry.WindowSeconds))
	for _, e := range p.Exporters {
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
	for _, o := range p.Objectives {
		if o.Known && o.BudgetRemaining <= 0 {
			say("The error budget of objective %s is spent.", o.Name)
		}
	}
	for i := range p.GPUs {
		if g := &p.GPUs[i]; !g.Up {
			say("GPU %s is %s.", g.Label(), g.Status)
		}
	}
	return sentences
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second))
}
