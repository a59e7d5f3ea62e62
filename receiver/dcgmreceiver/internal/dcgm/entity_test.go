// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// gpuEntities are the GPUs of these numbers.
func gpuEntities(ids ...uint32) []Entity {
	entities := make([]Entity, len(ids))
	for i, id := range ids {
		entities[i] = Entity{GPU, id}
	}
	return entities
}

func TestEntitiesAreOrderedByKindAndNumber(t *testing.T) {
	want := []Entity{{GPU, 2}, {GPU, 10}, {Switch, 0}, {GPUInstance, 1}, {CPUCore, 0}}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Entity.Compare)
	require.Equal(t, want, got)
}

func TestEntitiesAreNamedByKindAndNumber(t *testing.T) {
	require.Equal(t, "GPU 3", Entity{GPU, 3}.String())
	require.Equal(t, "compute instance 8", Entity{ComputeInstance, 8}.String())
	require.Equal(t, "entity of kind 9 0", Entity{Kind: 9}.String())
}
