// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// availability lists the modules of otelcol-contrib 0.152.0.
const availability = "internal/e2e/testdata/otelcol-contrib-0.152.0-availability.tsv"

// kinds are the sections of a manifest that hold components.
var kinds = []string{"receiver", "processor", "exporter", "connector", "extension"}

// module is a module of otelcol-contrib 0.152.0.
type module struct {
	kind, base string
	version    string // the one carried, such as 0.146.0, if any
	name       string // in 0.152
	here       string // in the version carried
}

// irregular are the names that do not follow from the module's and contrib's list of 0.160: of
// modules named otherwise, of the core, and of what contrib has dropped since.
var irregular = map[string]string{
	"asapauthextension":           "asapclient",
	"oauth2clientauthextension":   "oauth2client",
	"oidcauthextension":           "oidc",
	"awscontainerinsightreceiver": "awscontainerinsightreceiver",
	"podmanreceiver":              "podman_stats",
	"simpleprometheusreceiver":    "prometheus_simple",
	"otlpexporter":                "otlp_grpc",
	"otlphttpexporter":            "otlp_http",
	"memorylimiterprocessor":      "memory_limiter",
	"batchprocessor":              "batch",
	"otlpreceiver":                "otlp",
	"nopreceiver":                 "nop",
	"nopexporter":                 "nop",
	"debugexporter":               "debug",
	"forwardconnector":            "forward",
	"zpagesextension":             "zpages",
	"jmxreceiver":                 "jmx",
	"kafkatopicsobserver":         "kafkatopics_observer",
	"sumologicextension":          "sumologic",
	"coralogixprocessor":          "coralogix",
}

// plain is the name of the module without its kind, the compact form of its component's names.
func (m *module) plain() component {
	return component{m.kind, strings.TrimSuffix(m.base, m.kind)}
}

func loadModules(root string) ([]module, error) {
	list, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(availability)))
	if err != nil {
		return nil, err
	}
	manifest, err := os.ReadFile(filepath.Join(root, "builder-config.yaml"))
	if err != nil {
		return nil, err
	}
	carried := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)gomod: (\S+) v(\S+)$`).FindAllStringSubmatch(string(manifest), -1) {
		carried[m[1]] = m[2]
	}
	var modules []module
	for row := range strings.Lines(string(list)) {
		cells := strings.Split(row, "\t")
		if kind := strings.TrimSuffix(cells[0], "s"); slices.Contains(kinds, kind) {
			modules = append(modules, module{kind: kind, base: path.Base(cells[1]), version: carried[cells[1]]})
		}
	}
	return modules, nil
}

// latest returns the components of the contrib distribution in the release of the changelog.
func latest(dir string) (map[component]string, error) {
	content, err := os.ReadFile(filepath.Join(dir, "reports", "distributions", "contrib.yaml"))
	if err != nil {
		return nil, err
	}
	var report struct {
		Components map[string][]string `yaml:"components"`
	}
	if err := yaml.Unmarshal(content, &report); err != nil {
		return nil, fmt.Errorf("read contrib's list of components: %w", err)
	}
	names := map[component]string{}
	for kind, list := range report.Components {
		if !slices.Contains(kinds, kind) {
			continue // providers and scrapers
		}
		for _, name := range list {
			names[component{kind, name}.compact()] = name
		}
	}
	return names, nil
}

// inRepository returns the components of contrib's repository by the names of their modules.
func inRepository(dir string) (found []component, err error) {
	content, err := os.ReadFile(filepath.Join(dir, "versions.yaml"))
	if err != nil {
		return nil, err
	}
	for _, m := range regexp.MustCompile(`(?m)^ *- `+source+`/(\w+)/(\w+)$`).FindAllStringSubmatch(string(content), -1) {
		isFolder := strings.Contains(string(content), m[0]+"/")
		if slices.Contains(kinds, m[1]) && !isFolder {
			found = append(found, component{m[1], strings.TrimSuffix(m[2], m[1])})
		}
	}
	return found, nil
}

// setNames gives every module the names of its component: the latest, but for renames that came
// after the release in question.
func setNames(modules []module, latest map[component]string, renames []rename) error {
	for i := range modules {
		m := &modules[i]
		name, found := irregular[m.base]
		if !found {
			name, found = latest[m.plain()]
		}
		if !found {
			return fmt.Errorf("no name of the %s in %s is known: give it a row in the table of irregular names", m.kind, m.base)
		}
		m.name = nameAt(line, m.kind, name, renames)
		if m.version != "" {
			m.here = nameAt(m.version, m.kind, name, renames)
		}
	}
	return nil
}

func nameAt(release, kind, latest string, renames []rename) string {
	for _, r := range renames {
		if r.kind == kind && r.name == latest && after(r.release, release) {
			return r.old
		}
	}
	return latest
}

// after compares releases 0.x.y.
func after(a, b string) bool { return minor(a) > minor(b) }

func minor(release string) (n int) {
	_, _ = fmt.Sscanf(release, "0.%d", &n)
	return n
}
