// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const tourPatience = 10 * time.Minute

var leftOver = regexp.MustCompile(`{{[^}]*}}`)

// addresses are those that a demo writes down.
type addresses struct{ Prometheus, Backend string }

// walkDemo runs the demo until its tour is over, and returns its addresses and when each step began. SPEED is the demo's.
// That nothing of the demo stays is for the demo's own test.
func walkDemo(t *testing.T) (at addresses, steps map[string]time.Time) {
	t.Helper()
	binary := os.Getenv("DEMO_BINARY")
	if binary == "" {
		t.Skip("DEMO_BINARY is not set: make test-dashboards does it")
	}
	speed := os.Getenv("SPEED")
	if speed == "" {
		speed = "1000"
	}
	file := filepath.Join(t.TempDir(), "addresses.json")
	demo := exec.Command(binary, "-root", root, "-speed", speed, "-addresses", file)
	out, err := demo.StdoutPipe()
	require.NoError(t, err)
	demo.Stderr = os.Stderr
	require.NoError(t, demo.Start())
	t.Cleanup(func() {
		_ = demo.Process.Signal(syscall.SIGINT) // It has ended where the tour has failed.
		_ = demo.Wait()
	})
	timer := time.AfterFunc(tourPatience, func() { _ = demo.Process.Signal(syscall.SIGTERM) })
	defer timer.Stop()
	steps = map[string]time.Time{}
	for lines := bufio.NewScanner(out); steps["The"].IsZero() && lines.Scan(); {
		t.Log(lines.Text())
		word, _, _ := strings.Cut(lines.Text(), " ")
		steps[word] = time.Now()
	}
	require.NotZero(t, steps["The"], "the tour has not come to its end")
	go func() { _, _ = io.Copy(io.Discard, out) }() // So that the demo can go on writing.

	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &at))
	return at, steps
}

// atWorst is the step before which most is wrong: pictures end there.
const atWorst = "11/13"

func TestEveryQueryHasDataInTheDemo(t *testing.T) {
	begin := time.Now()
	at, steps := walkDemo(t)
	require.NotZero(t, steps[atWorst])
	t.Run("jobs are placed from the first", func(t *testing.T) {
		require.Empty(t, span{prometheus: at.Prometheus, begin: begin, end: steps["2/13"], step: time.Second}.query(t, `ALERTS{alertname="AttributionUnresolved"}`))
	})
	worst := span{prometheus: at.Prometheus, begin: steps["1/13"], end: steps[atWorst]}
	for _, b := range boards() {
		for _, s := range b.sections {
			for _, p := range s.panels {
				for _, q := range p.queries {
					t.Run(b.file+"/"+p.title, func(t *testing.T) {
						if p.kind == logs {
							checkRecords(t, at.Backend, q)
							return
						}
						checkData(t, at.Prometheus, q, begin)
					})
				}
			}
		}
		t.Run(b.file+" as a picture", func(t *testing.T) { checkPicture(t, b, worst) })
	}
}

// dataPatience is for what comes after the tour: DCGM's health watches look twice before they say anything.
const dataPatience = 40 * time.Second

// checkData asks a query for data, and one that counts faults for a fault.
func checkData(t *testing.T, prometheus string, q query, begin time.Time) {
	t.Helper()
	evaluate := func() (points int, highest float64) {
		for _, s := range (span{prometheus: prometheus, begin: begin, end: time.Now(), step: time.Second}).query(t, q.expr) {
			for _, v := range s.values {
				if !math.IsNaN(v) {
					points++
					highest = max(highest, v)
				}
			}
		}
		return points, highest
	}
	if q.absent != "" {
		points, _ := evaluate()
		require.Zero(t, points, "%s has data although %s: take the reason away", q.expr, q.absent)
		return
	}
	require.Eventually(t, func() bool {
		points, highest := evaluate()
		counts := strings.HasSuffix(q.expr, "or vector(0)") || strings.Contains(q.expr, "offset $__rate_interval")
		return points > 0 && (highest > 0 || !counts)
	}, dataPatience, time.Second, "%s has no data, or the tour never makes the fault that it counts", q.expr)
}

var filteredLabel = regexp.MustCompile(`\| ([a-z_]+) (?:!=|=~)`)

// checkRecords asks the backend of the demo, in place of a Loki, for a record that has all the attributes by which a query
// filters. Loki calls them by their names with underscores.
func checkRecords(t *testing.T, backend string, q query) {
	t.Helper()
	resp, err := http.Get("http://" + backend + "/records") //nolint:noctx // The demo answers from memory.
	require.NoError(t, err)
	defer resp.Body.Close() //nolint:errcheck // It has been read.
	var records []struct{ Attributes map[string]string }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&records))
	labels := filteredLabel.FindAllStringSubmatch(q.expr, -1)
	require.NotEmpty(t, labels)
	for _, record := range records {
		has := map[string]bool{}
		for name, value := range record.Attributes {
			has[strings.ReplaceAll(name, ".", "_")] = value != ""
		}
		if !slices.ContainsFunc(labels, func(match []string) bool { return !has[match[1]] }) {
			return
		}
	}
	require.Fail(t, "no record has the attributes of "+q.expr)
}
