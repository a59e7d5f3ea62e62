// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const libraryPath = "LD_LIBRARY_PATH"

// Main is for a TestMain that has nothing else to set up: Exec, then the tests.
func Main(m *testing.M) int {
	Exec()
	return m.Run()
}

// Exec is for the init function of a test package, or the begin of its TestMain. The dynamic
// linker reads LD_LIBRARY_PATH at the start of a process only: so Exec builds the library and
// starts the test binary over, in the same process, with it.
func Exec() {
	if err := startOver(); err != nil {
		fmt.Fprintln(os.Stderr, "simtest:", err)
		os.Exit(1)
	}
}

func startOver() error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	library := filepath.Join(root, "bin", "sim")
	if strings.Contains(os.Getenv(libraryPath), library) {
		return nil
	}
	if err := build(root); err != nil {
		return err
	}
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	path := library + string(filepath.ListSeparator) + os.Getenv(libraryPath)
	return syscall.Exec(binary, os.Args, append(os.Environ(), libraryPath+"="+path)) //nolint:gosec // This very binary.
}

func build(root string) error {
	for _, tool := range []string{"make", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("the simulated libdcgm needs %s, which is not installed: %w", tool, err)
		}
	}
	// Packages are tested at the same time, and only one of them may build.
	cmd := exec.Command("flock", filepath.Join(root, "internal", "dcgmsim", "sim.mk"), "make", "--no-print-directory", "-C", root, "sim")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make sim: %w\n%s", err, out)
	}
	return nil
}

// findRoot walks up from the package's directory, where go test runs.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "builder-config.yaml")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no parent directory holds builder-config.yaml: run the tests inside the repository")
		}
		dir = filepath.Dir(dir)
	}
}
