// SPDX-License-Identifier: Apache-2.0

// Command sbom completes the bill of materials of a binary, as cyclonedx-gomod writes it from
// what Go embeds: modules of this repository get their names, every module its licence. It
// writes a licence report beside it, and fails on licences that nobody allowed.
//
// Arguments: the folder whose go.mod the binary was built from, the list of allowed licences,
// the bill to complete, and the path of the report. The bill is changed in place.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

const ours = "github.com/tracecoreai/tracecore"

// bill is what matters here of a CycloneDX document; the rest is passed through.
type bill map[string]any

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: sbom FOLDER LICENSES.tsv BILL.json REPORT.txt")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func run(folder, allowList, billPath, reportPath string) error {
	rules, err := readRules(allowList)
	if err != nil {
		return fmt.Errorf("read the allowed licences: %w", err)
	}
	content, err := os.ReadFile(billPath)
	if err != nil {
		return err
	}
	var b bill
	if content, err = nameOurs(content); err != nil {
		return fmt.Errorf("read %s: %w", billPath, err)
	}
	if err := json.Unmarshal(content, &b); err != nil {
		return fmt.Errorf("read %s: %w", billPath, err)
	}
	b.dropToolHashes()
	found, err := licencesOf(folder, b.modules(), rules)
	if err != nil {
		return err
	}
	b.addLicences(found)
	if content, err = json.MarshalIndent(b, "", "  "); err != nil {
		return err
	}
	if err := os.WriteFile(billPath, append(content, '\n'), 0o644); err != nil { //nolint:gosec // It is published.
		return err
	}
	if err := os.WriteFile(reportPath, []byte(report(found)), 0o644); err != nil { //nolint:gosec // It is published.
		return err
	}
	return rules.check(found)
}

// nameOurs replaces the relative paths by which go.mod knows the modules of this repository,
// and gives them the version of the binary: they are released together.
func nameOurs(content []byte) ([]byte, error) {
	var b struct {
		Metadata struct {
			Component struct {
				Version string `json:"version"`
			} `json:"component"`
		} `json:"metadata"`
	}
	err := json.Unmarshal(content, &b)
	names := strings.NewReplacer("golang/../../", "golang/"+ours+"/", `"../../`, `"`+ours+"/", "(devel)", b.Metadata.Component.Version)
	return []byte(names.Replace(string(content))), err
}

// dropToolHashes leaves out the hashes of the tool: another machine's linker would change them.
func (b bill) dropToolHashes() {
	metadata, _ := b["metadata"].(map[string]any)
	tools, _ := metadata["tools"].([]any)
	for _, tool := range tools {
		delete(tool.(map[string]any), "hashes")
	}
}

func (b bill) components() []map[string]any {
	list, _ := b["components"].([]any)
	var components []map[string]any
	for _, item := range list {
		components = append(components, item.(map[string]any))
	}
	return components
}

func (b bill) modules() []string {
	var names []string
	for _, component := range b.components() {
		names = append(names, component["name"].(string))
	}
	return names
}

func (b bill) addLicences(found map[string][]string) {
	for _, component := range b.components() {
		var licences []any
		for _, id := range found[component["name"].(string)] {
			licences = append(licences, map[string]any{"license": map[string]any{"id": id}})
		}
		component["licenses"] = licences
	}
}

// report lists the modules below each licence.
func report(found map[string][]string) string {
	byLicence := map[string][]string{}
	for module, ids := range found {
		key := strings.Join(ids, " AND ")
		byLicence[key] = append(byLicence[key], module)
	}
	var out strings.Builder
	for _, key := range sortedKeys(byLicence) {
		modules := byLicence[key]
		slices.Sort(modules)
		fmt.Fprintf(&out, "%s\n  %s\n\n", key, strings.Join(modules, "\n  "))
	}
	return out.String()
}
