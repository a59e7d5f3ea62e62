// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scrapeSeconds is how often Prometheus scrapes in these tests.
const scrapeSeconds = 15

// The rules of the README, in Prometheus' own judgement, on what the stories give.
func TestPageAlertOfTheReadmeByPromtool(t *testing.T) {
	promtool := os.Getenv("PROMTOOL")
	if promtool == "" {
		t.Skip("PROMTOOL is not set: see make test-prometheus")
	}
	folder := t.TempDir()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	rules := regexp.MustCompile("(?s)```yaml\n(groups:\n.*?)```").FindSubmatch(readme)
	require.NotNil(t, rules, "the README has no rules")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "rules.yaml"), rules[1], 0o600))
	for i := range stories {
		t.Run(stories[i].name, func(t *testing.T) {
			test, err := json.Marshal(promtoolTest(&stories[i])) // which is YAML
			require.NoError(t, err)
			path := filepath.Join(folder, strconv.Itoa(i)+".yaml")
			require.NoError(t, os.WriteFile(path, test, 0o600))
			out, err := exec.Command(promtool, "test", "rules", path).CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

func promtoolTest(s *story) map[string]any {
	return map[string]any{
		"rule_files":          []string{"rules.yaml"},
		"evaluation_interval": fmt.Sprintf("%ds", scrapeSeconds),
		"tests": []any{map[string]any{
			"interval": fmt.Sprintf("%ds", scrapeSeconds), "input_series": seriesOf(s), "alert_rule_test": s.expected(),
		}},
	}
}

// seriesOf are the gauges of a story as Prometheus scrapes them.
func seriesOf(s *story) []any {
	values := map[string][]string{}
	add := func(name, window string, value float64) {
		labels := `indicator="exporter_success_ratio",instance="node:8888",job="otelcol",objective="export"`
		if window != "" {
			labels += `,window="` + window + `"`
		}
		key := "tracecore_slo_" + name + "{" + labels + "}"
		values[key] = append(values[key], strconv.FormatFloat(value, 'g', -1, 64))
	}
	s.play(s.end(), func(second int, _, _ float64, o Objective) {
		if second%scrapeSeconds != 0 {
			return
		}
		add("error_budget_remaining", "", o.BudgetRemaining)
		for i, window := range []string{"5m", "1h", "6h"} {
			add("burn_rate", window, o.BurnRates[i].Rate)
			add("bad_passes", window, float64(o.BurnRates[i].BadPasses))
		}
	})
	var series []any
	for key, list := range values {
		series = append(series, map[string]string{"series": key, "values": strings.Join(list, " ")})
	}
	return series
}

// expected is whether the page alert fires, minute by minute.
func (s *story) expected() []any {
	var all []any
	for minute := 0; minute <= s.minutes; minute++ {
		alerts := []any{}
		if s.pages > 0 && minute >= s.pages && minute <= s.until {
			alerts = append(alerts, map[string]any{"exp_labels": map[string]string{
				"severity": "page", "objective": "export", "indicator": "exporter_success_ratio",
				"job": "otelcol", "instance": "node:8888", "window": "1h",
			}})
		}
		all = append(all, map[string]any{"eval_time": fmt.Sprintf("%dm", minute), "alertname": "ErrorBudgetBurnsFast", "exp_alerts": alerts})
	}
	return all
}
