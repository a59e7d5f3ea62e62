// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func at(second int) time.Time { return time.Unix(int64(second), 0) }

func ns(second int) int64 { return at(second).UnixNano() }

func pod(name string) Holder { return Holder{Namespace: "ml", Pod: name, Container: "main"} }

func job(id string) Holder { return Holder{Job: Job{ID: id}} }

func holding(h Holder) Holding { return Holding{Holder: h, Kind: Exclusive, Shares: 1} }

// says is an answer that a ref is held.
func says(second int, ref Ref, held ...Holder) *Answer {
	a := &Answer{At: at(second), Holdings: map[Ref][]Holding{}}
	for _, h := range held {
		a.Holdings[ref] = append(a.Holdings[ref], holding(h))
	}
	return a
}

func names(s *State) []string {
	var out []string
	for _, h := range s.Holdings {
		out = append(out, h.Pod+h.Job.ID)
	}
	return out
}

func TestHoldersAreThoseOfTheTimeAskedFor(t *testing.T) {
	b := NewBook(1)
	gpu := b.Learn(Facts{ID: gpuA}, at(1))
	b.Update(0, says(10, UUIDRef(gpuA), pod("a")))
	b.Update(0, says(20, UUIDRef(gpuA), pod("a")))
	b.Update(0, says(30, UUIDRef(gpuA)))
	b.Update(0, says(40, UUIDRef(gpuA), pod("b")))
	for second, want := range map[int]struct {
		status Status
		who    []string
		since  int
	}{
		5:  {Unknown, nil, 0},
		10: {Allocated, []string{"a"}, 10},
		29: {Allocated, []string{"a"}, 10},
		30: {Free, nil, 30},
		45: {Allocated, []string{"b"}, 40},
	} {
		state, since := gpu.At(ns(second))
		require.Equal(t, want.status, state.Status, second)
		require.Equal(t, want.who, names(state), second)
		if want.since > 0 {
			require.Equal(t, ns(want.since), since, second)
		}
	}
	place := gpu.Place(ns(10))
	require.True(t, gpu.Changed(place, ns(30)))
	require.False(t, gpu.Changed(place, ns(29)))
	changes, next := gpu.Changes(nil, place, ns(30))
	require.Len(t, changes, 1)
	changes, next = gpu.Changes(changes, next, ns(50))
	require.Len(t, changes, 2)
	require.False(t, gpu.Changed(next, ns(99)))
}

func TestAGPUThatIsSeenLateHasTheHolderOfTheLastAnswers(t *testing.T) {
	b := NewBook(1)
	b.Update(0, says(10, UUIDRef(gpuA), pod("a")))
	b.Update(0, says(20, UUIDRef(gpuA), pod("a")))
	held := b.Learn(Facts{ID: gpuA}, at(25))
	state, since := held.At(ns(12))
	require.Equal(t, []string{"a"}, names(state))
	require.Equal(t, ns(10), since)
	unheld := b.Learn(Facts{ID: migA}, at(25))
	state, since = unheld.At(ns(12))
	require.Equal(t, Free, state.Status)
	require.Equal(t, ns(10), since)
}

func TestASourceThatKnowsWhenAHolderCameIsBelieved(t *testing.T) {
	b := NewBook(1)
	gpu := b.Learn(Facts{ID: gpuA, Number: "2"}, at(1))
	b.Update(0, says(10, NumberRef("2")))
	answer := says(20, NumberRef("2"), job("17"))
	answer.Since = map[Ref]time.Time{NumberRef("2"): at(17)}
	b.Update(0, answer)
	_, since := gpu.At(ns(20))
	require.Equal(t, ns(17), since)
	future := says(30, NumberRef("2"), job("18"))
	future.Since = map[Ref]time.Time{NumberRef("2"): at(90)}
	b.Update(0, future)
	_, since = gpu.At(ns(30))
	require.Equal(t, ns(30), since, "a file of the future changes nothing before it is read")
}

