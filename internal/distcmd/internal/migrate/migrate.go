// SPDX-License-Identifier: Apache-2.0

package migrate

import (
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
	d, err := read(file)
	if err != nil {
		return Result{}, err
	}
	m := t.migrate(d)
	edits := m.settle()
	m.result.Text = []byte(apply(string(file), edits))
	byLine := func(a, b Message) int { return a.Line - b.Line }
	slices.SortStableFunc(m.result.Changes, func(a, b Change) int { return a.Line - b.Line })
	slices.SortStableFunc(m.result.Notes, byLine)
	slices.SortStableFunc(m.result.Errors, byLine)
	return m.result, nil
}

func (t Translator) migrate(d *document) *migration {
	m := &migration{Translator: t, document: d, seen: map[*scalar]bool{}, walked: map[*node]bool{}, rewritten: map[*scalar]bool{}}
	for _, root := range d.roots {
		m.walk(root)
	}
	for _, s := range d.scalars {
		if !m.seen[s] {
			m.rest(s)
		}
	}
	return m
}

// migration is that of one file.
type migration struct {
	Translator
	*document

	seen       map[*scalar]bool
	walked     map[*node]bool
	rewritten  map[*scalar]bool // expressions
	rewritings []rewriting
	result     Result
}

// walk finds what is an expression by the keys that rules and dashboards have.
func (m *migration) walk(n *node) {
	if m.walked[n] {
		return
	}
	m.walked[n] = true
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
}

// rest translates files within the file, such as dashboards in ConfigMaps, and reports names in other texts.
func (m *migration) rest(s *scalar) {
	name := mentioned.FindString(s.value)
	if name == "" {
		return
	}
	inner, err := read([]byte(s.value))
	if err != nil || slices.ContainsFunc(inner.roots, (*node).isText) {
		m.fail(s, name+" stands in a text that is no expression of a rule or a dashboard")
		return
	}
	within := m.migrate(inner)
	r := rewriting{scalar: s, edits: within.settle(), notes: below(s, within.result.Notes)}
	for _, change := range within.result.Changes {
		r.changes = append(r.changes, Change{change.Line + s.line - 1, change.Old, change.New})
	}
	m.rewritings = append(m.rewritings, r)
	m.result.Errors = append(m.result.Errors, below(s, within.result.Errors)...)
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
	if !m.seen[s] {
		m.seen[s] = true
		edits, notes, err := m.expr(s.value)
		m.rewritten[s] = m.change(s, edits, notes, err)
	}
	return m.rewritten[s]
}

func (m *migration) change(s *scalar, edits []edit, notes []string, err error) bool {
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			m.fail(s, line)
		}
		return false
	}
	if len(edits) == 0 {
		return false
	}
	r := rewriting{scalar: s, edits: edits, changes: []Change{{s.line, s.value, apply(s.value, edits)}}}
	for _, n := range notes {
		r.notes = append(r.notes, Message{s.line, n})
	}
	m.rewritings = append(m.rewritings, r)
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
	if m.seen[s] {
		return
	}
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
	if m.seen[s] {
		return
	}
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
