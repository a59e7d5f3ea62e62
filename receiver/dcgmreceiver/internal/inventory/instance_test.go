// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func gi(number uint32) dcgm.Entity { return dcgm.Entity{Kind: dcgm.GPUInstance, ID: number} }
func ci(number uint32) dcgm.Entity {
	return dcgm.Entity{Kind: dcgm.ComputeInstance, ID: number}
}

func mig(n int) string { return fmt.Sprintf("MIG-00000000-0000-0000-0000-%012d", n) }

// named are the samples of an instance.
func named(uuid, profile string) Samples {
	return Samples{FieldUUID: dcgm.SampleOf(FieldUUID, 1, uuid), fieldName: dcgm.SampleOf(fieldName, 1, profile)}
}

// parted is a node of two GPUs. The first has a 1g.10gb and a 3g.40gb of two compute instances, as a real engine
// tells it: a GPU instance has the UUID of its first compute instance.
func parted() *Identities {
	return &Identities{
		Asked: []dcgm.Entity{gpu(0), gpu(1), gi(0), gi(1), ci(0), ci(1), ci(2)},
		Samples: map[dcgm.Entity]Samples{
			gpu(0): told(uuidA, "01"), gpu(1): told(uuidB, "02"),
			gi(0): named(mig(1), "1g.10gb"), gi(1): named(mig(2), "3g.40gb"),
			ci(0): named(mig(1), "1g.10gb"), ci(1): named(mig(2), "1c.3g.40gb"), ci(2): named(mig(3), "2c.3g.40gb"),
		},
		Instances: []dcgm.Instance{
			{Entity: gi(0), Parent: gpu(0), GI: 9, CI: dcgm.NoInstance},
			{Entity: ci(0), Parent: gi(0), GI: 9, CI: 0},
			{Entity: gi(1), Parent: gpu(0), GI: 2, CI: dcgm.NoInstance},
			{Entity: ci(1), Parent: gi(1), GI: 2, CI: 0},
			{Entity: ci(2), Parent: gi(1), GI: 2, CI: 1},
		},
	}
}

func (s *story) part(of *Identities) *story { return s.refresh(Answers{Identities: of}) }

// leave takes entities away.
func leave(of *Identities, gone ...dcgm.Entity) *Identities {
	isGone := func(e dcgm.Entity) bool { return slices.Contains(gone, e) }
	of.Asked = slices.DeleteFunc(of.Asked, isGone)
	of.Instances = slices.DeleteFunc(of.Instances, func(i dcgm.Instance) bool { return isGone(i.Entity) })
	return of
}

func TestInstancesBelongWhereTheHierarchySays(t *testing.T) {
	s := begin(t).part(parted())
	var got []string
	for _, k := range s.node.Present() {
		got = append(got, fmt.Sprint(k.Entity, k.Identity))
	}
	require.Equal(t, []string{
		fmt.Sprintf("GPU 0 {%s nvidia0 H100 nvidia  {  }}", uuidA),
		fmt.Sprintf("GPU 1 {%s nvidia0 H100 nvidia  {  }}", uuidB),
		fmt.Sprintf("GPU instance 0 {%s nvidia0 H100 nvidia %s {1g.10gb 9 }}", mig(1), uuidA),
		fmt.Sprintf("GPU instance 1 {%s nvidia0 H100 nvidia %s {3g.40gb 2 }}", mig(2), uuidA),
		fmt.Sprintf("compute instance 0 {%s nvidia0 H100 nvidia %s {1g.10gb 9 0}}", mig(1), uuidA),
		fmt.Sprintf("compute instance 1 {%s nvidia0 H100 nvidia %s {1c.3g.40gb 2 0}}", mig(2), uuidA),
		fmt.Sprintf("compute instance 2 {%s nvidia0 H100 nvidia %s {2c.3g.40gb 2 1}}", mig(3), uuidA),
	}, got)
	require.Equal(t, "01", s.node.Find(Key{dcgm.ComputeInstance, mig(3)}).PCIBusID, "its GPU's")
	require.Equal(t, map[string]int64{"1g.10gb": 1, "3g.40gb": 1}, s.node.Instances(s.node.Present()[0]))
	require.Empty(t, s.node.Instances(s.node.Present()[1]))
	s.requireChanges(Added, Added, Added, Added, Added, Added, Added)
	s.part(parted()).requireChanges()
}

func TestInstancesAreChosenWithTheirGPU(t *testing.T) {
	require.Len(t, begin(t, "1").part(parted()).node.Present(), 1)
	require.Len(t, begin(t, uuidA).part(parted()).node.Present(), 6)
}

