// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// An entry whose code has moved proves nothing. Whether it compiles too, make mutants says.
func TestEveryMutantFitsTheCode(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	lists, err := readLists("lists", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		for _, m := range list.Mutants {
			path, changed, err := m.apply(filepath.Join(root, list.Module))
			if err == nil && filepath.Ext(path) == ".go" {
				_, err = parser.ParseFile(token.NewFileSet(), path, changed, parser.SkipObjectResolution)
			}
			if err != nil {
				t.Errorf("%s/%s: %s: %v\n  - %s\n  + %s", list.Module, m.File, m.Claim, err, oneLine(m.Before), oneLine(m.After))
			}
		}
	}
}
