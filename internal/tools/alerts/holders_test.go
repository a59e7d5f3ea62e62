// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// held is how many samples a job lasts in these tests: less than most rules wait.
const held = 4

// values returns the samples of promtool's notation, as far as the table uses it.
func values(t *testing.T, notation string) (samples []string) {
	t.Helper()
	term := regexp.MustCompile(`^(_|stale|-?[\d.]+)(?:([+-][\d.]+))?(?:x(\d+))?$`)
	for word := range strings.FieldsSeq(notation) {
		m := term.FindStringSubmatch(word)
		require.NotNil(t, m, word)
		n, _ := strconv.Atoi(m[3])
		if m[1] == "_" {
			n = max(n-1, 0)
		}
		first, err := strconv.ParseFloat(m[1], 64)
		step, _ := strconv.ParseFloat(m[2], 64)
		for i := range n + 1 {
			if err != nil {
				samples = append(samples, m[1])
				continue
			}
			samples = append(samples, strconv.FormatFloat(first+float64(i)*step, 'f', -1, 64))
		}
	}
	return samples
}

var (
	ofGPU = regexp.MustCompile(`[{,](hw_id|UUID)="`)
	// unheld have no holder's labels: NVSwitches, what says who holds a GPU, and the Collector.
	unheld = regexp.MustCompile(`^(gpu_nvswitch|gpu_sxid|gpu_allocation_state|tracecore_)`)
)

// byHolder gives the samples of a series of a GPU to one job after the other. Each job's series ends when the next begins.
func byHolder(t *testing.T, s series) (split []series) {
	t.Helper()
	all := values(t, s.Values)
	if !ofGPU.MatchString(s.Name) || unheld.MatchString(s.Name) || strings.Contains(s.Name, "slurm_job_id") || len(all) > 1000 { // Days of jobs take long.
		return []series{s}
	}
	for from := 0; from < len(all); from += held {
		part := append([]string{}, all[from:min(from+held, len(all))]...)
		if from > 0 {
			part = append([]string{"_x" + strconv.Itoa(from)}, part...)
		}
		name := strings.TrimSuffix(s.Name, "}") + fmt.Sprintf(`,slurm_job_id="%d"}`, from)
		split = append(split, series{name, strings.Join(append(part, "stale"), " ")})
	}
	return split
}

// What is wrong with a board stays one alert while jobs come and go on it, also where it happens at the moment of a change.
func TestPromtoolSeesAlertsOfBoardsOutliveJobs(t *testing.T) {
	promtool := promtoolBinary(t)
	for _, f := range flavours {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			args := []string{"test", "rules"}
			for _, r := range allRules() {
				if f.expr(r) != "" && !r.Holder {
					args = append(args, holderFiles(t, f, r)...)
				}
			}
			require.Greater(t, len(args), 20)
			out, err := exec.Command(promtool, args...).CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

// holderFiles has the rule's cases that fire or stay quiet, with the samples of GPUs given to jobs.
func holderFiles(t *testing.T, f flavour, r rule) []string {
	t.Helper()
	var tests []map[string]any
	for _, c := range f.tests(r) {
		split := c
		split.Series = nil
		for _, s := range c.Series {
			split.Series = append(split.Series, byHolder(t, s)...)
		}
		if c.Kind == firstScrape || len(split.Series) == len(c.Series) {
			continue
		}
		test := promtoolTest(r, split)
		ofHolder := map[string]any{"expr": `count(ALERTS{alertname="` + r.Name + `", slurm_job_id!=""})`, "eval_time": c.At}
		test["promql_expr_test"] = append(test["promql_expr_test"].([]any), ofHolder)
		tests = append(tests, test)
	}
	if len(tests) == 0 {
		return nil
	}
	path := promtoolFile(t, f, r)
	content, err := yaml.Marshal(map[string]any{"rule_files": []string{"rule.yaml"}, "evaluation_interval": "1m", "tests": tests})
	require.NoError(t, err)
	path = filepath.Join(filepath.Dir(path), "holders.yaml")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return []string{path}
}
