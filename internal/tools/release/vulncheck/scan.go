// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/vuln/scan"
)

// tags are those that distributions are built with.
const tags = "netgo,osusergo,grpcnotrace"

// finding is one vulnerability, at the most precise place govulncheck found it.
type finding struct {
	OSV          string  `json:"osv"`
	FixedVersion string  `json:"fixed_version"`
	Trace        []frame `json:"trace"`
}

// frame is one call, from the vulnerable symbol to the entry point.
type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Package  string `json:"package"`
	Receiver string `json:"receiver"`
	Function string `json:"function"`
}

// at reports whether govulncheck got as far as a level.
func (f frame) at(level string) bool {
	return level == "module" || level == "package" && f.Package != "" || f.Function != ""
}

func (f frame) String() string {
	parts := []string{f.Package, strings.TrimPrefix(f.Receiver, "*"), f.Function}
	return strings.Join(strings.FieldsFunc(strings.Join(parts, "\n"), func(r rune) bool { return r == '\n' }), ".")
}

func (f finding) String() string {
	var calls []string
	for _, call := range f.Trace {
		if call.Function != "" {
			calls = append(calls, call.String())
		}
	}
	fixed := f.FixedVersion
	if fixed == "" {
		fixed = "no version"
	}
	text := fmt.Sprintf("%s in %s@%s, fixed in %s", f.OSV, f.Trace[0].Module, f.Trace[0].Version, fixed)
	if len(calls) > 0 {
		text += ", called: " + strings.Join(calls, " < ")
	}
	return text
}

// scanFolder returns what govulncheck finds in a module, by vulnerability: what is called,
// imported or required.
func scanFolder(ctx context.Context, database, folder, level string) (map[string]finding, error) {
	args := []string{"-C", folder, "-db", database, "-format", "json", "-scan", level, "-tags", tags}
	if level != "module" {
		args = append(args, "./...")
	}
	var out, errOut bytes.Buffer
	command := scan.Command(ctx, args...)
	command.Stdout, command.Stderr = &out, &errOut
	if err := errors.Join(command.Start(), command.Wait()); err != nil {
		return nil, fmt.Errorf("%w: %s", err, errOut.String())
	}
	return readFindings(&out, level)
}

// readFindings keeps of govulncheck's stream of messages what counts at a level.
func readFindings(stream io.Reader, level string) (map[string]finding, error) {
	found := map[string]finding{}
	for messages := json.NewDecoder(stream); ; {
		var message struct {
			Finding *finding `json:"finding"`
		}
		err := messages.Decode(&message)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what govulncheck found: %w", err)
		}
		if f := message.Finding; f != nil && len(f.Trace) > 0 && f.Trace[0].at(level) {
			found[f.OSV] = *f
		}
	}
}
