// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"debug/elf"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A binary linked BIND_NOW resolves every symbol of libdcgm at start and dies where the
// library is missing.
func TestBinaryIsBoundLazilyAndNeedsOnlyLibc(t *testing.T) {
	f, err := elf.Open(binary)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // Opened for reading.

	for tag, flag := range map[elf.DynTag]uint64{elf.DT_FLAGS: uint64(elf.DF_BIND_NOW), elf.DT_FLAGS_1: uint64(elf.DF_1_NOW)} {
		values, err := f.DynValue(tag)
		require.NoError(t, err)
		for _, value := range values {
			require.Zero(t, value&flag, tag.String())
		}
	}
	bindNow, err := f.DynValue(elf.DT_BIND_NOW)
	require.NoError(t, err)
	require.Empty(t, bindNow)

	libraries, err := f.ImportedLibraries()
	require.NoError(t, err)
	require.Subset(t, []string{"libc.so.6", "libpthread.so.0", "libdl.so.2", "libresolv.so.2"}, libraries)
	require.Contains(t, libraries, "libc.so.6", "built with cgo")
}

func TestNodeAgentStaysSlim(t *testing.T) {
	if !strings.HasSuffix(binary, "-node") {
		t.Skip("the limit is the node agent's")
	}
	info, err := os.Stat(binary)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(60e6))
}
