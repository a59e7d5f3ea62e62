// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// queryKind is whose series a query asks for.
type queryKind int

const (
	derived    queryKind = iota // it has no series of its own
	translated                  // dcgm-exporter's
	unknown                     // any, by a variable
	other
)

// queryOf is what has the expression of a target, in both forms of dashboards, and the type of its data source where it names one.
func queryOf(target *node) (query *node, source string) {
	if query := target.child("spec").get("query"); query.get("spec") != nil {
		return query.child("spec"), query.string("group")
	}
	return target, target.child("datasource").get("type").textValue()
}

// ownSources are types of data sources that have the results of other queries.
var ownSources = []string{"", "__expr__", "datasource", "mixed"}

// kindOf returns whose series a target asks for.
func (m *migration) kindOf(target *node) queryKind {
	query, source := queryOf(target)
	expr := query.child("expr")
	switch {
	case m.of(query) != nil:
		return translated
	case expr != nil && expr.text != nil && m.unknown(expr.text):
		return unknown
	case !slices.Contains(ownSources, source) && !hasPart(source, promQL):
		return other
	case query.string("expr")+query.string("query")+query.string("rawSql")+query.string("target") != "":
		return other
	default:
		return derived
	}
}

// unknown reports whether an expression in a file of dcgm-exporter's series has series of which a variable is the name, or alerts.
func (m *migration) unknown(s *scalar) bool {
	expr, _, err := parse(s.value)
	if err != nil {
		return false
	}
	found := false
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if v, is := n.(*parser.VectorSelector); is && v.Name != "" {
			begin := int(v.PosRange.Start)
			hasVariable := m.ours && begin+len(v.Name) <= len(s.value) && s.value[begin:begin+len(v.Name)] != v.Name
			found = found || hasVariable || v.Name == "ALERTS" || v.Name == "ALERTS_FOR_STATE"
		}
		return nil
	})
	return found
}

// unknownLabels reports labels of dcgm-exporter's own in an expression whose series are not known, and in what shows its result.
func (m *migration) unknownLabels(texts []*scalar) {
	for _, s := range texts {
		if label := m.specificIn(withoutVariables(s.value)); label != "" {
			m.fail(s, "label "+label+" stands where series are not known")
		}
	}
}

// specificIn is a label of dcgm-exporter's own in a text, "" if there is none.
func (m *migration) specificIn(text string) string {
	for _, word := range words.FindAllString(text, -1) {
		if m.isSpecific(word) {
			return word
		}
	}
	return ""
}

var toVariable = regexp.MustCompile(`\bvar-\w+`)

// withoutVariables is a text without what stands for something else, such as $gpu.
func withoutVariables(text string) string {
	return toVariable.ReplaceAllString(variable.ReplaceAllStringFunc(text, func(v string) string {
		if v[0] == '{' {
			return v // A label of a legend.
		}
		return ""
	}), "")
}

// harmless are keys of texts for people, and of names of other things than fields.
var harmless = []string{
	"title", "description", "content", "legendFormat", "alias", "renamePattern", "label", "axisLabel", "unit", "url", "name", "interval",
	"repeat", "datasource", "datasourceUid", "uid", "type", "refId", "pluginVersion", "group", "kind",
}

// harmlessParts are keys of what has no names of fields in it.
var harmlessParts = []string{"tags", "scopedVars", "datasource", "labels", "annotations", "libraryPanel"}

// endsPanel reports whether a node is another panel.
func endsPanel(n *node) bool {
	_, is := partsOf(n)
	return is
}

// remaining translates what shows labels of fields in a part of a file that belongs to results of dcgm-exporter's series, and lists the other
// labels that are left in it, but for queries of other series: in places that nothing is known of, they may name fields.
func (p *panel) remaining(n, targets *node) {
	for at := range n.nodes(endsPanel) {
		for _, s := range at.texts() {
			p.shownFields(s)
		}
	}
	p.list(n, p.otherQueries(targets))
}

// otherQueries are those of targets that have series of their own, which are not dcgm-exporter's or not known.
func (p *panel) otherQueries(targets *node) []*node {
	if targets == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(targets.children), func(target *node) bool {
		kind := p.kindOf(target)
		return kind == translated || kind == derived
	})
}

// list reports the labels that are left in a part of a file, but for some nodes of it.
func (p *panel) list(n *node, others []*node) {
	skipped := slices.Clone(others)
	for at := range n.nodes(func(at *node) bool { return endsPanel(at) || slices.Contains(skipped, at) }) {
		for i, key := range at.keys {
			child := at.children[i]
			if slices.Contains(harmlessParts, key.value) {
				skipped = append(skipped, child)
				continue
			}
			p.left(key)
			if child.text != nil && !slices.Contains(harmless, key.value) {
				p.left(child.text)
			}
		}
		if at.text == nil && at.keys == nil {
			for _, s := range at.texts() {
				p.left(s)
			}
		}
	}
}

// fieldName is the name of a field, which has a number behind it where results with the same one are joined.
var fieldName = regexp.MustCompile(`^(\w+)(?: \d+)?$`)

// left reports a label in a text that nothing is known of.
func (p *panel) left(s *scalar) {
	if p.seen[s] || p.failed[s] || p.kept[s] {
		return
	}
	text := withoutVariables(s.value)
	if at := fieldName.FindStringSubmatch(text); at != nil {
		if p.changes(at[1]) {
			p.fail(s, "label "+at[1]+", which is another one now, may be a field that "+s.value+" names")
		}
		return
	}
	if label := p.specificIn(text); label != "" {
		p.fail(s, "label "+label+", which is another one now, stands in "+s.value)
	}
}

// shownFields translates the labels of fields that a text shows.
func (p *panel) shownFields(s *scalar) {
	if p.seen[s] {
		return
	}
	p.others[s] = true
	var edits []edit
	var notes []string
	for _, at := range ofField.FindAllStringSubmatchIndex(s.value, -1) {
		at = group(at)
		name := s.value[at[0]:at[1]]
		l, changes := p.label(name)
		switch {
		case !changes:
		case l.why != "" || p.mixed || p.isDisplay(name):
			p.failLabel(s, name, l)
		default:
			edits = append(edits, edit{at[0], at[1], l.name})
			if p.valuesChange(name) {
				notes = []string{shownValues}
			}
		}
	}
	if len(edits) > 0 {
		p.seen[s] = true
		p.change(s, edits, notes, nil)
		p.mentioned(s)
	}
}

// annotation translates what shows the result of an expression in the annotations of a dashboard.
func (m *migration) annotation(n *node) {
	for _, query := range []*node{n, n.child("target"), n.child("query").get("spec")} {
		x := m.of(query)
		if x == nil || query == n && n.child("tagKeys") == nil {
			continue
		}
		for _, s := range m.legends(n) {
			m.template(s, ofLegend, x)
		}
		m.tagKeys(n)
		m.tagKeys(query)
		m.newPanel().remaining(n, nil)
	}
}

// tagKeys translates a list of labels with commas between them.
func (m *migration) tagKeys(n *node) {
	for _, s := range n.child("tagKeys").texts() {
		var edits []edit
		for _, at := range words.FindAllStringIndex(s.value, -1) {
			l, changes := m.label(s.value[at[0]:at[1]])
			if changes && l.why != "" {
				m.fail(s, l.err(s.value[at[0]:at[1]]).Error())
			} else if changes {
				edits = append(edits, edit{at[0], at[1], l.name})
			}
		}
		if !m.seen[s] {
			m.seen[s] = true
			m.change(s, edits, nil, nil)
		}
	}
}
