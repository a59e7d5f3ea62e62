// SPDX-License-Identifier: Apache-2.0

package migrate

import "slices"

// Keys of expressions: of rules and dashboards, and of Sloth's service levels.
var exprKeys = []string{"expr", "error_query", "total_query", "error_ratio_query", "errorQuery", "totalQuery", "errorRatioQuery"}

// rules translates the expressions of a node, and what shows their results.
func (m *migration) rules(n *node) {
	for _, key := range exprKeys {
		expr := n.child(key)
		if expr == nil || expr.text == nil {
			continue
		}
		m.known = true
		if x := m.expression(expr.text); x != nil {
			m.templates(n, x)
			m.recording(n, x)
			continue
		}
		shown := slices.Concat(m.legends(n), m.annotations(n))
		if !m.failed[expr.text] && m.unknown(expr.text) {
			m.unknownLabels(slices.Concat(shown, n.child("tagKeys").texts(), []*scalar{expr.text}))
		}
		for _, s := range shown {
			m.others[s] = true
		}
	}
}

// recording says what else a rule asks for that records series with other labels than before, or that sets one of these labels.
func (m *migration) recording(n *node, x *expression) {
	if labels := n.child("labels"); labels != nil && x.result.carries {
		for _, key := range labels.keys {
			if l, changes := x.label(key.value); changes && l.why == "" {
				m.result.Notes = append(m.result.Notes, Message{key.line, "the rule sets " + key.value + ", and its series may have " + l.name + " beside it now"})
			}
		}
	}
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
	p, ours := m.newPanel(), false
	models := &node{}
	for _, query := range queries.children {
		model := query.child("model")
		if model == nil {
			continue
		}
		models.children = append(models.children, model)
		if x := m.of(model); x != nil {
			ours = true
			m.templates(n, x)
		}
	}
	if ours {
		p.list(queries, p.otherQueries(models))
	}
}

// of is the translated expression of a node, nil if it has none.
func (m *migration) of(n *node) *expression {
	expr := n.get("expr")
	if expr == nil || expr.text == nil {
		return nil
	}
	return m.translated[expr.text]
}
