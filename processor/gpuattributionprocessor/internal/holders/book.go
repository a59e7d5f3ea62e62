// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Facts are what data says of a GPU or MIG instance. What is not known is empty.
type Facts struct {
	ID     string // UUID
	Parent string // UUID of the GPU of an instance
	GI     string // number of the GPU instance
	Number string // DCGM's number of the GPU
	Name   string // device name of the GPU
	PCI    string // address of the GPU
}

// GPU is a GPU or MIG instance that data came from. All that it has is guarded by its book.
type GPU struct {
	facts     Facts
	refs      []Ref
	timeline  []period
	dropped   int             // periods before those of the timeline
	instances map[string]*GPU // by number of the GPU instance
	parent    *GPU
	came      time.Time // when data of it last did
}

// Came notes that data of the GPU has come.
func (g *GPU) Came(at time.Time) { g.came = at }

// period is the time since which a state holds, in Unix nanoseconds.
type period struct {
	since int64
	state *State
}

// keptPeriods bounds what is kept of a GPU's past, for data that comes late.
const keptPeriods = 64

// Book has the holders of all GPUs. The caller holds Lock while it calls anything else.
type Book struct {
	sync.Mutex
	answers []*Answer // by source; nil before the first
	absent  []bool    // sources that do not exist here: nobody waits for their answer
	gpus    map[string]*GPU
	looked  time.Time // when the GPUs were last searched for some to forget, for want of room
}

// NewBook returns a book of that many sources.
func NewBook(sources int) *Book {
	return &Book{answers: make([]*Answer, sources), absent: make([]bool, sources), gpus: map[string]*GPU{}}
}

// Update takes a source's new answer.
func (b *Book) Update(source int, answer *Answer) {
	answer.follow(b.answers[source])
	b.answers[source], b.absent[source] = answer, false
	b.refreshAll(answer.At)
}

// Forget withdraws what a source answered: it is too old, or, if the source is absent, nobody waits for it.
func (b *Book) Forget(source int, absent bool, at time.Time) {
	if b.answers[source] == nil && b.absent[source] == absent {
		return
	}
	b.answers[source], b.absent[source] = nil, absent
	b.refreshAll(at)
}

func (b *Book) refreshAll(at time.Time) {
	for _, gpu := range b.gpus {
		b.refresh(gpu, at)
	}
}

// Find returns the GPU that has this UUID, nil if no data came from it. With the number of a GPU instance it
// returns that.
func (b *Book) Find(id, instance string) *GPU {
	gpu := b.gpus[id]
	if gpu == nil || instance == "" {
		return gpu
	}
	return gpu.instances[instance]
}

// ByPCI returns the GPU at an address, nil if no data came from one.
func (b *Book) ByPCI(address string) *GPU {
	ref := PCIRef(address)
	if ref == "" {
		return nil
	}
	for _, gpu := range b.gpus {
		if gpu.parent == nil && slices.Contains(gpu.refs, ref) {
			return gpu
		}
	}
	return nil
}

// Prune forgets GPUs that have given no data since a time.
func (b *Book) Prune(until time.Time) {
	for _, gpu := range b.gpus {
		if gpu.came.Before(until) {
			b.Drop(gpu)
		}
	}
}

// Drop forgets a GPU that gives no data any more, unless it has instances that may.
func (b *Book) Drop(gpu *GPU) {
	if len(gpu.instances) > 0 {
		return
	}
	for id, known := range b.gpus {
		if known == gpu {
			delete(b.gpus, id)
		}
	}
	if gpu.parent != nil {
		for id, known := range gpu.parent.instances {
			if known == gpu {
				delete(gpu.parent.instances, id)
			}
		}
	}
}

// maxGPUs bounds the GPUs and instances of one node, whatever ids data has.
const maxGPUs = 1024

// Learn takes facts about a GPU: the first ones, or others than before. It returns the GPU, nil if it is one too many.
func (b *Book) Learn(facts Facts, at time.Time) *GPU {
	if b.Find(cmp.Or(facts.ID, facts.Parent), instanceOf(facts)) == nil && !b.room(at) {
		return nil
	}
	gpu := b.gpu(facts)
	gpu.Came(at)
	added := gpu.facts.complete(facts)
	if !added && gpu.timeline != nil {
		return gpu
	}
	gpu.refs = gpu.allRefs()
	b.refresh(gpu, at)
	for _, instance := range gpu.instances {
		instance.refs = instance.allRefs()
		b.refresh(instance, at)
	}
	if gpu.parent != nil {
		b.refresh(gpu.parent, at)
	}
	return gpu
}

// room reports whether another GPU can be known.
func (b *Book) room(at time.Time) bool {
	if len(b.gpus) >= maxGPUs && at.Sub(b.looked) >= time.Minute {
		b.looked = at
		b.Prune(at.Add(-time.Hour))
	}
	return len(b.gpus) < maxGPUs
}

// instanceOf is the number of an instance that has no id.
func instanceOf(facts Facts) string {
	if facts.ID == "" {
		return facts.GI
	}
	return ""
}

// gpu returns the GPU of the facts, or a new one beneath its parent.
func (b *Book) gpu(facts Facts) *GPU {
	if facts.ID == "" {
		return b.instance(facts)
	}
	gpu := b.gpus[facts.ID]
	if gpu == nil {
		gpu = &GPU{instances: map[string]*GPU{}}
		b.gpus[facts.ID] = gpu
	}
	if facts.Parent != "" && gpu.parent == nil {
		gpu.parent = b.gpu(Facts{ID: facts.Parent})
		gpu.parent.facts.ID = facts.Parent
		gpu.parent.refs = gpu.parent.allRefs()
		gpu.parent.instances[facts.ID] = gpu
	}
	return gpu
}

// instance returns the GPU instance of data that names it by its GPU and number alone, as dcgm-exporter does.
func (b *Book) instance(facts Facts) *GPU {
	parent := b.gpu(Facts{ID: facts.Parent})
	gpu := parent.instances[facts.GI]
	if gpu == nil {
		gpu = &GPU{parent: parent, instances: map[string]*GPU{}}
		parent.instances[facts.GI] = gpu
		b.gpus[facts.Parent+"/"+facts.GI] = gpu
	}
	return gpu
}

// complete takes over what other says, and reports whether that is new.
func (f *Facts) complete(other Facts) bool {
	added := false
	for _, field := range [][2]*string{
		{&f.ID, &other.ID},
		{&f.Parent, &other.Parent},
		{&f.GI, &other.GI},
		{&f.Number, &other.Number},
		{&f.Name, &other.Name},
		{&f.PCI, &other.PCI},
	} {
		if *field[1] != "" && *field[0] != *field[1] {
			*field[0], added = *field[1], true
		}
	}
	return added
}

func (g *GPU) allRefs() []Ref {
	var refs []Ref
	if g.facts.ID != "" {
		refs = append(refs, UUIDRef(g.facts.ID))
	}
	if g.parent != nil {
		if g.facts.GI == "" {
			return refs
		}
		for _, ref := range g.parent.refs {
			refs = append(refs, ref.Instance(g.facts.GI))
		}
		return refs
	}
	if g.facts.Number != "" {
		refs = append(refs, NumberRef(g.facts.Number))
	}
	if g.facts.Name != "" {
		refs = append(refs, NameRef(g.facts.Name))
	}
	if pci := PCIRef(g.facts.PCI); pci != "" {
		refs = append(refs, pci, busRef(pci))
	}
	return refs
}
