// SPDX-License-Identifier: Apache-2.0

//go:build unix

package jobs

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Opening a pipe would wait for somebody who writes.
func TestAPipeIsNotRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "5"), 0o600))
	got, scan := read(t, dir)
	require.Empty(t, got)
	require.ErrorContains(t, scan.Partial, "is no file")
}
