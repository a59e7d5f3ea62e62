// SPDX-License-Identifier: Apache-2.0

package support

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/internal/dcgmrecording"
)

// DumpEntries are the recordings that the dcgm receivers in use are configured to write, with pseudonyms for UUIDs, serial
// numbers and addresses. That of an earlier run is one more where it is there.
func DumpEntries(config map[string]any) []Entry {
	var entries []Entry
	for _, id := range receiversInUse(config, "dcgm") {
		path := text(at(config, "receivers", id, "dump", "path"), "")
		if path == "" {
			continue
		}
		name := "dcgm/" + strings.ReplaceAll(id, "/", "-") + ".jsonl"
		entries = append(entries, dumpEntry(name, path))
		if before := path + ".1"; !errors.Is(statError(before), fs.ErrNotExist) {
			entries = append(entries, dumpEntry("dcgm/"+strings.ReplaceAll(id, "/", "-")+".before.jsonl", before))
		}
	}
	return entries
}

func statError(path string) error {
	_, err := os.Stat(path)
	return err
}

func dumpEntry(name, path string) Entry {
	return Entry{Name: name, From: path, Collect: func(context.Context) ([]byte, error) { return redactedDump(path) }}
}

// redactedDump returns the begin of a recording, in whole lines.
func redactedDump(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	file, err := os.Open(path) //nolint:gosec // The configuration names it.
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // It was read.
	redacted := &window{}
	if err := dcgmrecording.NewRedactor().Copy(redacted, io.LimitReader(file, largest)); err != nil {
		return nil, err
	}
	if info.Size() > largest {
		return redacted.kept, errTooLarge
	}
	return redacted.kept, nil
}

// receiversInUse are the receivers of a type that pipelines have, by name.
func receiversInUse(config map[string]any, kind string) []string {
	used := map[string]bool{}
	pipelines, _ := at(config, "service", "pipelines").(map[string]any)
	for _, pipeline := range pipelines {
		ids, _ := at(pipeline, "receivers").([]any)
		for _, id := range ids {
			if name := fmt.Sprint(id); strings.Split(name, "/")[0] == kind {
				used[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(used))
}
