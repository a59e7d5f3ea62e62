// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	listOfLabels = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right) \([^)]*\)`)
	selectorOf   = regexp.MustCompile(`\b((?:clock|dcgm|gpu|hw|kernel|otelcol|tracecore)_\w+)(\{[^}]*\})?`)
	matcherOf    = regexp.MustCompile(`(\w+)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"`)
	labelOf      = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// selector takes the series of a page that a rule asks for, whatever their values.
type selector struct {
	metric   string
	matchers [][]string // label, operator, text
}

func selectorsIn(expr string) (all []selector) {
	for _, found := range selectorOf.FindAllStringSubmatch(listOfLabels.ReplaceAllString(expr, ""), -1) {
		s := selector{metric: found[1]}
		for _, matcher := range matcherOf.FindAllStringSubmatch(found[2], -1) {
			s.matchers = append(s.matchers, matcher[1:])
		}
		all = append(all, s)
	}
	return all
}

func (s *selector) takes(labels map[string]string) bool {
	return !slices.ContainsFunc(s.matchers, func(matcher []string) bool {
		pattern := matcher[2]
		if !strings.HasSuffix(matcher[1], "~") {
			pattern = regexp.QuoteMeta(pattern)
		}
		equal := regexp.MustCompile("^(?:" + pattern + ")$").MatchString(labels[matcher[0]])
		return equal == strings.HasPrefix(matcher[1], "!")
	})
}

// in is whether a page has a series for the selector.
func (s *selector) in(page string) bool {
	for _, series := range seriesOfPage.FindAllStringSubmatch(page, -1) {
		if series[1] != s.metric {
			continue
		}
		labels := map[string]string{}
		for _, label := range labelOf.FindAllStringSubmatch(series[0], -1) {
			labels[label[1]] = label[2]
		}
		if s.takes(labels) {
			return true
		}
	}
	return false
}

// alertsOf returns the alerts that are on by default and can fire on page: all that they ask for and whole has, page has as well.
func alertsOf(t *testing.T, page, whole string) (names []string) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	readYAML(t, root+"/docs/alerts/tracecore.rules.yaml", &rules)
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			wanted := selectorsIn(rule.Expr)
			if slices.ContainsFunc(wanted, func(s selector) bool { return !(&selector{metric: s.metric}).in(whole) }) {
				continue // It is about something else.
			}
			wanted = slices.DeleteFunc(wanted, func(s selector) bool { return !s.in(whole) })
			if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(s selector) bool { return !s.in(page) }) {
				names = append(names, rule.Alert)
			}
		}
	}
	return names
}

// Examples that leave out metrics say which alerts are left: of those that can fire with all metrics, on a node that has had XIDs.
func TestExamplesListTheAlertsThatTheirMetricsAreFor(t *testing.T) {
	if filepath.Base(binary) != flavours["node"] {
		t.Skip("the same for every flavour")
	}
	begin := func(name string) *trial {
		control := controlFile(t)
		x := try(t, readHead(t, examplesFolder+name), []string{"DCGMSIM_CONTROL=" + control}, "--set=receivers.dcgm.health_interval=30s")
		requireEmits(t, []string{"gpu_up", "*"}, x.families) // What was before the first collection is not counted.
		sendControl(t, control, "xid gpu=0 code=43", "xid gpu=1 code=63", "xid gpu=2 code=79")
		return x
	}
	whole := begin("agent-single-node.yaml")
	var all []string
	eventually(t, func() bool {
		_, page := get(whole.page, "/metrics")
		all = alertsOf(t, page, page)
		return !slices.ContainsFunc([]string{"GPUXidCritical", "GPUXidWarning", "GPUXidApplication", "GPUHealthFailed"}, func(name string) bool { return !slices.Contains(all, name) })
	}, "there are no XIDs, or no health")
	_, reference := get(whole.page, "/metrics")
	whole.stop(t)

	for _, e := range examples(t) {
		if len(e.Alerts) == 0 {
			continue
		}
		require.Less(t, len(e.Alerts), len(all), e.name)
		x := begin(e.name)
		var left []string
		eventually(t, func() bool {
			_, page := get(x.page, "/metrics")
			left = alertsOf(t, page, reference)
			return slices.Equal(left, e.Alerts)
		}, "%s: the alerts that can fire are %q", e.name, &left)
		x.stop(t)
	}
}
