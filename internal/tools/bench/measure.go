// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// measureInto measures benchmarks and writes one file of results per module.
func (p *project) measureInto(ctx context.Context, l list, dir string, rounds func(*benchmark) int) error {
	results, err := p.measure(ctx, l, rounds)
	if err != nil {
		return err
	}
	return writeResults(dir, l, results)
}

// measure runs benchmarks in turn, round by round, so that what else the machine does hits all of them.
func (p *project) measure(ctx context.Context, l list, rounds func(*benchmark) int) ([]*benchfmt.Result, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // What is left of it is the system's to remove.
	binaries, err := p.compile(ctx, l, dir)
	if err != nil {
		return nil, err
	}
	var results []*benchfmt.Result
	for round, left := 0, true; left; round++ {
		left = false
		for _, b := range l {
			if round >= rounds(b) {
				continue
			}
			fmt.Fprintf(os.Stderr, "round %d: %s, %s\n", round+1, b.Module, b.Name)
			got, err := p.once(ctx, b, binaries[b.pkg()])
			if err != nil {
				return nil, err
			}
			results, left = append(results, got...), true
		}
	}
	return results, nil
}

// compile builds the test binary of every package.
func (p *project) compile(ctx context.Context, l list, dir string) (map[string]string, error) {
	binaries := map[string]string{}
	for _, b := range l {
		if binaries[b.pkg()] != "" {
			continue
		}
		binary := filepath.Join(dir, fmt.Sprintf("%d.test", len(binaries)))
		command := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, ".") //nolint:gosec // Of this repository.
		command.Dir = filepath.Join(p.root, b.Module, b.Package)
		if output, err := command.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("compile the benchmarks of %s: %w\n%s", command.Dir, err, output)
		}
		binaries[b.pkg()] = binary
	}
	return binaries, nil
}

// once runs a benchmark between two looks at the yardstick.
func (p *project) once(ctx context.Context, b *benchmark, binary string) ([]*benchfmt.Result, error) {
	before := yardstick()
	command := exec.CommandContext(ctx, binary, b.flags("test.")...) //nolint:gosec // It was compiled above.
	command.Dir = filepath.Join(p.root, b.Module, b.Package)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s in %s: %w\n%s", b.Name, command.Dir, err, output)
	}
	results, err := parse(append([]byte(p.machine()), output...), b.Name)
	if err != nil {
		return nil, err
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("%s has no benchmark %s", b.pkg(), b.Name)
	}
	measure := float64(before+yardstick()) / 2
	for _, r := range results {
		r.Values = append(r.Values, benchfmt.Value{Value: measure, Unit: yardstickUnit})
	}
	return results, nil
}

// machine is what results depend on beside the code, as lines of a file of results.
func (p *project) machine() string {
	revision, err := exec.Command("git", "-C", p.root, "describe", "--always", "--dirty").Output()
	if err != nil {
		revision = []byte("unknown")
	}
	return fmt.Sprintf("toolchain: %s\ncores: %d\nrevision: %s\n", runtime.Version(), runtime.NumCPU(), strings.TrimSpace(string(revision)))
}

func parse(text []byte, file string) ([]*benchfmt.Result, error) {
	var results []*benchfmt.Result
	reader := benchfmt.NewReader(bytes.NewReader(text), file)
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			results = append(results, record.Clone())
		case *benchfmt.SyntaxError:
			return nil, record
		}
	}
	return results, reader.Err()
}

// fileOf is where the results of a module are.
func fileOf(dir, module string) string {
	return filepath.Join(dir, strings.ReplaceAll(module, "/", "_")+".txt")
}

func writeResults(dir string, l list, results []*benchfmt.Result) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	var errs []error
	for _, module := range l.modules() {
		var file bytes.Buffer
		writer := benchfmt.NewWriter(&file)
		for _, b := range l.of([]string{module}) {
			for _, r := range b.own(results) {
				errs = append(errs, writer.Write(r))
			}
		}
		errs = append(errs, os.WriteFile(fileOf(dir, module), bytes.TrimLeft(file.Bytes(), "\n"), 0o600))
	}
	return errors.Join(errs...)
}

// readResults reads what there is of the modules of a list.
func readResults(dir string, l list) ([]*benchfmt.Result, error) {
	var results []*benchfmt.Result
	for _, module := range l.modules() {
		content, err := os.ReadFile(fileOf(dir, module))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		parsed, err := parse(content, fileOf(dir, module))
		if err != nil {
			return nil, err
		}
		results = append(results, parsed...)
	}
	return results, nil
}

// own selects the results of this benchmark.
func (b *benchmark) own(results []*benchfmt.Result) []*benchfmt.Result {
	var own []*benchfmt.Result
	for _, r := range results {
		if r.GetConfig("pkg") == b.pkg() && string(r.Name.Base()) == b.Name {
			own = append(own, r)
		}
	}
	return own
}
