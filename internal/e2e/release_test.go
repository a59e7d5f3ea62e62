// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The module proxy finds a module of a folder by its tag alone, so every published module has
// one, and a release is tagged whole or not at all.
func TestTagsArePerModule(t *testing.T) {
	tool, err := filepath.Abs(root + "/internal/tools/tags")
	require.NoError(t, err)
	clone := t.TempDir()
	versions, err := os.ReadFile(root + "/versions.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(clone, "versions.yaml"), versions, 0o600))
	in := func(name string, args ...string) (string, error) {
		c := exec.Command(name, args...)
		c.Dir = clone
		c.Env = append(os.Environ(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		output, err := c.CombinedOutput()
		return string(output), err
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"commit", "--quiet", "--message", "x"}} {
		output, err := in("git", args...)
		require.NoError(t, err, output)
	}

	printed, err := in(tool)
	require.NoError(t, err, printed)
	want := []string{"v0.1.0"}
	for _, module := range publishedModules(t) {
		want = append(want, strings.TrimPrefix(module, ours)+"/v0.1.0")
	}
	require.Equal(t, want, strings.Fields(printed))
	made, err := in("git", "tag")
	require.NoError(t, err)
	require.Empty(t, made, "printing makes none")

	output, err := in(tool, "create")
	require.NoError(t, err, output)
	made, err = in("git", "tag")
	require.NoError(t, err)
	require.ElementsMatch(t, want, strings.Fields(made))

	output, err = in(tool, "create")
	require.Error(t, err)
	require.Contains(t, output, "set a new version in versions.yaml")
}
