// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// A tool is a program that the demo runs.
type tool struct {
	variable string   // of the environment, naming another one
	names    []string // that it has on PATH, or below the root of the repository
	get      string
}

var needed = map[string]tool{
	"agent":        {"BINARY", []string{"bin/otelcol-tracecore-node"}, "make build-node"},
	"libdcgm":      {"LIBDCGM", []string{"bin/sim/libdcgm.so.4"}, "make sim (needs gcc)"},
	"Prometheus":   {"PROMETHEUS", []string{"prometheus"}, "apt-get install prometheus, or https://prometheus.io/download"},
	"Alertmanager": {"ALERTMANAGER", []string{"prometheus-alertmanager", "alertmanager"}, "apt-get install prometheus-alertmanager, or https://prometheus.io/download"},
}

// findTools returns the absolute path of each tool, or one error that lists all that are missing.
func findTools(root string, getenv func(string) string, names ...string) (map[string]string, error) {
	found := map[string]string{}
	var missing []error
	for _, name := range names {
		path, ok := needed[name].find(root, getenv)
		if !ok {
			missing = append(missing, fmt.Errorf("find %s: it is not installed. Get it: %s. %s names another place", name, needed[name].get, needed[name].variable))
		}
		found[name] = path
	}
	return found, errors.Join(missing...)
}

func (t tool) find(root string, getenv func(string) string) (string, bool) {
	names := t.names
	if named := getenv(t.variable); named != "" {
		names = []string{named}
	}
	for _, name := range names {
		if filepath.Dir(name) != "." && !filepath.IsAbs(name) {
			name = filepath.Join(root, name)
		}
		if path, err := exec.LookPath(name); err == nil {
			path, err = filepath.Abs(path)
			return path, err == nil
		}
	}
	return "", false
}
