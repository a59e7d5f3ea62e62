// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// kinds are the types of variables by what the second form of dashboards calls them.
var kinds = map[string]string{
	"QueryVariable": "query", "AdhocVariable": "adhoc", "GroupByVariable": "groupby", "CustomVariable": "custom", "ConstantVariable": "constant", "TextVariable": "textbox",
}

// filter is what limits the values of a variable: a pattern for them, one for all of them, and those that are saved.
type filter struct{ regex, all, options *node }

// variable translates a variable of a dashboard.
func (m *migration) variable(n *node) {
	kind := n.string("type")
	if second, is := kinds[n.string("kind")]; is && n.child("spec") != nil {
		kind, n = second, n.child("spec")
		if hasPart(n.string("group"), foreign) || !isPrometheus(m.source(n.child("query").orEmpty(), "")) {
			return
		}
	}
	switch kind {
	case "query":
		for _, key := range []string{"query", "definition"} {
			m.query(n.child(key), filter{n.child("regex"), n.child("allValue"), n.child("options")})
		}
	case "adhoc":
		m.filters(n.child("filters"))
		m.filters(n.child("baseFilters"))
		m.labelLists(n)
	case "groupby":
		m.labelLists(n)
	case "custom", "constant", "textbox":
		for _, s := range n.child("query").texts() {
			if label := m.word(s.value); label != "" {
				m.fail(s, "label "+label+" is a value of a variable")
			}
		}
	}
}

// labelLists reports labels that a variable offers.
func (m *migration) labelLists(n *node) {
	if m.ours {
		m.newPanel().list(n, nil)
	}
}

// word is a label that changes in a text, "" if there is none.
func (m *migration) word(text string) string {
	for _, word := range words.FindAllString(text, -1) {
		if m.changes(word) {
			return word
		}
	}
	return ""
}

// own reports whether a label that changes is dcgm-exporter's own, in a file that has names of its series.
func (m *migration) own(label string) bool { return m.ours && m.isSpecific(label) }

// changes reports whether a label changes, in a file that has names of dcgm-exporter's series. Others may have it as well.
func (m *migration) changes(label string) bool {
	_, changes := m.label(label)
	return m.ours && changes
}

// Queries of a variable.
var (
	labelValues = regexp.MustCompile(`^\s*label_values\(\s*(.*\S)\s*,\s*(\w+)\s*\)\s*$`)
	allValues   = regexp.MustCompile(`^\s*label_values\(\s*(\w+)\s*\)\s*$`)
	labelNames  = regexp.MustCompile(`^\s*label_names\(\s*(.*?)\s*\)\s*$`)
	metricNames = regexp.MustCompile(`^\s*metrics\(\s*(.*?)\s*\)\s*$`)
	queryResult = regexp.MustCompile(`^\s*query_result\((.*)\)\s*$`)
)

// query translates the query of a variable, text or an object that has it, and what its results are filtered by.
func (m *migration) query(n *node, f filter) {
	if n == nil {
		return
	}
	if n.text == nil {
		m.parts(n)
		for _, key := range []string{"query", "spec", "__legacyStringValue"} {
			m.query(n.child(key), f)
		}
		return
	}
	s := n.text
	if m.seen[s] {
		return
	}
	m.seen[s] = true
	if at := labelValues.FindStringSubmatchIndex(s.value); at != nil {
		m.labelValues(s, at, f)
	} else if at := allValues.FindStringSubmatch(s.value); at != nil {
		m.reportLabel(s, at[1], "taken from series of any name")
		m.filteredValues(at[1], f)
	} else if at := metricNames.FindStringSubmatch(s.value); at != nil {
		m.metrics(s, at[1])
	} else if at := labelNames.FindStringSubmatchIndex(s.value); at != nil {
		x, err := m.translate(s.value[at[2]:at[3]], true)
		m.change(s, moved(x.edits, at[2]), x.notes, err)
		m.filteredNames(f.regex)
	} else {
		m.results(s, f.regex)
	}
}

// parts translates what Grafana's editor keeps beside the query: a label, a name, and filters.
func (m *migration) parts(n *node) {
	if n.child("query") == nil {
		return
	}
	for _, s := range n.child("label").texts() {
		if l, _ := m.label(s.value); m.own(s.value) && l.why == "" {
			m.rewrite(s, l.name)
		} else {
			m.reportLabel(s, s.value, "taken by a variable")
		}
	}
	m.filters(n.child("labelFilters"))
}

