// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var update = flag.Bool("update", false, "write the golden files")

// series by their identity, each with its value and its times as offsets from an origin.
type seriesText map[string]string

// render writes every data point as text. The four attributes that every point of a GPU has
// are cut down to the device's name.
func render(md pmetric.Metrics, origin time.Time) seriesText {
	out := seriesText{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				for _, point := range pointsOf(m).All() {
					out[m.Name()+attributesText(point.Attributes())] = pointText(m, point, origin)
				}
			}
		}
	}
	return out
}

func pointsOf(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

func attributesText(attributes pcommon.Map) string {
	var parts []string
	for key, value := range attributes.All() {
		if key != "hw.id" && key != "hw.model" && key != "hw.vendor" && key != "hw.type" {
			parts = append(parts, key+"="+value.AsString())
		}
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, " ") + "}"
}

func pointText(m pmetric.Metric, point pmetric.NumberDataPoint, origin time.Time) string {
	value := fmt.Sprint(point.DoubleValue())
	if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
		value = strconv.FormatInt(point.IntValue(), 10)
	}
	text := value + " at " + offset(point.Timestamp(), origin)
	if m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic() {
		text += " since " + offset(point.StartTimestamp(), origin)
	}
	return text
}

func offset(ts pcommon.Timestamp, origin time.Time) string {
	return ts.AsTime().Sub(origin).String()
}

// of keeps the series of some devices, and those of no device.
func (s seriesText) of(names ...string) seriesText {
	out := seriesText{}
	for key, value := range s {
		_, name, named := strings.Cut(key, "hw.name=")
		name, _, _ = strings.Cut(strings.TrimSuffix(name, "}"), " ")
		if !named || slices.Contains(names, name) {
			out[key] = value
		}
	}
	return out
}

// lines returns all series in order.
func (s seriesText) lines() string {
	var lines []string
	for key, value := range s {
		lines = append(lines, "  "+key+" "+value+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// changes returns what is new, gone, or has another value or start than before. Counters go
// on and samples are taken at any time, so that is left out.
func (s seriesText) changes(before seriesText) string {
	var lines []string
	for key, text := range s {
		old, existed := before[key]
		value, since := cutTimes(text)
		oldValue, oldSince := cutTimes(old)
		switch {
		case !existed:
			lines = append(lines, key+" appears: "+value+since)
		case since != oldSince:
			lines = append(lines, key+" restarts: "+value+since)
		case value != oldValue:
			lines = append(lines, key+" "+oldValue+" -> "+value)
		}
	}
	for key := range before {
		if _, exists := s[key]; !exists {
			lines = append(lines, key+" disappears")
		}
	}
	slices.Sort(lines)
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

// cutTimes takes the value and the start of its series out of the text of a point.
func cutTimes(text string) (value, since string) {
	value, times, _ := strings.Cut(text, " at ")
	if _, start, isCounter := strings.Cut(times, " since "); isCounter {
		since = " since " + start
	}
	return value, since
}

// requireGolden compares with a file in testdata/golden, or writes it when asked to.
func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	requireFile(t, filepath.Join("testdata", "golden", name+".txt"), got)
}

// requireFile compares with a file, or writes it when asked to.
func requireFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test -run '%s' -update rewrites it", t.Name())
}
