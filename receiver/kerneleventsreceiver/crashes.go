// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/reports"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

// crashRule is the rule of what a crash left in the persistent store.
var crashRule = &rules.Rule{Name: "kernel.crash", Kind: "kernel.crash", Severity: "fatal", Device: nil}

// maxCrash bounds what is read of a crash; its end has the reason.
const maxCrash = reports.MaxBytes

// crash is a file that the kernel made of its last log before a panic.
type crash struct {
	path string
	name string // with the time, so that a later crash under the same name is another one
	at   time.Time
}

func crashes(folder string) []crash {
	paths, _ := filepath.Glob(filepath.Join(folder, "dmesg-*")) // The pattern is a good one.
	var found []crash
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			found = append(found, crash{path, filepath.Base(path) + "@" + info.ModTime().UTC().Format(time.RFC3339Nano), info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b crash) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.name, b.name)) })
	return found
}

func crashNames(folder string) []string {
	var names []string
	for _, c := range crashes(folder) {
		names = append(names, c.name)
	}
	return names
}

// crashRecords returns an event for each file that is not reported yet.
func crashRecords(folder string, reported []string) []reports.Event {
	var events []reports.Event
	for _, c := range crashes(folder) {
		if slices.Contains(reported, c.name) {
			continue
		}
		content, err := os.ReadFile(c.path)
		if err != nil {
			continue // Another process may have taken it away.
		}
		content = bytes.ToValidUTF8(content[max(0, len(content)-maxCrash):], []byte("\uFFFD"))
		events = append(events, reports.Event{
			Rule: crashRule, Wall: c.at, Lines: []string{strings.TrimRight(string(content), "\n\x00")},
			Captures: []rules.Capture{{Name: "text", Value: filepath.Base(c.path)}},
		})
	}
	return events
}
