// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// order is the way of a value. A package imports those to its left alone.
var order = []string{"dcgm", "catalog", "inventory", "watching", "series", "events", "record", "exporterview", "googleview"}

// Packages that are no part of the way: generated ones, and what tests run the simulation with.
var besides = []string{"metadata", "metadatatest", "simtest"}

func TestPackagesImportThoseBeforeThem(t *testing.T) {
	const internal = "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/"
	dirs, err := os.ReadDir("internal")
	require.NoError(t, err)
	for _, dir := range dirs {
		place := slices.Index(order, dir.Name())
		if slices.Contains(besides, dir.Name()) {
			continue
		}
		require.GreaterOrEqual(t, place, 0, "internal/%s has no place in the order", dir.Name())
		for path := range importsOf(t, filepath.Join("internal", dir.Name())) {
			if name, isOurs := strings.CutPrefix(path, internal); isOurs {
				require.Contains(t, order[:place], name, "internal/%s imports internal/%s", dir.Name(), name)
			}
		}
	}
}

// importsOf returns what the files of a directory import, without tests.
func importsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	imports := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			imports[path] = true
		}
	}
	return imports
}
