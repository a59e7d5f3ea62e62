// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the records of exported names and of examples")

// What importers can use of each published module is on record, so that a change of it is
// seen in review. Records are rewritten by go test -run ExportedNames -update.
func TestExportedNamesAreOnRecord(t *testing.T) {
	recorded := map[string]bool{}
	for _, module := range publishedModules(t) {
		dir := strings.TrimPrefix(module, ours)
		record := filepath.Join("testdata", "api", strings.ReplaceAll(dir, "/", "_")+".txt")
		recorded[record] = true
		got := strings.Join(exportedNames(t, filepath.Join(root, dir)), "\n") + "\n"
		if *update {
			require.NoError(t, os.WriteFile(record, []byte(got), 0o644)) //nolint:gosec // A file of the repository.
		}
		want, err := os.ReadFile(record)
		require.NoError(t, err, "see -update")
		require.Equal(t, string(want), got, "exported names of %s; see -update", dir)
	}
	records, err := filepath.Glob("testdata/api/*.txt")
	require.NoError(t, err)
	for _, record := range records {
		require.True(t, recorded[record], "%s: there is no such module", record)
	}
}

// What a component exports beside these two, and beside what this distribution's command asks of a configuration, is a promise that nobody asked for.
func TestComponentsExportNewFactoryAndConfigOnly(t *testing.T) {
	for _, module := range publishedModules(t) {
		dir := strings.TrimPrefix(module, ours)
		if strings.Count(dir, "/") != 1 || strings.HasPrefix(dir, "internal/") {
			continue
		}
		for _, name := range exportedNames(t, filepath.Join(root, dir)) {
			require.Regexp(t, `^\. (func NewFactory|type \w*Config|method \w*Config\.(Validate|Unmarshal|ValidateWhole|SharedSeries|GPUIsOnResource))$`, name, dir)
		}
	}
}

func publishedModules(t *testing.T) []string {
	t.Helper()
	var versions struct {
		ModuleSets map[string]struct {
			Modules []string `yaml:"modules"`
		} `yaml:"module-sets"`
	}
	readYAML(t, root+"/versions.yaml", &versions)
	return versions.ModuleSets["tracecore"].Modules
}

// exportedNames returns what importers can name of a module, as "package kind name".
func exportedNames(t *testing.T, module string) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); path != module && (err == nil || entry.Name() == "internal" || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		pkg, err := filepath.Rel(module, path)
		for _, name := range packageNames(t, path) {
			names = append(names, pkg+" "+name)
		}
		return err
	}))
	slices.Sort(names)
	return slices.Compact(names)
}

// packageNames reads every file for every platform: a name of one of them is exported too.
func packageNames(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		if !strings.HasSuffix(path, "_test.go") {
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	if files == nil {
		return nil
	}
	pkg, err := doc.NewFromFiles(set, files, dir)
	require.NoError(t, err)
	names := append(valueNames(pkg.Consts), valueNames(pkg.Vars)...)
	names = append(names, funcNames("func ", pkg.Funcs)...)
	for _, typ := range pkg.Types {
		names = append(names, "type "+typ.Name)
		names = append(names, valueNames(append(typ.Consts, typ.Vars...))...)
		names = append(names, funcNames("func ", typ.Funcs)...)
		names = append(names, funcNames("method "+typ.Name+".", typ.Methods)...)
	}
	return names
}

func valueNames(values []*doc.Value) []string {
	var names []string
	for _, value := range values {
		for _, name := range value.Names {
			if token.IsExported(name) {
				names = append(names, fmt.Sprintf("%s %s", value.Decl.Tok, name))
			}
		}
	}
	return names
}

func funcNames(prefix string, funcs []*doc.Func) []string {
	var names []string
	for _, fn := range funcs {
		names = append(names, prefix+fn.Name)
	}
	return names
}
