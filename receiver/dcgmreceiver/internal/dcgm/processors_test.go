// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProcessorsAreListedWithTheirCores(t *testing.T) {
	src, _ := connect(t, "gb200-grace")
	processors, err := src.Processors(t.Context())
	require.NoError(t, err)
	require.Len(t, processors, 2)
	require.Equal(t, Processor{ID: 1, Serial: "0x000000017820b1c8050000000f000000", Cores: processors[1].Cores}, processors[1])
	require.Len(t, processors[1].Cores, 72)
	require.Equal(t, []uint32{72, 143}, []uint32{processors[1].Cores[0], processors[1].Cores[71]})
}

func TestNodeWithoutCPUsThatDCGMKnowsHasNone(t *testing.T) {
	src, _ := connect(t, "l4x1")
	processors, err := src.Processors(t.Context())
	require.NoError(t, err)
	require.Empty(t, processors)
	require.Contains(t, src.Unserved(), "list CPUs")
}
