// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says how a holder has a GPU.
type Kind string

// The kinds of a holding.
const (
	Exclusive Kind = "exclusive"
	Timeslice Kind = "timeslice"
	MPS       Kind = "mps"
	MIG       Kind = "mig"
	DRA       Kind = "dra"
	VGPU      Kind = "vgpu"
)

// Holder is who has a GPU: a container of a pod, a job, or a job within a container. Two holders are one if they
// are equal. What is not known is empty.
type Holder struct {
	Namespace, Pod, UID, Container string
	Claim                          Claim
	Job                            Job
	Labels                         string // of the pod, as [EncodeLabels] writes them
	Replica                        string // number of the share, of a holder that has one
}

// Claim is a resource claim of dynamic resource allocation, and the device that it got.
type Claim struct {
	Namespace, Name, Driver, Pool, Device string
}

// Job is a job of a batch system, as its prolog wrote it down.
type Job struct {
	ID, User, Account, Partition string
}

// Compare orders holders, so that what is made of them has an order that stays.
func Compare(a, b Holder) int {
	return cmp.Or(
		cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Pod, b.Pod), cmp.Compare(a.Container, b.Container),
		cmp.Compare(a.Job.ID, b.Job.ID), cmp.Compare(a.Claim.Name, b.Claim.Name), cmp.Compare(a.Claim.Device, b.Claim.Device),
		cmp.Compare(a.UID, b.UID),
	)
}

// Holding is a holder's part of a GPU.
type Holding struct {
	Holder
	Kind   Kind
	Shares int // at least 1
}

// EncodeLabels writes labels as one text that is the same for the same labels.
func EncodeLabels(labels map[string]string) string {
	var pairs []string
	for key, value := range labels {
		pairs = append(pairs, key+"="+value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "\n")
}

// DecodeLabels returns the pairs of an encoded text, in order.
func DecodeLabels(text string) [][2]string {
	if text == "" {
		return nil
	}
	var out [][2]string
	for pair := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(pair, "=")
		out = append(out, [2]string{key, value})
	}
	return out
}

// unite makes one holding of each holder: shares add up. Containers of a pod that have a device through the same claim
// have it together: their holder is the pod.
func unite(holdings []Holding) []Holding {
	at := map[Holder]int{}
	holdings = oneOfEachClaim(holdings)
	var out []Holding
	for _, h := range holdings {
		replica := h.Replica
		h.Replica = ""
		if i, seen := at[h.Holder]; seen {
			out[i].Shares += h.Shares
			out[i].Replica = ""
			continue
		}
		at[h.Holder] = len(out)
		h.Replica = replica
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b Holding) int { return Compare(a.Holder, b.Holder) })
	return out
}

// oneOfEachClaim leaves one holding of each pod and claim, without the container if there are several.
func oneOfEachClaim(holdings []Holding) []Holding {
	at := map[Holder]int{}
	var out []Holding
	for _, h := range holdings {
		key := h.Holder
		key.Container = ""
		i, seen := at[key]
		switch {
		case h.Claim.Name == "":
			out = append(out, h)
		case seen && out[i].Container != h.Container:
			out[i].Container = ""
		case !seen:
			at[key] = len(out)
			out = append(out, h)
		}
	}
	return out
}

// Common returns the pod whose containers are all holders, without a container.
func Common(holdings []Holding) (Holder, bool) {
	if len(holdings) == 0 || holdings[0].Pod == "" {
		return Holder{}, false
	}
	pod := podOf(holdings[0].Holder)
	for _, h := range holdings[1:] {
		if podOf(h.Holder) != pod {
			return Holder{}, false
		}
	}
	return pod, true
}

func podOf(h Holder) Holder {
	h.Container, h.Claim, h.Replica = "", Claim{}, ""
	return h
}

// combine brings what two sources say of one GPU together. Where one has a single holder, it is that of all
// holders of the other as well: a job that runs within a pod has what both say. Else nobody knows which belongs to which.
func combine(a, b []Holding) []Holding {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	case len(a) == 1:
		return merged(b, a[0].Holder)
	case len(b) == 1:
		return merged(a, b[0].Holder)
	default:
		return append(slices.Clone(a), b...)
	}
}

func merged(holdings []Holding, with Holder) []Holding {
	out := slices.Clone(holdings)
	for i := range out {
		out[i].Holder = merge(out[i].Holder, with)
	}
	return out
}

func merge(a, b Holder) Holder {
	if a.Pod == "" {
		a.Namespace, a.Pod, a.UID, a.Container, a.Labels, a.Claim = b.Namespace, b.Pod, b.UID, b.Container, b.Labels, b.Claim
	}
	if a.Job == (Job{}) {
		a.Job = b.Job
	}
	a.Replica = cmp.Or(a.Replica, b.Replica)
	return a
}
