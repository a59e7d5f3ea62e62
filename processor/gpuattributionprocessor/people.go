// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/ledger"
)

// person is a holder with its attributes made. nil is nobody.
type person struct {
	attrs  []attr
	labels []attr // of the pod: they never take the place of another attribute
}

type attr struct{ key, value string }

// put adds the attributes of a holder.
func (p *person) put(to pcommon.Map) {
	if p == nil {
		return
	}
	to.EnsureCapacity(to.Len() + len(p.attrs) + len(p.labels))
	for _, a := range p.attrs {
		to.PutStr(a.key, a.value)
	}
	for _, a := range p.labels {
		if _, taken := to.Get(a.key); !taken {
			to.PutStr(a.key, a.value)
		}
	}
}

// maxPeople bounds who is remembered; holders that are forgotten begin new series.
const maxPeople = 4096

// people makes each holder's attributes once. The book's lock guards it.
type people struct {
	style map[string]func(holders.Holder) string
	order []string
	label func(key string) string
	known map[holders.Holder]*person
}

// styles are the names of attributes, in the order in which they are added.
var styles = map[string][]struct {
	key   string
	value func(holders.Holder) string
}{
	styleSemconv: {
		{"k8s.namespace.name", func(h holders.Holder) string { return h.Namespace }},
		{"k8s.pod.name", func(h holders.Holder) string { return h.Pod }},
		{"k8s.pod.uid", func(h holders.Holder) string { return h.UID }},
		{"k8s.container.name", func(h holders.Holder) string { return h.Container }},
		{"k8s.resourceclaim.name", func(h holders.Holder) string { return h.Claim.Name }},
		{"slurm.job.id", func(h holders.Holder) string { return h.Job.ID }},
		{"slurm.job.user", func(h holders.Holder) string { return h.Job.User }},
		{"slurm.job.account", func(h holders.Holder) string { return h.Job.Account }},
		{"slurm.job.partition", func(h holders.Holder) string { return h.Job.Partition }},
	},
	styleDCGMExporter: {
		{"namespace", func(h holders.Holder) string { return h.Namespace }},
		{"pod", func(h holders.Holder) string { return h.Pod }},
		{"pod_uid", func(h holders.Holder) string { return h.UID }},
		{"container", func(h holders.Holder) string { return h.Container }},
		{"vgpu", func(h holders.Holder) string { return h.Replica }},
		{"hpc_job", func(h holders.Holder) string { return h.Job.ID }},
		{"dra_claim_name", func(h holders.Holder) string { return h.Claim.Name }},
		{"dra_claim_namespace", func(h holders.Holder) string { return h.Claim.Namespace }},
		{"dra_driver_name", func(h holders.Holder) string { return h.Claim.Driver }},
		{"dra_pool_name", func(h holders.Holder) string { return h.Claim.Pool }},
		{"dra_device_name", func(h holders.Holder) string { return h.Claim.Device }},
	},
}

func newPeople(style string) *people {
	p := &people{style: map[string]func(holders.Holder) string{}, known: map[holders.Holder]*person{}, label: podLabel}
	for _, row := range styles[style] {
		p.style[row.key] = row.value
		p.order = append(p.order, row.key)
	}
	if style == styleDCGMExporter {
		p.label = prometheusLabel
	}
	return p
}

func podLabel(key string) string { return "k8s.pod.label." + key }

// prometheusLabel is a name that Prometheus takes.
func prometheusLabel(key string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || (r >= '0' && r <= '9') || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') {
			return r
		}
		return '_'
	}, key)
}

func (p *people) of(h holders.Holder) *person {
	if known := p.known[h]; known != nil {
		return known
	}
	if len(p.known) >= maxPeople {
		clear(p.known)
	}
	made := &person{}
	for _, key := range p.order {
		if value := p.style[key](h); value != "" {
			made.attrs = append(made.attrs, attr{key, value})
		}
	}
	for _, pair := range holders.DecodeLabels(h.Labels) {
		made.labels = append(made.labels, attr{p.label(pair[0]), pair[1]})
	}
	p.known[h] = made
	return made
}

// owners are those whom a state makes owners of what a GPU counts.
type owners = []ledger.Owner[*person]

// view is what a state means here, made once.
type view struct {
	result result
	single *person // the only holder; nil with none or several
	people []*person
	sums   owners // of cumulative sums
	shares owners // of time
}

var nobody = owners{{Weight: 1}}

// view returns what a state means.
func (a *attributor) view(s *holders.State) *view {
	if v, made := s.Cache.(*view); made {
		return v
	}
	v := &view{result: resultOf(s), sums: nobody, shares: nobody}
	var all owners
	for _, h := range s.Holdings {
		p := a.people.of(h.Holder)
		v.people = append(v.people, p)
		all = append(all, ledger.Owner[*person]{Key: p, Weight: h.Shares})
	}
	pod, common := holders.Common(s.Holdings)
	switch {
	case len(all) == 1:
		v.single, v.sums, v.shares = all[0].Key, all, all
	case common:
		v.result, v.single, v.shares = attributed, a.people.of(pod), all
		v.sums = owners{{Key: v.single, Weight: 1}}
	case len(all) > 1:
		v.shares = all
		if a.cfg.Split == splitByShare {
			v.sums = all
		}
	}
	s.Cache = v
	return v
}