// rewrite replaces a text as a whole.
func (m *migration) rewrite(s *scalar, text string) {
	if !m.seen[s] {
		m.seen[s] = true
		m.change(s, []edit{{0, len(s.value), text}}, nil, nil)
	}
}

func (m *migration) reportLabel(s *scalar, label, how string) {
	if m.changes(label) {
		m.fail(s, fmt.Sprintf("label %s is %s", label, how))
	}
}

// labelValues translates label_values(selector, label). A factor would make an expression of the selector.
func (m *migration) labelValues(s *scalar, at []int, f filter) {
	selector, name := s.value[at[2]:at[3]], s.value[at[4]:at[5]]
	x, err := m.translate(selector, true)
	edits := moved(x.edits, at[2])
	if len(x.labels) == 0 {
		m.change(s, edits, x.notes, err)
		if at := variable.FindStringIndex(selector); at != nil && at[0] == 0 || selector[0] == '{' {
			m.reportLabel(s, name, "taken from series that are not known")
		}
		return
	}
	if l, changes := x.label(name); changes {
		err = cmp.Or(err, l.err(name), x.ofInstances(name, maps.Keys(x.renames)))
		edits = append(edits, edit{at[4], at[5], l.name})
	}
	m.change(s, edits, x.notes, err)
	m.filteredValues(name, f)
}

// filteredValues reports a pattern for values of a label that are others now, and values that are saved: some variables keep them until somebody asks for new ones.
func (m *migration) filteredValues(label string, f filter) {
	if !m.ours || !m.valuesChange(label) {
		return
	}
	for _, s := range slices.Concat(f.regex.texts(), f.all.texts()) {
		if !m.failed[s] && !anyGPU.MatchString(strings.Trim(s.value, "/")) && s.value != "" {
			m.fail(s, fmt.Sprintf("values of the label %s, which are others now, are filtered by %s", label, s.value))
		}
	}
	for _, option := range f.options.orEmpty().children {
		for _, s := range option.child("value").texts() {
			if number.MatchString(s.value) {
				if !m.failed[s] {
					m.fail(s, fmt.Sprintf("values of the label %s, which are others now, are saved with the variable: refresh it", label))
				}
				return
			}
		}
	}
}

// filteredNames reports a pattern for labels that are others now.
func (m *migration) filteredNames(filter *node) {
	for _, s := range filter.texts() {
		if label := m.word(s.value); label != "" {
			m.fail(s, fmt.Sprintf("names of labels are filtered by %s, and %s is another one now", s.value, label))
		}
	}
}

// metrics reports metrics(pattern) where names that change match it.
func (m *migration) metrics(s *scalar, pattern string) {
	matcher, err := labels.NewMatcher(labels.MatchRegexp, model.MetricNameLabel, ".*(?:"+pattern+").*")
	if m.mention(pattern) != "" || err == nil && m.ours && !matcher.Matches("up") && m.matchesOld(matcher) {
		m.fail(s, "metrics("+pattern+") lists names that change")
	}
}

// results translates query_result(expression), or an expression. Its results are filtered as texts that have labels.
func (m *migration) results(s *scalar, filter *node) {
	start, end := 0, len(s.value)
	if at := queryResult.FindStringSubmatchIndex(s.value); at != nil {
		start, end = at[2], at[3]
	}
	x, err := m.translate(s.value[start:end], false)
	m.change(s, moved(x.edits, start), x.notes, err)
	if err == nil && len(x.labels) > 0 {
		m.filteredResults(filter)
	}
}

var shownLabel = regexp.MustCompile(`(\w+)=`)

// filteredResults translates the label in a pattern for results, such as /Hostname="(.*?)"/. Labels stand in the order of their names there.
func (m *migration) filteredResults(filter *node) {
	for _, s := range filter.texts() {
		all := shownLabel.FindAllStringSubmatchIndex(s.value, -1)
		var edits []edit
		var failed bool
		for _, at := range all {
			name := s.value[at[2]:at[3]]
			l, changes := m.label(name)
			failed = failed || changes && (l.why != "" || m.valuesChange(name) || len(all) > 1)
			if changes {
				edits = append(edits, edit{at[2], at[3], l.name})
			}
		}
		if failed {
			m.fail(s, "results are filtered by "+s.value+", and their labels are others now")
			continue
		}
		if len(edits) > 0 {
			m.seen[s] = true
			m.change(s, edits, nil, nil)
		}
	}
}
