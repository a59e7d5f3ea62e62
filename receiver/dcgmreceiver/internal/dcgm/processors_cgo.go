// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"errors"
	"math"
	"math/bits"
	"slices"

	"github.com/NVIDIA/go-dcgm/pkg/dcgm"
)

// errNoSymbol is why a call is unserved that an older libdcgm does not have.
var errNoSymbol = errors.New("libdcgm is too old for it")

// Symbols that are newer than the oldest libdcgm that this package takes.
const (
	symbolCPUs  = "dcgmGetCpuHierarchy_v2"
	symbolPeers = "dcgmGetNvLinkP2PStatus"
)

// processors lists CPUs. A node without NVIDIA's has none.
func processors(l *link) ([]Processor, error) {
	if !l.direct.library.has(symbolCPUs) {
		l.keep(listCPUs, errNoSymbol)
		return nil, nil
	}
	hierarchy, err := dcgm.GetCPUHierarchy_v2()
	if err != nil {
		if l.note(listCPUs, err) || statusOf(err) == statusNotSupported {
			return nil, nil
		}
		return nil, err
	}
	all := make([]Processor, hierarchy.NumCPUs)
	for i := range all {
		cpu := &hierarchy.CPUs[i]
		all[i] = Processor{ID: uint32(cpu.CPUID), Serial: cpu.Serial, Cores: coresOf(cpu.OwnedCores)} //nolint:gosec // DCGM's ids are 32 bits wide.
	}
	return all, nil
}

// coresOf are the numbers of the bits that are set.
func coresOf(mask []uint64) []uint32 {
	var cores []uint32
	for i, word := range mask {
		for ; word != 0; word &= word - 1 {
			cores = append(cores, uint32(64*i+bits.TrailingZeros64(word))) //nolint:gosec // There are 1024 at most.
		}
	}
	return cores
}

// peers reads the states of all pairs. go-dcgm drops the numbers of the GPUs: they are those of the rows where no number is left out.
func peers(l *link) ([][]PeerState, error) {
	if !l.direct.library.has(symbolPeers) {
		l.keep(getPeers, errNoSymbol)
		return nil, nil
	}
	gpus, err := dcgm.GetEntityGroupEntities(dcgm.FE_GPU)
	if err != nil {
		return nil, err
	}
	status, err := dcgm.GetNvLinkP2PStatus()
	if l.note(getPeers, err) {
		return nil, nil
	}
	if err != nil || len(status.Gpus) != len(gpus) || len(gpus) == 0 || slices.Max(gpus) != uint(len(gpus)-1) {
		return nil, err
	}
	states := make([][]PeerState, len(gpus))
	for i, row := range status.Gpus {
		for _, state := range row {
			states[i] = append(states[i], PeerState(min(state, math.MaxUint8))) //nolint:gosec // There are seven.
		}
	}
	return states, nil
}
