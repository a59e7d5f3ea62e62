// SPDX-License-Identifier: Apache-2.0

// Command dashboards writes the Grafana dashboards into docs/dashboards of the repository that its argument names.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dashboards ROOT")
		os.Exit(2)
	}
	if err := generate(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "dashboards: %v\n", err)
		os.Exit(1)
	}
}

// generate writes the boards only if all of them pass the lint.
func generate(root string) error {
	known, err := readMetrics(root)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, b := range boards() {
		built, err := build(b)
		if err != nil {
			return err
		}
		content, err := json.MarshalIndent(built, "", "  ")
		if err != nil {
			return fmt.Errorf("write dashboard %s: %w", b.file, err)
		}
		if err := lint(b.file, content, known); err != nil {
			return err
		}
		files[b.file] = append(content, '\n')
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, "docs/dashboards", name+".json"), content, 0o644); err != nil { //nolint:gosec // Everybody may read it.
			return fmt.Errorf("write dashboard %s: %w", name, err)
		}
	}
	return nil
}
