// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

const fieldProfile, fieldUUID = FieldID(50), FieldID(54)

// boards are two GPUs of models that have MIG.
const boards = `
include models/h100.model
gpu 0 model=h100 uuid=GPU-a1b20000-1111-2222-3333-445566770000 pci=00000000:17:00.0
gpu 1 model=h100 uuid=GPU-a1b20001-1111-2222-3333-445566770001 pci=00000000:2A:00.0 index=4
`

// node is what a client knows of instances: the hierarchy, and text fields of each.
type node struct {
	t   *testing.T
	sim *simtest.Sim
	src *source
}

func startNode(t *testing.T, scenario string) *node {
	t.Helper()
	sim := simtest.StartManual(t, scenario)
	return &node{t: t, sim: sim, src: connectTo(t)}
}

func (n *node) hierarchy() []Instance {
	n.t.Helper()
	all, err := n.src.Hierarchy(n.t.Context())
	require.NoError(n.t, err)
	return all
}

func (n *node) list(kind EntityKind) []Entity {
	n.t.Helper()
	all, err := n.src.Entities(n.t.Context(), kind)
	require.NoError(n.t, err)
	require.Equal(n.t, all.All, all.Supported)
	return all.All
}

// texts watches a field of entities and reads it.
func (n *node) texts(field FieldID, entities ...Entity) []string {
	n.t.Helper()
	group, refused, err := n.src.Group(n.t.Context(), entities)
	require.NoError(n.t, err)
	require.Empty(n.t, refused)
	_, err = n.src.Watch(n.t.Context(), group, Watch{Fields: []FieldID{field}, Period: time.Second, KeepSamples: 1})
	require.NoError(n.t, err)
	n.sim.Advance(time.Second)
	samples, unread, err := n.src.Read(n.t.Context(), entities, []FieldID{field}, nil)
	require.NoError(n.t, err)
	require.Empty(n.t, unread)
	require.NoError(n.t, n.src.Release(n.t.Context(), group))
	texts := make([]string, len(samples))
	for i, s := range samples {
		require.Equal(n.t, OK, s.Reason)
		texts[i] = s.Text()
	}
	return texts
}

func TestInstancesHaveTheNumbersThatTheEngineGivesThem(t *testing.T) {
	const gpu0, gpu1 = "GPU-a1b20000-1111-2222-3333-445566770000", "GPU-a1b20001-1111-2222-3333-445566770001"
	n := startNode(t, "instances_per_gpu 16"+boards+`
mig 0 1g.10gb@9,2g.20gb@3
mig 1 3g.40gb/1+2
`)
	require.Equal(t, []Instance{
		{Entity: Entity{GPUInstance, 0}, Parent: Entity{GPU, 0}, GPUUUID: gpu0, GI: 9, CI: NoInstance, Profile: 19, Slices: 1},
		{Entity: Entity{ComputeInstance, 0}, Parent: Entity{GPUInstance, 0}, GPUUUID: gpu0, GI: 9, CI: 0, Profile: 0, Slices: 1},
		{Entity: Entity{GPUInstance, 1}, Parent: Entity{GPU, 0}, GPUUUID: gpu0, GI: 3, CI: NoInstance, Profile: 14, Slices: 2},
		{Entity: Entity{ComputeInstance, 1}, Parent: Entity{GPUInstance, 1}, GPUUUID: gpu0, GI: 3, CI: 0, Profile: 1, Slices: 2},
		{Entity: Entity{GPUInstance, 16}, Parent: Entity{GPU, 1}, GPUUUID: gpu1, GPUIndex: 4, GI: 1, CI: NoInstance, Profile: 9, Slices: 3},
		{Entity: Entity{ComputeInstance, 16}, Parent: Entity{GPUInstance, 16}, GPUUUID: gpu1, GPUIndex: 4, GI: 1, CI: 0, Profile: 0, Slices: 1},
		{Entity: Entity{ComputeInstance, 17}, Parent: Entity{GPUInstance, 16}, GPUUUID: gpu1, GPUIndex: 4, GI: 1, CI: 1, Profile: 1, Slices: 2},
	}, n.hierarchy())
	require.Equal(t, []Entity{{GPUInstance, 0}, {GPUInstance, 1}, {GPUInstance, 16}}, n.list(GPUInstance))
	require.Equal(t, []Entity{{ComputeInstance, 0}, {ComputeInstance, 1}, {ComputeInstance, 16}, {ComputeInstance, 17}}, n.list(ComputeInstance))
	require.Equal(t, []string{"1g.10gb", "2g.20gb", "3g.40gb"}, n.texts(fieldProfile, n.list(GPUInstance)...))
}

func TestNewLayoutOfInstancesShowsAtTheDoor(t *testing.T) {
	n := startNode(t, boards)
	require.Empty(t, n.hierarchy())
	require.Empty(t, n.list(GPUInstance))

	n.sim.Send("mig_reconfigure gpu=1 layout=1g.10gb,1g.10gb")
	require.Len(t, n.hierarchy(), 4)
	first := Entity{GPUInstance, 7}
	require.Equal(t, first, n.list(GPUInstance)[0])
	before := n.texts(fieldUUID, first)

	n.sim.Send("mig_reconfigure gpu=1 layout=7g.80gb settle=10s")
	require.Len(t, n.hierarchy(), 4)
	n.sim.Advance(10 * time.Second)
	require.Len(t, n.hierarchy(), 2)
	require.Equal(t, []Entity{first}, n.list(GPUInstance))
	require.NotEqual(t, before, n.texts(fieldUUID, first), "another instance under the same number")
	require.Equal(t, []string{"7g.80gb"}, n.texts(fieldProfile, first))

	n.sim.Send("mig_reconfigure gpu=1 layout=none")
	require.Empty(t, n.hierarchy())
	require.Empty(t, n.list(ComputeInstance))
	_, refused, err := n.src.Group(t.Context(), []Entity{first})
	require.NoError(t, err)
	require.Equal(t, []Entity{first}, refused)
}

func TestEngineThatServesNoHierarchyHasNoInstances(t *testing.T) {
	n := startNode(t, "a100x4-mig")
	n.sim.Send("call call=dcgmGetGpuInstanceHierarchy status=-12")
	require.Empty(t, n.hierarchy())
	require.ErrorContains(t, n.src.Unserved()["list MIG instances"], "API version mismatch")
	n.sim.Send("call call=dcgmGetGpuInstanceHierarchy status=-1")
	_, err := n.src.Hierarchy(t.Context())
	require.ErrorContains(t, err, "list MIG instances")
}
