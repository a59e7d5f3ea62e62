// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
)

const repository = "github.com/tracecoreai/tracecore/"

// comments finds what the sources of this repository say about fields.
type comments struct {
	root  string
	known map[string]map[string]string // by package, then by type and field
}

// of returns the comment of a field, "" for types of others.
func (c *comments) of(t reflect.Type, field string) (string, error) {
	folder, isOurs := strings.CutPrefix(t.PkgPath(), repository)
	if !isOurs {
		return "", nil
	}
	if c.known == nil {
		c.known = map[string]map[string]string{}
	}
	if c.known[folder] == nil {
		found, err := read(filepath.Join(c.root, folder))
		if err != nil {
			return "", err
		}
		c.known[folder] = found
	}
	return c.known[folder][t.Name()+"."+field], nil
}

func read(folder string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(paths) == 0 {
		return nil, &fs.PathError{Op: "read package", Path: folder, Err: fs.ErrNotExist}
	}
	found := map[string]string{}
	for _, path := range paths {
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok {
				addFields(found, spec)
			}
			return true
		})
	}
	return found, nil
}

func addFields(found map[string]string, spec *ast.TypeSpec) {
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		for _, name := range field.Names {
			found[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
		}
	}
}