func TestAnotherLayoutIsOtherEntities(t *testing.T) {
	s := begin(t).part(parted())
	after := parted()
	after.Samples[gi(0)], after.Samples[ci(0)] = named(mig(7), "1g.10gb"), named(mig(7), "1g.10gb")
	require.Equal(t, Stranger, s.node.Judge(s.node.Find(Key{dcgm.GPUInstance, mig(1)}), after.Samples[gi(0)][FieldUUID]))
	s.part(after).requireChanges(Added, Added, Replaced, Replaced, Repartitioned)
	require.Nil(t, s.node.Find(Key{dcgm.GPUInstance, mig(1)}), "one of another UUID has its number, and is another one")
	require.Equal(t, gi(0), s.node.Find(Key{dcgm.GPUInstance, mig(7)}).Entity)

	s.part(leave(parted(), gi(0), gi(1), ci(0), ci(1), ci(2))).requireChanges(Replaced, Replaced, Replaced, Replaced, Replaced, Repartitioned)
	s.requireKnown([]string{uuidA, uuidB}, nil)
	s.part(parted()).requireChanges(Added, Added, Added, Added, Added, Repartitioned)
}

func TestInstancesOfAGPUThatCannotBeReadMayComeBack(t *testing.T) {
	listed := []dcgm.Entity{gpu(0), gpu(1), gi(0), gi(1), ci(0), ci(1), ci(2)}
	lost := Answers{Statuses: &Statuses{Listed: listed, Of: map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusLost}}}
	s := begin(t).part(parted()).refresh(lost)
	require.Len(t, s.changes, 6, "its instances are lost with it")
	require.Equal(t, StateLost, s.node.Find(Key{dcgm.ComputeInstance, mig(3)}).State())
	s.part(leave(parted(), gi(0), gi(1), ci(0), ci(1), ci(2))).requireChanges(Left, Left, Left, Left, Left)
	require.Len(t, s.node.Gone(), 5)
	s.part(parted()).requireChanges()
	s.refresh(Answers{Statuses: &Statuses{Listed: listed}})
	require.Len(t, s.changes, 6)
	require.Equal(t, Back, s.changes[5].Kind)
}

func TestInstanceThatIsNotListedIsAbsent(t *testing.T) {
	s := begin(t).part(parted()).refresh(Answers{Statuses: &Statuses{Listed: []dcgm.Entity{gpu(0), gpu(1), gi(0), gi(1), ci(0), ci(1)}}})
	s.requireChanges(Lost)
	require.Equal(t, Change{Kind: Lost, Key: Key{dcgm.ComputeInstance, mig(3)}, Entity: ci(2), State: StateAbsent, Was: StateOK}, s.changes[0])
	s.pass(time.Hour).refresh(Answers{Statuses: &Statuses{Listed: []dcgm.Entity{gpu(0), gpu(1), gi(0), gi(1), ci(0), ci(1)}}}).requireChanges(Forgotten)
}

func TestInstanceWithoutAPlaceOrAProfileIsNameless(t *testing.T) {
	of := leave(parted(), ci(0))
	of.Asked = append(of.Asked, ci(0))
	of.Samples[gi(0)] = named(mig(1), "N/A")
	of.Samples[gi(1)] = Samples{FieldUUID: dcgm.Sample{Reason: dcgm.Blank}}
	s := begin(t).part(of)
	require.True(t, s.node.Find(Key{dcgm.ComputeInstance, mig(1)}).Nameless, "the hierarchy does not have it yet")
	require.True(t, s.node.Find(Key{dcgm.GPUInstance, mig(1)}).Nameless)
	require.True(t, s.node.Find(Key{dcgm.GPUInstance, "gi1"}).Nameless)
	require.False(t, s.node.Find(Key{dcgm.ComputeInstance, mig(3)}).Nameless)
}

func TestUUIDsOfInstances(t *testing.T) {
	for text, ok := range map[string]bool{
		mig(1): true, "MIG-" + uuidA + "/1/0": true, "MIG-" + uuidA + "/1": true, uuidA: false, "MIG-" + uuidA: false, "MIG-1": false, mig(1) + "/1": false, "MIG-" + uuidA + "/1/0/0": false, "": false,
	} {
		require.Equal(t, ok, uuidOf(dcgm.GPUInstance, dcgm.SampleOf(FieldUUID, 1, text)) != "", text)
		require.Equal(t, ok, uuidOf(dcgm.ComputeInstance, dcgm.SampleOf(FieldUUID, 1, text)) != "", text)
	}
	require.Empty(t, uuidOf(dcgm.Link, dcgm.SampleOf(FieldUUID, 1, uuidA)))
}
