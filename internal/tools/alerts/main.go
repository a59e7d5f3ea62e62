// SPDX-License-Identifier: Apache-2.0

// Command alerts writes docs/alerts/ from one table of rules: for Prometheus and for its operator, in the names of this distribution and
// of dcgm-exporter. Its argument is the root of the repository. With -fast FOLDER it writes the rules that are on by default into that
// folder, with times that a test can wait for.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("alerts: ")
	folder := flag.String("fast", "", "folder for rules with times for a test")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: alerts [-fast FOLDER] ROOT")
	}
	if err := run(flag.Arg(0), *folder); err != nil {
		log.Fatal(err)
	}
}

func run(root, fastFolder string) error {
	runbook, err := os.ReadFile(filepath.Join(root, "docs", "runbook.md"))
	if err != nil {
		return fmt.Errorf("read the runbook: %w", err)
	}
	if err := checkAll(allRules(), string(runbook)); err != nil {
		return err
	}
	files, err := render(root, asWritten)
	if fastFolder != "" {
		files, err = renderFast(fastFolder)
	}
	if err != nil {
		return err
	}
	return write(files)
}

// render returns the contents of all files of docs/alerts by their paths.
func render(root string, c clock) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, f := range flavours {
		for _, off := range []bool{false, true} {
			name, gs := f.name, groups(f, off, c)
			if off {
				name += "-optional"
			}
			var err error
			if files[filepath.Join(root, "docs", "alerts", name+".rules.yaml")], err = plain(gs); err != nil {
				return nil, err
			}
			if files[filepath.Join(root, "docs", "alerts", "kubernetes", name+".yaml")], err = manifest(name, gs); err != nil {
				return nil, err
			}
		}
	}
	page := filepath.Join(root, "docs", "alerts", "README.md")
	old, err := os.ReadFile(page)
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	files[page], err = withTable(old)
	return files, err
}

// renderFast has every flavour. Its alerts say which one they are of, since one Prometheus has them all.
func renderFast(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, f := range flavours {
		gs := groups(f, false, fast)
		for _, g := range gs {
			for _, a := range g.Rules {
				a.Labels["names"] = f.name
			}
		}
		content, err := plain(gs)
		if err != nil {
			return nil, err
		}
		files[filepath.Join(folder, f.name+".rules.yaml")] = content
	}
	return files, nil
}

func write(files map[string][]byte) error {
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // Documentation is for everybody.
			return fmt.Errorf("write rules: %w", err)
		}
	}
	return nil
}