func TestUnknownIsNeverFree(t *testing.T) {
	b := NewBook(2)
	gpu := b.Learn(Facts{ID: gpuA}, at(1))
	require.Equal(t, Unknown, gpu.Current().Status)
	b.Update(0, says(10, ""))
	require.Equal(t, Unknown, gpu.Current().Status, "one of two sources has answered")
	b.Update(1, says(11, UUIDRef(gpuA), pod("a")))
	require.Equal(t, Allocated, gpu.Current().Status)
	b.Forget(0, false, at(12))
	require.Equal(t, Allocated, gpu.Current().Status)
	b.Update(1, says(13, ""))
	require.Equal(t, Unknown, gpu.Current().Status)
	b.Forget(0, true, at(14))
	require.Equal(t, Free, gpu.Current().Status, "nobody waits for a source that does not exist")
	b.Forget(1, true, at(15))
	require.Equal(t, Unknown, gpu.Current().Status, "no source is no answer")
}

func TestAGPUHasTheHoldersOfAllItsNames(t *testing.T) {
	facts := Facts{ID: gpuA, Number: "2", Name: "nvidia2", PCI: "00000000:3b:00.0"}
	for _, ref := range []Ref{UUIDRef(gpuA), NumberRef("2"), NameRef("nvidia2"), PCIRef("0000:3b:00.0"), busRef(PCIRef("0000:3b:00.4"))} {
		b := NewBook(1)
		b.Update(0, says(10, ref, pod("a")))
		gpu := b.Learn(Facts{ID: gpuA}, at(11))
		b.Learn(facts, at(12))
		require.Equal(t, []string{"a"}, names(gpu.Current()), ref)
		require.Zero(t, b.Unresolved(0))
	}
	b := NewBook(1)
	b.Learn(facts, at(1))
	b.Update(0, says(10, NumberRef("3"), pod("a")))
	require.Equal(t, 1, b.Unresolved(0))
	require.Same(t, b.Find(gpuA, ""), b.ByPCI("PCI:0000:3b:00"))
	require.Nil(t, b.ByPCI("0000:3c:00.0"))
	require.Nil(t, b.ByPCI("no address"))
}

func TestInstancesHaveTheirOwnHoldersElseThoseOfTheirGPU(t *testing.T) {
	b := NewBook(1)
	instance := b.Learn(Facts{ID: migA, Parent: gpuA, GI: "3"}, at(1))
	parent := b.Learn(Facts{ID: gpuA, Number: "2", Name: "nvidia2"}, at(1))
	for _, ref := range []Ref{UUIDRef(migA), NumberRef("2").Instance("3"), NameRef("nvidia2").Instance("3"), UUIDRef(gpuA).Instance("3")} {
		b.Update(0, says(10, ref, pod("a")))
		require.Equal(t, []string{"a"}, names(instance.Current()), ref)
		require.Equal(t, Allocated, parent.Current().Status, "a GPU of which an instance is held is not free")
		require.Empty(t, parent.Current().Holdings, "but nobody holds all of it")
		b.Update(0, says(20, ref))
		require.Equal(t, Free, instance.Current().Status)
		require.Equal(t, Free, parent.Current().Status)
	}
	b.Update(0, says(30, NumberRef("2"), job("17")))
	require.Equal(t, []string{"17"}, names(instance.Current()), "who holds the GPU holds its instances")
}

func TestDataThatNamesInstancesByNumberFindsThem(t *testing.T) {
	b := NewBook(1)
	b.Learn(Facts{ID: gpuA, Number: "1"}, at(1))
	instance := b.Learn(Facts{Parent: gpuA, GI: "4"}, at(1))
	b.Update(0, says(10, NumberRef("1").Instance("4"), job("17")))
	require.Equal(t, []string{"17"}, names(b.Find(gpuA, "4").Current()))
	require.Same(t, instance, b.Find(gpuA, "4"))
	require.Equal(t, gpuA, instance.ID())
	require.Equal(t, "4", instance.Instance())
	require.Nil(t, b.Find(gpuA, "5"))
}

func TestAGPUThatIsDroppedBeginsAnew(t *testing.T) {
	b := NewBook(1)
	instance := b.Learn(Facts{ID: migA, Parent: gpuA}, at(1))
	parent := b.Find(gpuA, "")
	b.Drop(parent)
	require.Same(t, parent, b.Find(gpuA, ""), "its instance may have data")
	b.Drop(instance)
	b.Drop(parent)
	require.Empty(t, b.gpus)
	require.Equal(t, Unknown, b.Learn(Facts{ID: gpuA}, at(2)).Current().Status)
}

