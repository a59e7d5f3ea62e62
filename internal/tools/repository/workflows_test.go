// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/require"
)

func TestWorkflowsAreValid(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	require.NoError(t, err)
	for _, path := range tracked(t, ".github/workflows/*") {
		faults, err := linter.LintFile(path, nil)
		require.NoError(t, err)
		require.Empty(t, faults, path)
	}
}

// An action is somebody else's code with this repository's rights: a tag can be moved, a commit cannot.
func TestActionsArePinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)uses: *(\S+)`)
	for _, path := range tracked(t, ".github/workflows/*") {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, match := range uses.FindAllStringSubmatch(string(content), -1) {
			require.Regexp(t, `^[\w./-]+@[0-9a-f]{40}$`, match[1], filepath.Base(path))
		}
	}
}
