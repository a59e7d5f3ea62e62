// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// node of the recordings, whose GPUs are idle.
const recordedNode = "include ../../receiver/dcgmreceiver/internal/dcgm/testdata/%s.scenario\nfield 112 * const 1\n"

// pageOf renders metrics as a page without values: help, type and series, sorted.
func pageOf(md pmetric.Metrics) []string {
	seen := map[string]bool{}
	for m, point := range points(md) {
		kind := "gauge"
		if m.Type() == pmetric.MetricTypeSum {
			kind = "counter"
		}
		seen["# HELP "+m.Name()+" "+m.Description()] = true
		seen["# TYPE "+m.Name()+" "+kind] = true
		var labels []string
		for key, value := range point.Attributes().All() {
			labels = append(labels, fmt.Sprintf("%s=%q", key, value.AsString()))
		}
		slices.Sort(labels)
		seen[m.Name()+"{"+strings.Join(labels, ",")+"}"] = true
	}
	return sortedKeys(seen)
}

var label = regexp.MustCompile(`\w+="(?:[^"\\]|\\.)*"`)

// recordedPage is a page of dcgm-exporter without values.
func recordedPage(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "dcgm-exporter", name+".prom"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			seen[line] = true
			continue
		}
		metric, _, _ := strings.Cut(line, "{")
		labels := label.FindAllString(line, -1)
		slices.Sort(labels)
		seen[metric+"{"+strings.Join(labels, ",")+"}"] = true
	}
	delete(seen, "")
	return sortedKeys(seen)
}

func sortedKeys[V any](seen map[string]V) []string {
	var keys []string
	for key := range seen {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// countersOf is the counters file of a recorded page, as far as the page shows it.
func countersOf(page []string) string {
	var b strings.Builder
	kinds := map[string]string{}
	for _, line := range page {
		if family, is := strings.CutPrefix(line, "# TYPE "); is {
			name, kind, _ := strings.Cut(family, " ")
			kinds[name] = kind
		}
	}
	for _, line := range page {
		if family, is := strings.CutPrefix(line, "# HELP "); is {
			name, help, _ := strings.Cut(family, " ")
			fmt.Fprintf(&b, "%s, %s, %q\n", name, kinds[name], help)
		}
	}
	return b.String()
}

// What is recorded from dcgm-exporter, and what is done to the simulated node to get there.
func TestPageIsThatOfDCGMExporter(t *testing.T) {
	xids := []string{"xid gpu=3 code=79", "xid gpu=2 code=31", "xid gpu=2 code=31", "field gpu=4 id=112 value=68"}
	for name, tt := range map[string]struct {
		node   string
		events []string
	}{
		"h100x8":        {node: "node"},
		"events":        {node: "node", events: xids},
		"mig":           {node: "mig"},
		"mig-after-xid": {node: "mig", events: append(xids, "xid gpu=0 gi=0 code=43", "ecc gpu=5 type=dbe count=7")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOST_NAME", "localhost")
			want := recordedPage(t, name)
			change := func(cfg *Config) {
				cfg.Views = []string{viewDCGMExporter}
				cfg.DCGMExporter.HostnameLabel = hostnameLower
				if name != "h100x8" {
					cfg.DCGMExporter.Counters = countersOf(want)
				}
			}
			simulateWith(t, fmt.Sprintf(recordedNode, tt.node), change, nil, func(s *simulation) {
				s.pass(30 * time.Second)
				if len(tt.events) > 0 {
					s.sim.Send(tt.events...)
				}
				s.pass(2 * time.Minute)
				batches := s.sink.AllMetrics()
				require.Equal(s.t, strings.Join(want, "\n"), strings.Join(pageOf(batches[len(batches)-1]), "\n"))
			})
		})
	}
}
