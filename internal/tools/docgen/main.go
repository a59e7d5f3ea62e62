// SPDX-License-Identifier: Apache-2.0

// Command docgen writes the tables of the documentation that list what the code has: the
// components in README.md and all metrics in docs/metrics.md and docs/metrics, from every component's
// metadata.yaml and the examples beside it, what a manifest needs for each component in its README, and what of otelcol-contrib is carried, and kept, in docs/compatibility.md,
// from the manifest and a list of what users rely on. Its one argument is the root of the repository.
package main

import (
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// metadata is what docgen needs of a metadata.yaml.
type metadata struct {
	dir         string
	Type        string `yaml:"type"`
	Description string `yaml:"description"`
	Status      struct {
		Class     string              `yaml:"class"`
		Stability map[string][]string `yaml:"stability"`
	} `yaml:"status"`
	ResourceAttributes map[string]attribute `yaml:"resource_attributes"`
	Attributes         map[string]attribute `yaml:"attributes"`
	Metrics            map[string]metric    `yaml:"metrics"`
	Telemetry          struct {
		Metrics map[string]metric `yaml:"metrics"`
	} `yaml:"telemetry"`
}

type attribute struct {
	Description string   `yaml:"description"`
	Type        string   `yaml:"type"`
	Enum        []string `yaml:"enum"`
}

type metric struct {
	Prefix      string `yaml:"prefix"`
	Description string `yaml:"description"`
	Unit        string `yaml:"unit"`
	Enabled     bool   `yaml:"enabled"`
	Sum         *struct {
		Monotonic bool `yaml:"monotonic"`
	} `yaml:"sum"`
	Gauge      *struct{} `yaml:"gauge"`
	Attributes []string  `yaml:"attributes"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: docgen ROOT")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(root string) error {
	components, err := load(root, "receiver/*", "processor/*", "exporter/*", "extension/*")
	if err != nil {
		return err
	}
	shared, err := load(root, "internal/selftelemetry")
	if err != nil {
		return err
	}
	compatibility, err := compatibilityTable(root)
	if err != nil {
		return err
	}
	older, err := olderTable(root)
	if err != nil {
		return err
	}
	reliedOn, err := dropInTable(root)
	if err != nil {
		return err
	}
	return errors.Join(
		replaceManifests(root, components),
		replaceBlock(filepath.Join(root, "docs", "compatibility.md"), "drop-in", reliedOn),
		replaceBlock(filepath.Join(root, "docs", "compatibility.md"), "compatibility", compatibility),
		replaceBlock(filepath.Join(root, "docs", "compatibility.md"), "older", older),
		replaceBlock(filepath.Join(root, "README.md"), "components", componentTable(components)),
		replaceMetrics(root, components, append(shared, components...)),
	)
}

func load(root string, patterns ...string) ([]metadata, error) {
	var all []metadata
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(root, pattern, "metadata.yaml"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			dir, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return nil, err
			}
			md := metadata{dir: filepath.ToSlash(dir)}
			if err := yaml.Unmarshal(content, &md); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			all = append(all, md)
		}
	}
	return all, nil
}

func componentTable(components []metadata) string {
	var b strings.Builder
	b.WriteString("| component | kind | stability | what it does |\n| --- | --- | --- | --- |\n")
	for _, md := range components {
		fmt.Fprintf(&b, "| [`%s`](%s) | %s | %s | %s |\n", md.Type, md.dir, md.Status.Class, md.stability(), md.Description)
	}
	return b.String()
}

func (md *metadata) stability() string {
	var levels []string
	for _, level := range slices.Sorted(maps.Keys(md.Status.Stability)) {
		signals := strings.Join(md.Status.Stability[level], ", ")
		if signals == md.Status.Class {
			levels = append(levels, level)
			continue
		}
		levels = append(levels, level+": "+signals)
	}
	return strings.Join(levels, "; ")
}

func (m metric) kind() string {
	switch {
	case m.Sum != nil && m.Sum.Monotonic:
		return "counter"
	case m.Sum != nil:
		return "up-down counter"
	case m.Gauge != nil:
		return "gauge"
	default:
		return "histogram"
	}
}

func codes(names []string) string { return strings.Join(quoted(names), ", ") }

func quoted(names []string) []string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		out = append(out, "`"+name+"`")
	}
	return out
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// replaceBlock puts text between the two markers of this name in the file at path.
func replaceBlock(path, name, text string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- generated "+name+" -->\n", "<!-- end generated "+name+" -->\n"
	before, rest, found := strings.Cut(string(content), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s: no block between %q and %q", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+text+end+after), 0o600)
}
