// SPDX-License-Identifier: Apache-2.0

package podresources

import (
	"regexp"
	"time"

	api "k8s.io/kubelet/pkg/apis/podresources/v1"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// gpuResources are the resources and drivers of dynamic resource allocation that are GPUs without being configured.
var gpuResources = regexp.MustCompile(`^(?:nvidia\.com/gpu(?:\.shared)?|nvidia\.com/mig-[a-z0-9.+-]+(?:\.shared)?|gpu\.nvidia\.com)$`)

// Rules say what of the kubelet's answer counts.
type Rules struct {
	Resources []*regexp.Regexp // beside NVIDIA's own
	Sharing   holders.Kind     // what a share of a GPU is: the ids of time-slicing and MPS are the same
}

func (r Rules) counts(resource string) bool {
	if gpuResources.MatchString(resource) {
		return true
	}
	for _, pattern := range r.Resources {
		if pattern.MatchString(resource) {
			return true
		}
	}
	return false
}

// Pod is what the pod-resources API does not have of a pod.
type Pod struct {
	UID    string
	Labels string // as [holders.EncodeLabels] writes them

	Finished bool // it holds nothing any more, although a kubelet may still list it
}

// podKey names a pod on a node.
type podKey struct{ namespace, name string }

// device is a device of dynamic resource allocation: what a resource slice names.
type device struct{ driver, pool, name string }

// lists are the answers that make one list of holders.
type lists struct {
	resources   *api.ListPodResourcesResponse
	allocatable *api.AllocatableResourcesResponse // nil where the kubelet has none
	pods        map[podKey]Pod
	podsNow     bool              // pods are those of now, and not of an earlier round
	slices      map[device]string // UUIDs
}

// converter goes through the kubelet's answer.
type converter struct {
	Rules
	lists
	answer  *holders.Answer
	unknown int // ids that are in none of the known forms
}

// convert returns the holders of each GPU, and how many ids could not be read.
func convert(rules Rules, from lists, at time.Time) (*holders.Answer, int) {
	c := &converter{Rules: rules, lists: from, answer: &holders.Answer{
		At: at, Holdings: map[holders.Ref][]holders.Holding{}, Shares: map[holders.Ref]int{},
	}}
	for _, pod := range from.resources.GetPodResources() {
		if from.podsNow && from.pods[podKey{pod.GetNamespace(), pod.GetName()}].Finished {
			continue
		}
		for _, container := range pod.GetContainers() {
			c.container(pod, container)
		}
	}
	c.shares(from.allocatable)
	return c.answer, c.unknown
}

func (c *converter) container(pod *api.PodResources, container *api.ContainerResources) {
	more := c.pods[podKey{pod.GetNamespace(), pod.GetName()}]
	holder := holders.Holder{
		Namespace: pod.GetNamespace(), Pod: pod.GetName(), Container: container.GetName(), UID: more.UID, Labels: more.Labels,
	}
	seen := map[string]bool{} // A device of several NUMA nodes may be listed for each.
	for _, devices := range container.GetDevices() {
		if !c.counts(devices.GetResourceName()) {
			continue
		}
		for _, id := range devices.GetDeviceIds() {
			if !seen[id] {
				seen[id] = true
				c.device(holder, id)
			}
		}
	}
	for _, claim := range container.GetDynamicResources() {
		c.claim(holder, claim)
	}
}

func (c *converter) device(holder holders.Holder, id string) {
	d, known := holders.ParseDevice(id)
	if !known {
		c.unknown++
		c.answer.Incomplete = true
		return
	}
	holder.Replica = d.Replica
	c.add(d.Ref, holders.Holding{Holder: holder, Kind: c.kind(d.Kind), Shares: 1})
}

func (c *converter) kind(kind holders.Kind) holders.Kind {
	if kind == holders.Timeslice {
		return c.Sharing
	}
	return kind
}

// claim takes the UUID from a CDI device, else from a resource slice. A device that neither resolves keeps its own
// name, which no GPU has: it shows as unresolved.
func (c *converter) claim(holder holders.Holder, claim *api.DynamicResource) {
	for _, resource := range claim.GetClaimResources() {
		if !c.counts(resource.GetDriverName()) {
			continue
		}
		holder.Claim = holders.Claim{
			Namespace: claim.GetClaimNamespace(), Name: claim.GetClaimName(),
			Driver: resource.GetDriverName(), Pool: resource.GetPoolName(), Device: resource.GetDeviceName(),
		}
		for _, ref := range c.claimed(resource) {
			c.add(ref, holders.Holding{Holder: holder, Kind: holders.DRA, Shares: 1})
		}
	}
}

func (c *converter) claimed(resource *api.ClaimResource) []holders.Ref {
	var refs []holders.Ref
	for _, cdi := range resource.GetCdiDevices() {
		if d, known := holders.ParseCDI(cdi.GetName()); known {
			refs = append(refs, d.Ref)
		}
	}
	if len(refs) > 0 {
		return refs
	}
	name := device{resource.GetDriverName(), resource.GetPoolName(), resource.GetDeviceName()}
	if uuid := c.slices[name]; uuid != "" {
		return []holders.Ref{holders.UUIDRef(uuid)}
	}
	c.answer.Incomplete = true
	return []holders.Ref{holders.Ref("dra:" + name.driver + "/" + name.pool + "/" + name.name)}
}

func (c *converter) add(ref holders.Ref, holding holders.Holding) {
	c.answer.Holdings[ref] = append(c.answer.Holdings[ref], holding)
}

// shares counts the replicas of each GPU that the device plugin offers.
func (c *converter) shares(allocatable *api.AllocatableResourcesResponse) {
	seen := map[string]bool{}
	for _, devices := range allocatable.GetDevices() {
		if !c.counts(devices.GetResourceName()) {
			continue
		}
		for _, id := range devices.GetDeviceIds() {
			if d, known := holders.ParseDevice(id); known && d.Replica != "" && d.Kind != holders.VGPU && !seen[id] {
				seen[id] = true
				c.answer.Shares[d.Ref]++
			}
		}
	}
}
