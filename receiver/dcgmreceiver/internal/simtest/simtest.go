// SPDX-License-Identifier: Apache-2.0

// Package simtest runs tests against the simulated libdcgm of internal/dcgmsim, so that what
// they exercise, cgo included, is what ships.
package simtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Sim is a simulated node. Its host engine boots when a client connects.
type Sim struct {
	tb      testing.TB
	control string
	log     string
	now     time.Time // of the manual clock
}

// Start makes the node of a scenario the one that clients connect to until the test ends.
// The scenario is the name of a shipped one, such as h100x8, the path of a file, or, if it has
// more than one line, the text itself. In a text, includes are relative to internal/dcgmsim.
func Start(tb testing.TB, scenario string) *Sim {
	tb.Helper()
	return start(tb, scenario, "")
}

// StartManual is Start with a clock that Advance alone moves. It begins at midnight.
func StartManual(tb testing.TB, scenario string) *Sim {
	tb.Helper()
	return StartAt(tb, scenario, time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
}

// StartAt is StartManual with the second at which the clock begins.
func StartAt(tb testing.TB, scenario string, now time.Time) *Sim {
	tb.Helper()
	s := start(tb, scenario, fmt.Sprintf("manual:%d", now.Unix()))
	s.now = now.Truncate(time.Second)
	return s
}

func start(tb testing.TB, scenario, clock string) *Sim {
	tb.Helper()
	root, err := findRoot()
	if err != nil {
		tb.Fatal(err)
	}
	sources := filepath.Join(root, "internal", "dcgmsim")
	dir := tb.TempDir()
	path := scenario
	switch {
	case strings.Contains(scenario, "\n"):
		path = filepath.Join(dir, "inline.scenario")
		write(tb, path, os.O_TRUNC, scenario)
	case !strings.ContainsRune(scenario, filepath.Separator):
		path = filepath.Join(sources, "scenarios", scenario+".scenario")
	}
	s := &Sim{tb: tb, control: filepath.Join(dir, "control"), log: filepath.Join(dir, "log")}
	write(tb, s.control, os.O_TRUNC, "")
	for name, value := range map[string]string{"SCENARIO": path, "CONTROL": s.control, "LOG": s.log, "CLOCK": clock, "INCLUDE": sources} {
		tb.Setenv("DCGMSIM_"+name, value)
	}
	return s
}

func write(tb testing.TB, path string, mode int, text string) {
	tb.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Close()); err != nil {
		tb.Fatal(err)
	}
}

// Send makes events happen, in order, before the next call of a client is answered.
func (s *Sim) Send(lines ...string) {
	s.tb.Helper()
	write(s.tb, s.control, os.O_APPEND, strings.Join(lines, "\n")+"\n")
}

// Advance moves the clock of StartManual.
func (s *Sim) Advance(d time.Duration) {
	s.tb.Helper()
	s.Send(fmt.Sprintf("advance %dus", d.Microseconds()))
	s.now = s.now.Add(d)
}

// Now returns the instant at which the clock of StartManual stands.
func (s *Sim) Now() time.Time { return s.now }

// EngineErrors returns the errors that the host engine has logged.
func (s *Sim) EngineErrors() []string {
	s.tb.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.tb.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}
