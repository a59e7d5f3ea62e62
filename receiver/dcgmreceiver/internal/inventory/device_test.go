// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// lookAtDevices answers a question for the identities of two GPUs and of other devices.
func lookAtDevices(node Node, devices ...dcgm.Entity) (Node, []Change) {
	answers := Identities{Asked: append([]dcgm.Entity{gpu(0), gpu(1)}, devices...), Samples: map[dcgm.Entity]Samples{gpu(0): told(uuidA, "01"), gpu(1): told(uuidB, "02")}}
	return Refresh(node, Answers{Identities: &answers}, time.Time{})
}

func TestDevicesWithoutUUIDGoByTheirNumbers(t *testing.T) {
	chosen, err := ParseDevices([]string{"0"})
	require.NoError(t, err)
	ofGPU0, ofGPU1, ofSwitch := dcgm.LinkOf(gpu(0), 1), dcgm.LinkOf(gpu(1), 1), dcgm.LinkOf(nvswitch(0), 1)
	all := []dcgm.Entity{ofGPU0, ofGPU1, ofSwitch, {Kind: dcgm.CPU, ID: 1}, {Kind: dcgm.CPUCore, ID: 7}}
	node, _ := lookAtDevices(New(chosen, 0), all...)
	var present []dcgm.Entity
	for _, k := range node.Present() {
		require.False(t, k.Nameless)
		present = append(present, k.Entity)
	}
	require.Equal(t, []dcgm.Entity{gpu(0), ofGPU0, ofSwitch, all[3], all[4]}, present, "links are with their GPU")
	require.Equal(t, uuidA, node.Find(Key{dcgm.Link, ByNumber(ofGPU0)}).Parent)

	again, changes := lookAtDevices(node, all...)
	require.Empty(t, changes)
	require.Len(t, again.Known, len(node.Known))

	_, changes = lookAtDevices(node, all[1:]...)
	require.Equal(t, []Change{{Kind: Replaced, Key: Key{dcgm.Link, ByNumber(ofGPU0)}, Entity: ofGPU0}}, changes, "its GPU is there")
}

// The host engine has no status of an NVLink: one of a GPU is as its GPU.
func TestLinkIsLostWithItsGPU(t *testing.T) {
	all, err := ParseDevices([]string{AllDevices})
	require.NoError(t, err)
	links := []dcgm.Entity{dcgm.LinkOf(gpu(0), 0), dcgm.LinkOf(gpu(1), 0)}
	node, _ := lookAtDevices(New(all, 0), links...)
	statuses := &Statuses{Listed: append([]dcgm.Entity{gpu(0), gpu(1)}, links...), Of: map[dcgm.Entity]dcgm.EntityStatus{gpu(1): dcgm.StatusLost}}
	node, _ = Refresh(node, Answers{Statuses: statuses}, time.Time{})
	require.True(t, node.Find(Key{dcgm.Link, ByNumber(links[0])}).Up())
	require.Equal(t, StateLost, node.Find(Key{dcgm.Link, ByNumber(links[1])}).State())
}
