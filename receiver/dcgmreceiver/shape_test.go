// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Sizes above which nobody reads a type, a function or a file as a whole.
const (
	mostFields  = 15
	mostMethods = 20
	mostLines   = 60  // of a function
	mostOfFile  = 300 // lines
)

// large are the types that may have more fields: users' keys, and what is told of a GPU.
var large = map[string]bool{"Config": true, "Facts": true}

func TestTypesFunctionsAndFilesStaySmall(t *testing.T) {
	methods := map[string]int{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "generated_") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		require.LessOrEqual(t, files.Position(file.End()).Line, mostOfFile, path)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, isStruct := n.Type.(*ast.StructType); isStruct && !large[n.Name.Name] {
					require.LessOrEqual(t, s.Fields.NumFields(), mostFields, "%s: fields of %s", path, n.Name.Name)
				}
			case *ast.FuncDecl:
				lines := files.Position(n.End()).Line - files.Position(n.Pos()).Line
				require.LessOrEqual(t, lines, mostLines, "%s: %s", path, n.Name.Name)
				if of := receiverOf(n); of != "" {
					methods[filepath.Dir(path)+"."+of]++
				}
			}
			return true
		})
		return nil
	}))
	for of, n := range methods {
		require.LessOrEqual(t, n, mostMethods, "methods of %s", of)
	}
}

// receiverOf is the name of the type that a method is of, "" for a function.
func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, isPointer := of.(*ast.StarExpr); isPointer {
		of = star.X
	}
	name, _ := of.(*ast.Ident)
	return name.Name
}
