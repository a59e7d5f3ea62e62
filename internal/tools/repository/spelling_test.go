// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/golangci/misspell"
	"github.com/stretchr/testify/require"
)

// others are files with words that others have written: logs of kernels and drivers, records of devices, lists of names.
var others = []string{"testdata", "vulndb"}

// Code is spelt by the linter; this is for the rest.
func TestDocumentsAreSpeltRight(t *testing.T) {
	replacer := misspell.New()
	replacer.Compile()
	for _, path := range tracked(t, "*.md", "*.yaml", "*.yml", "*.scenario", "Makefile", "*.mk", "*.sh", "*.c", "*.h") {
		if slices.ContainsFunc(others, func(part string) bool { return strings.Contains(filepath.ToSlash(path), part) }) {
			continue
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		_, changes := replacer.Replace(string(content))
		for _, change := range changes {
			t.Errorf("%s:%d: %q, not %q", path, change.Line, change.Corrected, change.Original)
		}
	}
}

func TestMisspellingsAreFound(t *testing.T) {
	replacer := misspell.New()
	replacer.Compile()
	_, changes := replacer.Replace("the reci" + "ever is there")
	require.Len(t, changes, 1)
}
