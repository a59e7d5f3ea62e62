// SPDX-License-Identifier: Apache-2.0

// Mutants proves that tests notice faults. lists/ has one file per module, named after its folder with underscores for slashes; an entry
// is one fault that somebody could make: a text that occurs once in a file of the module, and what stands there instead. Each fault is
// laid over the module, whose tests then have to fail. The work tree is not touched.
//
//	go -C internal/tools run ./mutants [-least 95] [-timeout 5m] ../.. [module folder...]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var (
	least   = flag.Int("least", 95, "percentage of mutants of each module that its tests have to kill")
	timeout = flag.Duration("timeout", 5*time.Minute, "time the tests of one mutant may take; what takes longer is killed")
)

func main() {
	flag.Parse()
	if flag.NArg() == 0 {
		fail("usage: mutants [flags] <root of the repository> [module folder...]")
	}
	root, err := filepath.Abs(flag.Arg(0))
	if err != nil {
		fail("find the repository: %v", err)
	}
	lists, err := readLists(filepath.Join(root, "internal/tools/mutants/lists"), flag.Args()[1:])
	if err != nil {
		fail("read the lists: %v", err)
	}
	enough := true
	for _, list := range lists {
		enough = list.run(root) && enough
	}
	if !enough {
		os.Exit(1)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

// list is the mutants of one module.
type list struct {
	Module string `yaml:"module"` // its folder
	// Packages are what is tested, ./... by default.
	Packages []string `yaml:"packages"`
	Mutants  []mutant `yaml:"mutants"`
}

type mutant struct {
	Claim  string `yaml:"claim"` // what the mutant breaks
	File   string `yaml:"file"`  // in the module
	Before string `yaml:"before"`
	After  string `yaml:"after"`
}

func readLists(dir string, modules []string) ([]list, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var lists []list
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		l := list{Packages: []string{"./..."}}
		if err := yaml.Unmarshal(content, &l); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if want := strings.ReplaceAll(l.Module, "/", "_") + ".yaml"; filepath.Base(path) != want {
			return nil, fmt.Errorf("%s: module %q belongs into %s", path, l.Module, want)
		}
		if len(modules) == 0 || slices.Contains(modules, l.Module) {
			lists = append(lists, l)
		}
	}
	if len(lists) < max(1, len(modules)) {
		return nil, fmt.Errorf("there is not a list for each of %v", modules)
	}
	return lists, nil
}

// run reports whether all mutants are valid and enough of them were killed.
func (l list) run(root string) bool {
	dir := filepath.Join(root, l.Module)
	if output, err := goCommand(context.Background(), dir, l.test()...); err != nil {
		fmt.Printf("%s: the tests fail without any mutant:\n%s", l.Module, output)
		return false
	}
	killed, invalid := 0, 0
	for _, m := range l.Mutants {
		dead, err := l.kill(m, dir)
		switch {
		case err != nil:
			invalid++
			fmt.Printf("invalid mutant in %s/%s: %s: %v\n", l.Module, m.File, m.Claim, err)
		case dead:
			killed++
		default:
			fmt.Printf("survivor in %s/%s: %s\n  - %s\n  + %s\n", l.Module, m.File, m.Claim, oneLine(m.Before), oneLine(m.After))
		}
	}
	percent := 100 * killed / max(1, len(l.Mutants))
	fmt.Printf("%s: %d of %d mutants killed (%d %%)\n", l.Module, killed, len(l.Mutants), percent)
	return percent >= *least && invalid == 0
}

// test is the go command that tests the module, with these flags.
func (l list) test(flags ...string) []string {
	return slices.Concat([]string{"test", "-count=1", "-failfast", "-vet=off"}, flags, l.Packages)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// apply returns the path of the file in dir and its content with the mutant.
func (m mutant) apply(dir string) (path, changed string, err error) {
	path = filepath.Join(dir, m.File)
	content, err := os.ReadFile(path)
	if err != nil {
		return "", "", err
	}
	if n := strings.Count(string(content), m.Before); n != 1 {
		return "", "", fmt.Errorf("the text before must occur once, not %d times", n)
	}
	if m.Before == m.After {
		return "", "", errors.New("the text after must be another one")
	}
	return path, strings.Replace(string(content), m.Before, m.After, 1), nil
}

// kill reports whether the tests of the module in dir fail with the mutant in it.
func (l list) kill(m mutant, dir string) (bool, error) {
	path, changed, err := m.apply(dir)
	if err != nil {
		return false, err
	}
	temporary, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(temporary) //nolint:errcheck // What is left of it is the system's to remove.
	overlay, err := writeOverlay(temporary, path, changed)
	if err != nil {
		return false, err
	}
	if output, err := goCommand(context.Background(), dir, append([]string{"build", "-overlay", overlay}, l.Packages...)...); err != nil {
		return false, fmt.Errorf("the mutant does not compile: %s", output)
	}
	// Most mutants die of the tests beside them, and need no others.
	beside := list{Packages: []string{"./" + filepath.ToSlash(filepath.Dir(m.File))}}
	return beside.fails(dir, overlay) || l.fails(dir, overlay), nil
}

func (l list) fails(dir, overlay string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	_, err := goCommand(ctx, dir, l.test("-overlay", overlay)...)
	return err != nil
}

func writeOverlay(temporary, path, content string) (string, error) {
	changed, overlay := filepath.Join(temporary, filepath.Base(path)), filepath.Join(temporary, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(changed, []byte(content), 0o600); err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, replace, 0o600)
}

func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.WaitDelay = time.Second
	return command.CombinedOutput()
}
