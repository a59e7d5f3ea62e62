// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

// tracked returns the paths of the files that git knows or would add, by pattern.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	args := append([]string{"-C", root, "ls-files", "--cached", "--others", "--exclude-standard", "--"}, patterns...)
	out, err := exec.CommandContext(t.Context(), "git", args...).Output()
	require.NoError(t, err)
	var paths []string
	for path := range strings.Lines(string(out)) {
		paths = append(paths, filepath.Join(root, strings.TrimSpace(path)))
	}
	require.NotEmpty(t, paths, patterns)
	return paths
}
