// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const repository = "github.com/tracecoreai/tracecore/"

// checkout says what the lines of a manifest take for granted. A test builds with exactly them.
const checkout = "The lines of a manifest whose folder has a checkout of this repository as `tracecore`, and `output_path: ./out`. Of a published\n" +
	"version, they are the same without `path` and `replaces`.\n\n"

// inTree finds the modules of this repository that a go.mod replaces: all that its module needs.
var inTree = regexp.MustCompile(`(?m)^(?:replace|\t) ?` + repository + `(\S+) => `)

// converters are the modules that are no components and have a place in a manifest.
var converters = []string{"confmap/forwardalias"}

// replaceManifests writes into the README of every component and converter what a manifest needs for it.
func replaceManifests(root string, components []metadata) error {
	version, err := moduleVersion(root)
	if err != nil {
		return err
	}
	var errs []error
	components = slices.Clone(components)
	for _, dir := range converters {
		converter := metadata{dir: dir}
		converter.Status.Class = "converter"
		components = append(components, converter)
	}
	for _, md := range components {
		lines, err := manifestLines(root, &md, version)
		if err == nil {
			err = replaceBlock(filepath.Join(root, md.dir, "README.md"), "manifest", checkout+"```yaml\n"+lines+"```\n")
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func moduleVersion(root string) (string, error) {
	var versions struct {
		Sets map[string]struct {
			Version string `yaml:"version"`
		} `yaml:"module-sets"`
	}
	content, err := os.ReadFile(filepath.Join(root, "versions.yaml"))
	if err != nil {
		return "", err
	}
	err = yaml.Unmarshal(content, &versions)
	return versions.Sets["tracecore"].Version, err
}

func manifestLines(root string, md *metadata, version string) (string, error) {
	var b strings.Builder
	needed := map[string]bool{}
	entry := func(format, dir string) error {
		gomod, err := os.ReadFile(filepath.Join(root, dir, "go.mod"))
		for _, match := range inTree.FindAllSubmatch(gomod, -1) {
			needed[string(match[1])] = true
		}
		if strings.Contains(string(gomod), "NVIDIA/go-dcgm") {
			b.WriteString("dist:\n  cgo_enabled: true\n")
		}
		fmt.Fprintf(&b, format, repository+dir+" "+version, "./tracecore/"+dir)
		return err
	}
	if telemetry := md.dir + "/telemetry"; exists(filepath.Join(root, telemetry, "go.mod")) {
		if err := entry("telemetry:\n  gomod: %s\n  path: %s\n", telemetry); err != nil {
			return "", err
		}
	}
	err := entry(md.Status.Class+"s:\n  - gomod: %s\n    path: %s\n", md.dir)
	if len(needed) > 0 {
		b.WriteString("replaces:\n")
	}
	for _, dir := range slices.Sorted(maps.Keys(needed)) {
		fmt.Fprintf(&b, "  - %s%s => ../tracecore/%s\n", repository, dir, dir)
	}
	return b.String(), err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
