// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"strings"

	"github.com/prometheus/common/model"
)

// A template of a rule has labels of the result as $labels.gpu, and a legend as {{gpu}}.
var (
	ofAlert  = regexp.MustCompile("(?:\\$labels|(?:\\$(?:values\\.\\w+)?)?\\.Labels|\\.CommonLabels|\\.GroupLabels)\\.(\\w+)|index\\s+(?:\\$labels|[$\\w.]*\\.(?:Common|Group)?Labels)\\s+[\"`](\\w+)[\"`]")
	ofLegend = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	inBraces = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	ofAny    = regexp.MustCompile("([.\"`])(\\w+)|(?:^|[^$\\w.\"`])(\\w+)")
	scopes   = regexp.MustCompile(`\{\{-?\s*(?:range|with|define|block)\b`)
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
	others := []byte(s.value)
	for _, at := range labels.FindAllStringSubmatchIndex(s.value, -1) {
		whole := at[:2]
		at = group(at)
		name := s.value[at[0]:at[1]]
		copy(others[at[0]:at[1]], strings.Repeat(" ", len(name)))
		l, changes := x.label(name)
		switch why := m.elsewhere(s.value, whole, name); {
		case name == model.MetricNameLabel && x.renamed:
			m.fail(s, "the name of a series, which changes, is shown")
		case !changes:
		case l.why != "":
			m.fail(s, l.err(name).Error())
		case why != "":
			m.fail(s, why)
		default:
			edits = append(edits, edit{at[0], at[1], l.name})
			if m.valuesChange(name) {
				notes = []string{shownValues}
			}
		}
	}
	m.change(s, edits, notes, nil)
	m.mentioned(s)
	m.unseen(s, string(others))
}

const shownValues = "hw_name shows nvidia0 where gpu showed 0"

// elsewhere says why a label of a template is not rewritten: it may be one of another result, or its value is not shown as it is. "" where neither is so.
func (m *migration) elsewhere(template string, at []int, label string) string {
	begin := strings.LastIndex(template[:at[0]], "{{")
	if begin < 0 {
		return ""
	}
	ofDot := template[at[0]] == '.' && strings.ContainsRune(" ({-\t\n", rune(template[at[0]-1])) || strings.Contains(template[at[0]:at[1]], " .")
	if ofDot && scopes.MatchString(template[:begin]) {
		return "label " + label + " is shown behind range or with, where it may be one of another result"
	}
	alone := strings.Trim(template[begin+2:at[0]], " -$\t\n") == "" && strings.HasPrefix(strings.TrimLeft(template[at[1]:], " -\t\n"), "}}")
	if m.valuesChange(label) && !alone {
		return "values of the label " + label + ", which are others now, are used in " + inBraces.FindString(template[begin:])
	}
	return ""
}

// unseen reports labels that a template has in another way than one that is rewritten.
func (m *migration) unseen(s *scalar, text string) {
	reported := map[string]bool{}
	for _, code := range inBraces.FindAllStringIndex(text, -1) {
		for _, at := range ofAny.FindAllStringSubmatch(text[code[0]:code[1]], -1) {
			label := at[2] + at[3]
			_, changes := m.label(label)
			if changes && (at[1] != "" || m.isSpecific(label)) && !reported[label] {
				reported[label] = true
				m.fail(s, "label "+label+" stands in "+s.value[code[0]:code[1]])
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

// shown reports labels in texts of alerts whose expression is elsewhere, and those of fields where it is not to be seen whose they are.
func (m *migration) shown(s *scalar) {
	for _, at := range ofAlert.FindAllStringSubmatchIndex(s.value, -1) {
		ofAnyAlert := m.ours || m.alerting || strings.Contains(s.value[at[0]:at[1]], "CommonLabels") || strings.Contains(s.value[at[0]:at[1]], "GroupLabels")
		at = group(at)
		if name := s.value[at[0]:at[1]]; ofAnyAlert && m.isSpecific(name) {
			m.fail(s, "label "+name+" is shown of an expression that stands elsewhere")
		}
	}
	if !m.ours {
		return
	}
	for _, at := range ofField.FindAllStringSubmatchIndex(s.value, -1) {
		at = group(at)
		name := s.value[at[0]:at[1]]
		if l, changes := m.label(name); changes {
			m.failLabel(s, name, l)
		}
	}
}

// failLabel reports a label that is shown, and may be one of dcgm-exporter's series or of others.
func (m *migration) failLabel(s *scalar, name string, l newLabel) {
	if l.why != "" {
		m.fail(s, l.err(name).Error())
		return
	}
	m.fail(s, "label "+name+" is shown, which may be one of dcgm-exporter's series, "+l.name+" now, or another")
}
