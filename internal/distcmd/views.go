// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pipeline"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

var (
	viewsPath    = []string{"views"}
	countersPath = []string{"dcgm_exporter", "counters"}
	namesPath    = []string{"dcgm_exporter", "names"}
	devicesPath  = []string{"devices"}
)

// checkViews reports two dcgm receivers of one pipeline whose views have the same series: a page would have the newest point of either.
func checkViews(config map[string]any) error {
	pipelines, _ := at(config, "service", "pipelines").(map[string]any)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(pipelines)) {
		if signal, _, _ := strings.Cut(name, "/"); strings.TrimSpace(signal) != pipeline.SignalMetrics.String() {
			continue
		}
		one := map[string]any{"receivers": config["receivers"], "service": map[string]any{"pipelines": map[string]any{name: pipelines[name]}}}
		var before []used
		for _, u := range usedOf(one, "receivers") {
			if u.typ != "dcgm" {
				continue
			}
			for _, other := range before {
				if shared := sharedSeries(u, other); shared != "" {
					errs = append(errs, u.errorf(viewsPath, "has %s, as receivers::%s has, in pipeline %s: keep one of them, or give each its own counters or devices", shared, other.id, name))
				}
			}
			before = append(before, u)
		}
	}
	return errors.Join(errs...)
}

// sharedSeries names a series that two receivers have of one GPU, or nothing.
func sharedSeries(a, b used) string {
	if !slices.Equal(engineOf(a), engineOf(b)) {
		return ""
	}
	if devices := listAt(a, devicesPath); len(devices) > 0 && !overlap(devices, listAt(b, devicesPath)) {
		return ""
	}
	both := func(view string) bool {
		return slices.Contains(listAt(a, viewsPath), view) && slices.Contains(listAt(b, viewsPath), view)
	}
	switch {
	case both("google"):
		return "the view google"
	case !both("dcgm_exporter"):
		return ""
	}
	names := seriesOf(b)
	for _, name := range seriesOf(a) {
		if slices.Contains(names, name) {
			return "the series " + name
		}
	}
	return ""
}

// engineOf returns what says where a receiver's host engine is.
func engineOf(u used) []any { return []any{at(u.config, "mode"), at(u.config, "endpoint")} }

func overlap(a, b []string) bool {
	return len(b) == 0 || slices.Contains(a, "all") || slices.Contains(b, "all") || slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
}

// listAt returns a list that may be written as a text.
func listAt(u used, path []string) []string {
	switch value := at(u.config, path...).(type) {
	case []any:
		var list []string
		for _, one := range value {
			list = append(list, fmt.Sprint(one))
		}
		return list
	case nil:
		return nil
	default:
		return strings.Split(fmt.Sprint(value), ",")
	}
}

// seriesOf returns the names of a receiver's series of the view dcgm_exporter.
func seriesOf(u used) []string {
	release := ""
	if names := at(u.config, namesPath...); names != nil {
		release = fmt.Sprint(names)
	}
	engine := dcgmnames.Version{Major: 4, Minor: 7}
	if release == dcgmnames.Release48 {
		engine.Minor = 6
	}
	var series []string
	for _, name := range countersOf(u, release) {
		field, err := dcgmnames.Resolve(name, engine)
		if err != nil { // It is one of dcgm-exporter's own, or the receiver refuses it.
			series = append(series, name)
			continue
		}
		series = append(series, dcgmnames.SeriesOf(name, field, release)...)
	}
	return series
}

// inBoth are the counters of dcgm-exporter's default file that have the same name in 4.8 and 4.9.
var inBoth = []string{"DCGM_FI_DEV_VGPU_LICENSE_STATUS", "DCGM_FI_PROF_PCIE_TX_BYTES", "DCGM_FI_PROF_PCIE_RX_BYTES"}

// only49 is the counter that only 4.9's has.
const only49 = "DCGM_FI_DEV_FB_CAPACITY_BYTES"

// defaultCounters returns those counters of dcgm-exporter's default file that make series.
func defaultCounters(release string) []string {
	names := slices.Clone(inBoth)
	for _, rename := range dcgmnames.Renames() {
		if !rename.Label {
			names = append(names, rename.Old)
		}
	}
	if release == dcgmnames.Release49 || release == dcgmnames.BothReleases {
		names = append(names, only49)
	}
	return names
}

// countersOf returns the fields of a receiver's counters file that make series. What is wrong with the file, the receiver says.
func countersOf(u used, release string) []string {
	text, _ := at(u.config, countersPath...).(string)
	var names []string
	switch {
	case text == "" || text == "default":
		return defaultCounters(release)
	case !strings.ContainsAny(text, "\n,"):
		content, err := os.ReadFile(text)
		if err != nil {
			return nil
		}
		text = string(content)
	}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ",")
		kind, _, _ := strings.Cut(rest, ",")
		if name = unquoted(name); name != "" && !strings.HasPrefix(name, "#") && unquoted(kind) != "label" {
			names = append(names, name)
		}
	}
	return names
}

// unquoted is a cell of a counters file that has no comma.
func unquoted(cell string) string {
	return strings.TrimSpace(strings.Trim(strings.TrimSpace(cell), `"`))
}
