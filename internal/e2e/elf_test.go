// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBinaryNeedsOnlyWhatItsFlavourSays(t *testing.T) {
	f, err := elf.Open(binary)
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // Opened for reading.
	libraries, err := f.ImportedLibraries()
	require.NoError(t, err)

	if strings.HasSuffix(binary, "-static") {
		require.Empty(t, libraries)
		return
	}
	require.Subset(t, []string{"libc.so.6", "libpthread.so.0", "libdl.so.2", "libresolv.so.2"}, libraries)
	require.Contains(t, libraries, "libc.so.6", "built with cgo")
	requireLazyBinding(t, f)
	requireNoRunPath(t, f)
}

// requireNoRunPath fails for a binary that looks for libraries, such as libdcgm, in other folders than the
// system's loader does by itself.
func requireNoRunPath(t *testing.T, f *elf.File) {
	t.Helper()
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		folders, err := f.DynString(tag)
		require.NoError(t, err)
		require.Empty(t, folders, tag.String())
	}
}

// requireLazyBinding fails for a binary linked BIND_NOW. That one resolves every symbol of
// libdcgm at start, and dies where the library is missing.
func requireLazyBinding(t *testing.T, f *elf.File) {
	t.Helper()
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
}

func TestBinaryStaysWithinItsBudget(t *testing.T) {
	budgets := map[string]int64{
		"otelcol-tracecore":        400e6,
		"otelcol-tracecore-node":   60e6,
		"otelcol-tracecore-static": 400e6,
	}
	name := filepath.Base(binary)
	require.Contains(t, budgets, name)
	info, err := os.Stat(binary)
	require.NoError(t, err)
	require.Less(t, info.Size(), budgets[name])
}
