// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAGPUThatSomebodyMayHoldIsUnknownAndNotFree(t *testing.T) {
	number := NumberRef("4")
	for name, answer := range map[string]*Answer{
		"a GPU of no name":        {At: at(20), Incomplete: true},
		"a file of no job":        {At: at(20), Unsure: map[Ref]bool{number: true}},
		"a holder of no instance": {At: at(20), Unsure: map[Ref]bool{number.Instance("1"): true}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBook(1)
			gpu := b.Learn(Facts{ID: gpuA, Number: "4"}, at(1))
			other := b.Learn(Facts{ID: "GPU-other", Number: "5"}, at(1))
			instance := b.Learn(Facts{Parent: gpuA, GI: "1"}, at(1))
			b.Update(0, says(10, number))
			require.Equal(t, Free, gpu.Current().Status)
			b.Update(0, answer)
			require.Equal(t, Unknown, instance.Current().Status)
			require.Equal(t, map[bool]Status{true: Unknown, false: Free}[answer.Incomplete], other.Current().Status)
			require.Equal(t, map[bool]Status{true: Free, false: Unknown}[name == "a holder of no instance"], gpu.Current().Status)
			b.Update(0, says(30, number, job("17")))
			require.Equal(t, Allocated, gpu.Current().Status)
		})
	}
}

func TestHoldersHaveAGPUSinceTheyChangedAndNotItsShares(t *testing.T) {
	b := NewBook(1)
	gpu := b.Learn(Facts{ID: gpuA}, at(1))
	b.Update(0, says(10, UUIDRef(gpuA), pod("a")))
	more := says(20, UUIDRef(gpuA), pod("a"))
	more.Shares = map[Ref]int{UUIDRef(gpuA): 4}
	b.Update(0, more)
	b.Update(0, says(30, UUIDRef(gpuA), pod("b")))
	for second, since := range map[int]int{15: 10, 25: 10, 30: 30, 99: 30} {
		require.Equal(t, ns(since), gpu.HeldSince(ns(second)), second)
	}
	require.Zero(t, gpu.HeldSince(0))
}

func TestGPUsWithoutDataMakeRoomForOthers(t *testing.T) {
	b := NewBook(1)
	for i := range maxGPUs {
		require.NotNil(t, b.Learn(Facts{ID: fmt.Sprint("GPU-", i)}, at(i)))
	}
	require.Nil(t, b.Learn(Facts{ID: gpuA}, at(maxGPUs)), "of one that is too many nothing is known")
	require.Equal(t, at(maxGPUs), b.looked)
	require.Nil(t, b.Learn(Facts{ID: gpuA}, at(maxGPUs+59)))
	require.Equal(t, at(maxGPUs), b.looked, "nor is it searched for with every point")
	require.NotNil(t, b.Learn(Facts{ID: "GPU-0"}, at(maxGPUs)))
	require.NotNil(t, b.Learn(Facts{ID: gpuA}, at(1).Add(time.Hour+time.Second)))
	require.NotNil(t, b.Find("GPU-0", ""), "data of it came since")
	require.Nil(t, b.Find("GPU-1", ""))
}
