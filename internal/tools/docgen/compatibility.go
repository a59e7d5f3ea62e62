// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// availability is relative to the root of the repository. It lists the modules of
// otelcol-contrib 0.152.0, and the version of each that the module proxy serves.
const availability = "internal/e2e/testdata/otelcol-contrib-0.152.0-availability.tsv"

// kinds are the sections of a manifest, in the order in which users read a configuration.
var kinds = []string{"receivers", "processors", "exporters", "connectors", "extensions", "providers"}

// missing stands where a version would.
const missing = "missing"

// module is one row of the availability list.
type module struct {
	kind, path, upstream, served, older, note string
}

// compatibilityTable lists every module of otelcol-contrib with the version carried here.
func compatibilityTable(root string) (string, error) {
	modules, err := loadAvailability(filepath.Join(root, filepath.FromSlash(availability)))
	if err != nil {
		return "", err
	}
	carried, err := loadManifest(filepath.Join(root, "builder-config.yaml"))
	if err != nil {
		return "", err
	}
	names, err := loadNames(root)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, kind := range kinds {
		writeKind(&b, kind, modules, carried, names)
	}
	return b.String(), nil
}

func writeKind(b *strings.Builder, kind string, modules []module, carried map[string]string, names map[string]componentName) {
	var rows strings.Builder
	have, all := 0, 0
	for _, m := range modules {
		if m.kind != kind {
			continue
		}
		all++
		version, found := carried[m.path]
		if found {
			have++
		} else {
			version = missing
		}
		fmt.Fprintf(&rows, "| %s | `%s` | %s | %s |\n", names[m.key()], m.name(), version, m.reason(version))
	}
	fmt.Fprintf(b, "\n### %s: %d of %d\n\n| component | module | version here | why not upstream's |\n| --- | --- | --- | --- |\n%s",
		strings.ToUpper(kind[:1])+kind[1:], have, all, rows.String())
}

// name is the module's path below the folder of its kind.
func (m *module) name() string {
	folder := "/" + strings.TrimSuffix(m.kind, "s") + "/"
	return m.path[strings.LastIndex(m.path, folder)+len(folder):]
}

// reason says why the version here is not upstream's.
func (m *module) reason(version string) string {
	switch {
	case version == m.upstream:
		return ""
	case version > m.upstream && version != missing: // one line of releases, so they compare as text
		return "patch release of the same line"
	case version != missing:
		return m.upstream + " is not served; this is the nearest"
	case m.note != "":
		return fmt.Sprintf("%s is not served; %s", m.upstream, m.note)
	case m.older != "":
		return fmt.Sprintf("%s is not served; nearest: %s", m.upstream, m.older)
	default:
		return m.upstream + " is not served"
	}
}

func loadAvailability(path string) (modules []module, err error) {
	rows, err := readTSV(path, 6)
	for _, cells := range rows {
		modules = append(modules, module{cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]})
	}
	return modules, err
}

// loadManifest returns the version of every module in the sections of an OCB manifest.
func loadManifest(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var sections map[string]yaml.Node
	if err := yaml.Unmarshal(content, &sections); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	versions := map[string]string{}
	for _, kind := range kinds {
		var entries []struct {
			GoMod string `yaml:"gomod"`
		}
		section := sections[kind]
		if err := section.Decode(&entries); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, kind, err)
		}
		for _, entry := range entries {
			name, version, _ := strings.Cut(entry.GoMod, " ")
			versions[name] = version
		}
	}
	return versions, nil
}
