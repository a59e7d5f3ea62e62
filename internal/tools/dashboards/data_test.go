// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ofDemo are the intervals for a Prometheus that scrapes every second.
var ofDemo = map[string]string{"__rate_interval": "10s", "__range": "2m", "__interval": "5s"}

const tourPatience = 3 * time.Minute

// walkDemo runs the demo until its tour is over, and returns Prometheus' address. The demo's own test is that nothing of it stays.
func walkDemo(t *testing.T) (prometheus string) {
	t.Helper()
	binary := os.Getenv("DEMO_BINARY")
	if binary == "" {
		t.Skip("DEMO_BINARY is not set: make test-dashboards does it")
	}
	addresses := filepath.Join(t.TempDir(), "addresses.json")
	demo := exec.Command(binary, "-root", root, "-speed", "1000", "-addresses", addresses)
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
	said := false
	for lines := bufio.NewScanner(out); !said && lines.Scan(); {
		t.Log(lines.Text())
		said = strings.HasPrefix(lines.Text(), "The tour is over")
	}
	require.True(t, said, "the tour has not come to its end")
	go func() { _, _ = bufio.NewReader(out).WriteTo(nowhere{}) }() // So that the demo can go on writing.

	content, err := os.ReadFile(addresses)
	require.NoError(t, err)
	var at struct{ Prometheus string }
	require.NoError(t, json.Unmarshal(content, &at))
	return at.Prometheus
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// values evaluates a query over the tour, as a panel does, and returns all values of all series.
func values(t *testing.T, prometheus, expr string, begin time.Time) []float64 {
	t.Helper()
	form := url.Values{"query": {expr}, "start": {stamp(begin)}, "end": {stamp(time.Now())}, "step": {"1"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+prometheus+"/api/v1/query_range?"+form.Encode(), http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close() //nolint:errcheck // It has been read.
	var answer struct {
		Status, Error string
		Data          struct{ Result []struct{ Values [][2]any } }
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Equal(t, "success", answer.Status, "%s: %s", expr, answer.Error)
	var all []float64
	for _, series := range answer.Data.Result {
		for _, point := range series.Values {
			v, err := strconv.ParseFloat(fmt.Sprint(point[1]), 64)
			require.NoError(t, err)
			if !math.IsNaN(v) {
				all = append(all, v)
			}
		}
	}
	return all
}

func stamp(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }

func TestEveryQueryHasDataInTheDemo(t *testing.T) {
	begin := time.Now()
	prometheus := walkDemo(t)
	for _, b := range boards() {
		for _, s := range b.sections {
			for _, p := range s.panels {
				for _, q := range p.queries {
					if p.kind != logs { // There is no Loki.
						t.Run(b.file+"/"+p.title, func(t *testing.T) { checkData(t, prometheus, q, begin) })
					}
				}
			}
		}
	}
}

// dataPatience is for what comes after the tour: DCGM's health watches look twice before they say anything.
const dataPatience = 40 * time.Second

// checkData asks a query for data, and one that counts faults for a fault.
func checkData(t *testing.T, prometheus string, q query, begin time.Time) {
	t.Helper()
	evaluate := func() []float64 { return values(t, prometheus, substitute(selectors.Replace(q.expr), ofDemo), begin) }
	if q.absent != "" {
		require.Empty(t, evaluate(), "%s has data although %s: take the reason away", q.expr, q.absent)
		return
	}
	enough := func() bool {
		got := evaluate()
		return len(got) > 0 && (!strings.HasSuffix(q.expr, "or vector(0)") || slices.Max(got) > 0)
	}
	require.Eventually(t, enough, dataPatience, time.Second, "%s has no data, or the tour never makes the fault that it counts", q.expr)
}
