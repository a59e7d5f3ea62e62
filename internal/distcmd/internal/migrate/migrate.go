// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Result is what became of a file.
type Result struct {
	Text    []byte
	Changes []Change  // expressions that were rewritten
	Notes   []Message // what a change asks of the user
	Errors  []Message // what was left as it is
}

// Change is a text that was rewritten.
type Change struct {
	Line     int
	Old, New string
}

// Message is about a line of a file.
type Message struct {
	Line int
	Text string
}

// File rewrites a file.
func (t Translator) File(file []byte) (Result, error) {
	roots, err := read(file)
	if err != nil {
		return Result{}, err
	}
	m := t.migrate(roots)
	m.result.Text = []byte(apply(string(file), m.edits))
	if _, err := read(m.result.Text); err != nil {
		return Result{}, fmt.Errorf("an expression in braces or brackets must be quoted to be rewritten: %w", err)
	}
	byLine := func(a, b Message) int { return a.Line - b.Line }
	slices.SortStableFunc(m.result.Notes, byLine)
	slices.SortStableFunc(m.result.Errors, byLine)
	return m.result, nil
}

func (t Translator) migrate(roots []*node) *migration {
	m := &migration{Translator: t, seen: map[*scalar]bool{}}
	for _, root := range roots {
		m.walk(root)
	}
	return m
}

// migration is that of one file.
type migration struct {
	Translator

	edits  []edit // of the file
	seen   map[*scalar]bool
	result Result
}

// walk finds what is an expression by the keys that rules and dashboards have.
func (m *migration) walk(n *node) {
	if expr := n.child("expr"); expr != nil && expr.text != nil && m.expression(expr.text) {
		m.templates(n)
	}
	if kind := n.child("type"); kind != nil && kind.text != nil && kind.text.value == "query" {
		for _, key := range []string{"query", "definition"} {
			m.query(n.child(key))
		}
	}
	for _, child := range n.children {
		m.walk(child)
	}
	if n.text != nil && !m.seen[n.text] {
		m.rest(n.text)
	}
}

// rest translates files within the file, such as dashboards in ConfigMaps, and reports names in other texts.
func (m *migration) rest(s *scalar) {
	name := mentioned.FindString(s.value)
	if name == "" {
		return
	}
	roots, err := read([]byte(s.value))
	if err != nil || s.starts == nil || slices.ContainsFunc(roots, (*node).isText) {
		m.fail(s, name+" stands in a text that is no expression of a rule or a dashboard")
		return
	}
	inner := m.migrate(roots)
	m.edits = append(m.edits, s.inFile(inner.edits)...)
	for _, change := range inner.result.Changes {
		m.result.Changes = append(m.result.Changes, Change{change.Line + s.line - 1, change.Old, change.New})
	}
	m.result.Notes = append(m.result.Notes, below(s, inner.result.Notes)...)
	m.result.Errors = append(m.result.Errors, below(s, inner.result.Errors)...)
}

// below gives messages about a text the lines that they have in the file.
func below(s *scalar, messages []Message) []Message {
	for i := range messages {
		messages[i].Line += s.line - 1
	}
	return messages
}

var mentioned = regexp.MustCompile(`DCGM_(FI|EXP)_\w+`)

func (m *migration) fail(s *scalar, text string) {
	m.result.Errors = append(m.result.Errors, Message{s.line, text})
}

// expression reports whether the expression was rewritten.
func (m *migration) expression(s *scalar) bool {
	m.seen[s] = true
	edits, notes, err := m.expr(s.value)
	return m.change(s, edits, notes, err)
}

func (m *migration) change(s *scalar, edits []edit, notes []string, err error) bool {
	if err == nil && len(edits) > 0 && s.starts == nil {
		err = errNotFound
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			m.fail(s, line)
		}
		return false
	}
	if len(edits) == 0 {
		return false
	}
	m.edits = append(m.edits, s.inFile(edits)...)
	m.result.Changes = append(m.result.Changes, Change{s.line, s.value, apply(s.value, edits)})
	for _, n := range notes {
		m.result.Notes = append(m.result.Notes, Message{s.line, n})
	}
	return true
}

// A template of a rule has labels of the result as $labels.gpu, and a legend as {{gpu}}.
var (
	ofAlert  = regexp.MustCompile(`\$labels\.(\w+)`)
	ofLegend = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
)

// templates translates labels in what is shown of an expression's result.
func (m *migration) templates(n *node) {
	if legend := n.child("legendFormat"); legend != nil && legend.text != nil {
		m.template(legend.text, ofLegend)
	}
	for _, key := range []string{"annotations", "labels"} {
		if shown := n.child(key); shown != nil {
			for _, child := range shown.children {
				if child.text != nil {
					m.template(child.text, ofAlert)
				}
			}
		}
	}
}

func (m *migration) template(s *scalar, labels *regexp.Regexp) {
	m.seen[s] = true
	var edits []edit
	for _, at := range labels.FindAllStringSubmatchIndex(s.value, -1) {
		name := s.value[at[2]:at[3]]
		if l, changes := m.label(name); changes && l.why == "" {
			edits = append(edits, edit{at[2], at[3], l.name})
		} else if changes {
			m.fail(s, l.err(name).Error())
		}
	}
	m.change(s, edits, nil, nil)
}

// A query of a dashboard's variable.
var (
	labelValues = regexp.MustCompile(`^\s*label_values\(\s*(.*\S)\s*,\s*(\w+)\s*\)\s*$`)
	queryResult = regexp.MustCompile(`^\s*query_result\((.*)\)\s*$`)
)

// query translates the query of a variable: text, or an object that has it.
func (m *migration) query(n *node) {
	if n == nil {
		return
	}
	if n.text == nil {
		m.query(n.child("query"))
		return
	}
	s := n.text
	m.seen[s] = true
	if at := labelValues.FindStringSubmatchIndex(s.value); at != nil {
		m.labelValues(s, at)
		return
	}
	start, end := 0, len(s.value)
	if at := queryResult.FindStringSubmatchIndex(s.value); at != nil {
		start, end = at[2], at[3]
	}
	edits, notes, err := m.expr(s.value[start:end])
	m.change(s, moved(edits, start), notes, err)
}

// labelValues translates label_values(selector, label). A factor would make an expression of the selector.
func (m *migration) labelValues(s *scalar, at []int) {
	selector, name := s.value[at[2]:at[3]], s.value[at[4]:at[5]]
	edits, notes, err := m.selector(selector)
	edits = moved(edits, at[2])
	if l, changes := m.label(name); changes && mentioned.MatchString(selector) {
		if err == nil {
			err = l.err(name)
		}
		edits = append(edits, edit{at[4], at[5], l.name})
	}
	m.change(s, edits, notes, err)
}

func moved(edits []edit, by int) []edit {
	for i := range edits {
		edits[i].start, edits[i].end = edits[i].start+by, edits[i].end+by
	}
	return edits
}
