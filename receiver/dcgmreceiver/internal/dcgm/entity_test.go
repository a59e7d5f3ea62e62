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
	require.Equal(t, "NVLink 17 of GPU 3", LinkOf(Entity{GPU, 3}, 17).String())
	require.Equal(t, "NVLink 1 of NVSwitch 0", Entity{Link, 259}.String())
	require.Equal(t, "entity of kind 9 0", Entity{Kind: 9}.String())
}

// The numbers are those of a real host engine's links of NVSwitch 0.
func TestLinkIsNumberedByItsEndAndPort(t *testing.T) {
	require.Equal(t, []Entity{{Link, 3}, {Link, 259}}, []Entity{LinkOf(Entity{Switch, 0}, 0), LinkOf(Entity{Switch, 0}, 1)})
	for _, parent := range []Entity{{GPU, 0}, {GPU, 31}, {Switch, 255}} {
		for port := range 256 {
			gotParent, gotPort := LinkOf(parent, port).Port()
			require.Equal(t, parent, gotParent)
			require.Equal(t, uint32(port), gotPort)
		}
	}
}
