// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// dropIn is relative to the root of the repository: what users of otelcol-contrib rely on, and
// the tests that prove it.
const dropIn = "internal/e2e/testdata/dropin/items.yaml"

// proofs are the folders of such tests, with the target that runs them.
var proofs = []struct{ dir, target string }{
	{"internal/e2e", "test-e2e"},
	{"internal/e2e/packages", "test-packages"},
	{"internal/tools/images", "test-images"},
	{"internal/tools/kubernetes", "test-kubernetes"},
	{"internal/tools/release/sbom", "test-unit"},
}

// needsStock is the prefix of tests that compare with a stock Collector, and their target's.
const needsStock, stockTarget = "DropIn", "test-stock"

type area struct {
	Area  string `yaml:"area"`
	Items []struct {
		What    string   `yaml:"what"`
		Tests   []string `yaml:"tests"`
		Differs string   `yaml:"differs"`
	} `yaml:"items"`
}

// dropInTable lists what users rely on with its tests. It fails for a test that does not exist.
func dropInTable(root string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(dropIn)))
	if err != nil {
		return "", err
	}
	var areas []area
	if err := yaml.Unmarshal(content, &areas); err != nil {
		return "", fmt.Errorf("%s: %w", dropIn, err)
	}
	targets, err := testTargets(root)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, area := range areas {
		fmt.Fprintf(&b, "\n### %s\n\n| users rely on | proven by | differs |\n| --- | --- | --- |\n", area.Area)
		for _, item := range area.Items {
			var tests []string
			for _, test := range item.Tests {
				target, found := targets[test]
				if !found {
					return "", fmt.Errorf("%s: %q: there is no test %s", dropIn, item.What, test)
				}
				tests = append(tests, fmt.Sprintf("`%s` (%s)", test, target))
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", item.What, strings.Join(tests, ", "), item.Differs)
		}
	}
	return b.String(), nil
}

// testTargets returns the make target that runs each test and benchmark.
func testTargets(root string) (map[string]string, error) {
	targets := map[string]string{}
	for _, proof := range proofs {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(proof.dir), "*_test.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			for line := range strings.Lines(string(source)) {
				if name, isFunc := strings.CutPrefix(line, "func "); isFunc {
					name, _, _ = strings.Cut(name, "(")
					targets[name] = targetOf(name, proof.target)
				}
			}
		}
	}
	return targets, nil
}

func targetOf(test, target string) string {
	switch {
	case strings.HasPrefix(test, "Benchmark"):
		return "bench-stock"
	case strings.HasPrefix(test, "Test"+needsStock):
		return stockTarget
	default:
		return target
	}
}