func TestTwoSourcesOfOneGPU(t *testing.T) {
	for name, tt := range map[string]struct {
		pods, jobs []Holder
		want       []Holder
	}{
		"a job in a pod has what both say":      {[]Holder{pod("slurmd")}, []Holder{job("17")}, []Holder{merge(pod("slurmd"), job("17"))}},
		"two jobs in a pod":                     {[]Holder{pod("slurmd")}, []Holder{job("17"), job("18")}, []Holder{merge(job("17"), pod("slurmd")), merge(job("18"), pod("slurmd"))}},
		"two pods of a job":                     {[]Holder{pod("a"), pod("b")}, []Holder{job("17")}, []Holder{merge(pod("a"), job("17")), merge(pod("b"), job("17"))}},
		"nobody knows whose pods are which job": {[]Holder{pod("a"), pod("b")}, []Holder{job("17"), job("18")}, []Holder{pod("a"), pod("b"), job("17"), job("18")}},
		"pods alone":                            {[]Holder{pod("a")}, nil, []Holder{pod("a")}},
		"jobs alone":                            {nil, []Holder{job("17")}, []Holder{job("17")}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBook(2)
			gpu := b.Learn(Facts{ID: gpuA, Number: "0"}, at(1))
			b.Update(0, says(10, UUIDRef(gpuA), tt.pods...))
			b.Update(1, says(10, NumberRef("0"), tt.jobs...))
			var got []Holder
			for _, h := range gpu.Current().Holdings {
				got = append(got, h.Holder)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestSharesOfOneHolderAddUp(t *testing.T) {
	b := NewBook(1)
	gpu := b.Learn(Facts{ID: gpuA}, at(1))
	replica := func(name, n string) Holding {
		h := pod(name)
		h.Replica = n
		return Holding{Holder: h, Kind: Timeslice, Shares: 1}
	}
	b.Update(0, &Answer{At: at(2), Holdings: map[Ref][]Holding{UUIDRef(gpuA): {replica("b", "0"), replica("a", "1"), replica("b", "2")}}})
	state := gpu.Current()
	require.Equal(t, []string{"a", "b"}, names(state))
	require.Equal(t, "1", state.Holdings[0].Replica)
	require.Empty(t, state.Holdings[1].Replica, "of two shares, none is the holder's own")
	require.Equal(t, 2, state.Holdings[1].Shares)
	require.Equal(t, 3, state.ShareCount)
	b.Update(0, &Answer{At: at(3), Holdings: map[Ref][]Holding{UUIDRef(gpuA): {replica("a", "1")}}, Shares: map[Ref]int{UUIDRef(gpuA): 10}})
	require.Equal(t, 10, gpu.Current().ShareCount)
}

func TestThePastIsBounded(t *testing.T) {
	b := NewBook(1)
	gpu := b.Learn(Facts{ID: gpuA}, at(1))
	for i := range 1000 {
		b.Update(0, says(10+i, UUIDRef(gpuA), pod(string(rune('a'+i%2)))))
	}
	require.Len(t, gpu.timeline, keptPeriods)
	changes, next := gpu.Changes(nil, 3, ns(5000))
	require.Len(t, changes, keptPeriods)
	require.False(t, gpu.Changed(next, ns(5000)))
	require.Equal(t, []string{"b"}, names(gpu.Current()))
	for i := range 10_000 {
		b.Update(0, says(2000+i, UUIDRef(migA[:len(migA)-4]+string(rune('0'+i%10))+"000"), pod("a")))
	}
	require.Less(t, len(b.answers[0].changed), 20, "releases are forgotten")
}

func TestLabelsSurviveTheirText(t *testing.T) {
	text := EncodeLabels(map[string]string{"b": "2", "a": "1=1"})
	require.Equal(t, "a=1=1\nb=2", text)
	require.Equal(t, [][2]string{{"a", "1=1"}, {"b", "2"}}, DecodeLabels(text))
	require.Empty(t, DecodeLabels(EncodeLabels(nil)))
}
