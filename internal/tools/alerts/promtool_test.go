// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const root = "../../.."

// promtoolBinary skips where nobody asked for promtool: `make test-alerts` does.
func promtoolBinary(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("PROMTOOL")
	if binary == "" {
		t.Skip("PROMTOOL is not set: see make test-alerts")
	}
	return binary
}

func TestPromtoolAcceptsTheRuleFiles(t *testing.T) {
	promtool := promtoolBinary(t)
	files, err := filepath.Glob(root + "/docs/alerts/*.rules.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2*len(flavours))
	out, err := exec.Command(promtool, append([]string{"check", "rules"}, files...)...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// What the operator loads is what promtool has accepted.
func TestManifestsHaveTheRulesOfTheFiles(t *testing.T) {
	type groups []map[string]any
	for _, f := range flavours {
		for _, suffix := range []string{"", "-optional"} {
			var rules struct{ Groups groups }
			var manifest struct {
				APIVersion string `yaml:"apiVersion"`
				Kind       string
				Metadata   struct{ Name string }
				Spec       struct{ Groups groups }
			}
			require.NoError(t, yaml.Unmarshal([]byte(read(t, "docs/alerts/"+f.name+suffix+".rules.yaml")), &rules))
			require.NoError(t, yaml.Unmarshal([]byte(read(t, "docs/alerts/kubernetes/"+f.name+suffix+".yaml")), &manifest))
			require.Equal(t, "monitoring.coreos.com/v1 PrometheusRule", manifest.APIVersion+" "+manifest.Kind)
			require.Regexp(t, `^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`, manifest.Metadata.Name, "a name that Kubernetes takes")
			require.NotEmpty(t, rules.Groups)
			require.Equal(t, rules.Groups, manifest.Spec.Groups)
		}
	}
}

func TestPromtoolSeesEveryRuleFireAndStayQuiet(t *testing.T) {
	promtool := promtoolBinary(t)
	for _, f := range flavours {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"test", "rules"}
			for _, r := range allRules() {
				if f.expr(r) != "" {
					args = append(args, promtoolFile(t, f, r))
				}
			}
			out, err := exec.Command(promtool, args...).CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

// promtoolFile writes the rule alone, and its tests, and returns the path of these.
func promtoolFile(t *testing.T, f flavour, r rule) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), r.Name) // promtool names it where a test fails.
	require.NoError(t, os.Mkdir(dir, 0o700))
	rules, err := plain([]group{{Name: "one", Rules: []alert{r.alert(f, asWritten)}}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rule.yaml"), rules, 0o600))
	var tests []map[string]any
	for _, c := range f.tests(r) {
		tests = append(tests, promtoolTest(r, c))
	}
	content, err := yaml.Marshal(map[string]any{"rule_files": []string{"rule.yaml"}, "evaluation_interval": "1m", "tests": tests})
	require.NoError(t, err)
	path := filepath.Join(dir, "test.yaml")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func promtoolTest(r rule, c testCase) map[string]any {
	var input []map[string]string
	for _, s := range c.Series {
		input = append(input, map[string]string{"series": s.Name, "values": s.Values})
	}
	query := map[string]any{
		"expr":      `count(ALERTS{alertname="` + r.Name + `", alertstate="firing", severity="` + string(r.Severity) + `"}) > bool 0`,
		"eval_time": c.At,
	}
	if c.Firing {
		query["exp_samples"] = []map[string]any{{"labels": "{}", "value": 1}}
	}
	return map[string]any{"name": string(c.Kind), "interval": "1m", "input_series": input, "promql_expr_test": []any{query}}
}
