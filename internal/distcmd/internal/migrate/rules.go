// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"slices"

	"github.com/prometheus/common/model"
)

// Keys of expressions: of rules and dashboards, and of Sloth's service levels.
var exprKeys = []string{"expr", "error_query", "total_query", "error_ratio_query", "errorQuery", "totalQuery", "errorRatioQuery"}

// rules translates the expressions of a node, and what shows their results.
func (m *migration) rules(n *node) {
	for _, key := range exprKeys {
		expr := n.child(key)
		if expr == nil || expr.text == nil {
			continue
		}
		if x := m.expression(expr.text); x != nil {
			m.templates(n, x)
			m.recording(n, x)
			continue
		}
		for _, s := range slices.Concat(m.legends(n), m.annotations(n)) {
			m.others[s] = true
		}
	}
}

// recording says what else a rule asks for that records series with other labels than before.
func (m *migration) recording(n *node, x *expression) {
	name := n.child("record")
	if name != nil && name.text != nil && x.result.carries {
		m.result.Notes = append(m.result.Notes, Message{name.text.line, name.text.value + " has new labels: rewrite the files that have it together with this one"})
	}
}

// alert translates the annotations of an alert of Grafana, which has its expressions in a list of queries.
func (m *migration) alert(n *node) {
	queries := n.child("data")
	if queries == nil || n.child("annotations") == nil {
		return
	}
	for _, query := range queries.children {
		if model := query.child("model"); model != nil {
			if x := m.of(model); x != nil {
				m.templates(n, x)
			}
		}
	}
}

// of is the translated expression of a node, nil if it has none.
func (m *migration) of(n *node) *expression {
	expr := n.child("expr")
	if expr == nil || expr.text == nil {
		return nil
	}
	return m.translated[expr.text]
}

// A template of a rule has labels of the result as $labels.gpu, and a legend as {{gpu}}.
var (
	ofAlert  = regexp.MustCompile(`(?:\$labels|\.Labels|\.CommonLabels|\.GroupLabels)\.(\w+)|index\s+(?:\$labels|\.Labels)\s+"(\w+)"`)
	ofLegend = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	ofField  = regexp.MustCompile(`__(?:field\.labels|data\.fields)(?:\.(\w+)|\[\\?["'](\w+)\\?["']\])`)
)

// templates translates labels in what is shown of an expression's result.
func (m *migration) templates(n *node, x *expression) {
	for _, s := range m.legends(n) {
		m.template(s, ofLegend, x)
	}
	for _, s := range m.annotations(n) {
		m.template(s, ofAlert, x)
	}
}

// legends are the texts beside an expression that have labels in braces.
func (m *migration) legends(n *node) []*scalar {
	var all []*scalar
	for _, key := range []string{"legendFormat", "titleFormat", "textFormat"} {
		all = append(all, n.child(key).texts()...)
	}
	return all
}

func (m *migration) annotations(n *node) []*scalar {
	var all []*scalar
	for _, key := range []string{"annotations", "labels"} {
		if shown := n.child(key); shown != nil {
			for _, child := range shown.children {
				all = append(all, child.texts()...)
			}
		}
	}
	return all
}

func (m *migration) template(s *scalar, labels *regexp.Regexp, x *expression) {
	if m.seen[s] {
		return
	}
	m.seen[s] = true
	var edits []edit
	var notes []string
	for _, at := range labels.FindAllStringSubmatchIndex(s.value, -1) {
		at = group(at)
		name := s.value[at[0]:at[1]]
		l, changes := x.label(name)
		switch {
		case name == model.MetricNameLabel && x.renamed:
			m.fail(s, "the name of a series, which changes, is shown")
		case !changes:
		case l.why != "":
			m.fail(s, l.err(name).Error())
		default:
			edits = append(edits, edit{at[0], at[1], l.name})
			if m.valuesChange(name) {
				notes = []string{"hw_name shows nvidia0 where gpu showed 0"}
			}
		}
	}
	m.change(s, edits, notes, nil)
	m.mentioned(s)
	m.unseen(s, apply(s.value, edits))
}

var (
	inBraces = regexp.MustCompile(`\{\{.*?\}\}`)
	ofAny    = regexp.MustCompile(`[."](\w+)`)
)

// unseen reports labels that a template has in another way than one that is rewritten.
func (m *migration) unseen(s *scalar, text string) {
	for _, code := range inBraces.FindAllString(text, -1) {
		for _, at := range ofAny.FindAllStringSubmatch(code, -1) {
			if l, _ := m.label(at[1]); m.isSpecific(at[1]) && l.why == "" { // Others are reported by now.
				m.fail(s, "label "+at[1]+" stands in "+code)
			}
		}
	}
}

// group is where the group is that matched.
func group(at []int) []int {
	for i := 2; i < len(at); i += 2 {
		if at[i] >= 0 {
			return at[i : i+2]
		}
	}
	return at[:2]
}

// mentioned reports a name in a text that is no expression.
func (m *migration) mentioned(s *scalar) {
	if name := m.mention(s.value); name != "" {
		m.fail(s, name+" stands in a text that is no expression of a rule or a dashboard")
	}
}

// shown translates labels of fields in texts of a dashboard, and reports those of alerts whose expression is elsewhere.
func (m *migration) shown(s *scalar) {
	for _, at := range ofAlert.FindAllStringSubmatchIndex(s.value, -1) {
		at = group(at)
		if name := s.value[at[0]:at[1]]; m.isSpecific(name) {
			m.fail(s, "label "+name+" is shown of an expression that stands elsewhere")
		}
	}
	var edits []edit
	for _, at := range ofField.FindAllStringSubmatchIndex(s.value, -1) {
		at = group(at)
		name := s.value[at[0]:at[1]]
		switch l, changes := m.label(name); {
		case !changes:
		case l.why != "":
			m.fail(s, l.err(name).Error())
		case m.isSpecific(name):
			edits = append(edits, edit{at[0], at[1], l.name})
		default:
			m.fail(s, "label "+name+" is shown, which may be one of dcgm-exporter's series, "+l.name+" now, or another")
		}
	}
	if len(edits) > 0 {
		m.seen[s] = true
		m.change(s, edits, nil, nil)
		m.mentioned(s)
	}
}
