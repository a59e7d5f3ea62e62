// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-.].*)?$`)

// rules says which licences may ship, and those of modules whose files do not say.
type rules struct {
	allowed map[string]bool
	modules map[string][]string
}

// readRules reads lines of "allow LICENCE reason" and "module NAME LICENCE reason", separated
// by tabs. Nothing is allowed without a reason.
func readRules(path string) (rules, error) {
	r := rules{map[string]bool{}, map[string][]string{}}
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	for i, line := range strings.Split(string(content), "\n") {
		cells := strings.Split(line, "\t")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case cells[0] == "allow" && len(cells) == 3 && cells[2] != "":
			r.allowed[cells[1]] = true
		case cells[0] == "module" && len(cells) == 4 && cells[3] != "":
			r.modules[cells[1]] = strings.Split(cells[2], " AND ")
		default:
			return r, fmt.Errorf("%s:%d: must be allow, licence, reason or module, name, licence, reason", path, i+1)
		}
	}
	return r, nil
}

// check returns every module that ships under a licence nobody allowed.
func (r rules) check(found map[string][]string) error {
	var errs []error
	for _, module := range sortedKeys(found) {
		if len(found[module]) == 0 {
			errs = append(errs, fmt.Errorf("%s: no licence was recognised", module))
		}
		for _, id := range found[module] {
			if !r.allowed[id] {
				errs = append(errs, fmt.Errorf("%s: licence %s is not on the list", module, id))
			}
		}
	}
	return errors.Join(errs...)
}

// licencesOf returns the licences of each module. Their texts are those in the module cache,
// which go.sum vouches for.
func licencesOf(folder string, modules []string, r rules) (map[string][]string, error) {
	found := map[string][]string{}
	var ask []string
	for _, module := range modules {
		ids, ruled := r.modules[module]
		switch {
		case module == ours || strings.HasPrefix(module, ours+"/"):
			found[module] = []string{"Apache-2.0"}
		case ruled:
			found[module] = ids
		default:
			ask = append(ask, module)
		}
	}
	folders, err := cacheFolders(folder, ask)
	if err != nil {
		return nil, fmt.Errorf("find the modules: %w", err)
	}
	for _, module := range ask {
		if found[module], err = recognise(folders[module]); err != nil {
			return nil, fmt.Errorf("%s: %w", module, err)
		}
	}
	return found, nil
}

// cacheFolders returns where the module cache has the modules that a go.mod selects.
func cacheFolders(folder string, modules []string) (map[string]string, error) {
	folders := map[string]string{}
	if len(modules) == 0 {
		return folders, nil
	}
	list := exec.Command("go", append([]string{"-C", folder, "list", "-m", "-json=Path,Dir"}, modules...)...)
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var module struct{ Path, Dir string }
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, err
		}
		if module.Dir == "" {
			return nil, fmt.Errorf("%s is not in the module cache: build the binary on this machine first", module.Path)
		}
		folders[module.Path] = module.Dir
	}
}

// recognise returns the licences whose texts are in a module's root.
func recognise(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		for _, match := range licensecheck.Scan(text).Match {
			if !match.IsURL {
				ids[match.ID] = true
			}
		}
	}
	return sortedKeys(ids), nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
