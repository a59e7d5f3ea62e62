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
	m := &migration{Translator: t, document: d, seen: map[*scalar]bool{}, walked: map[*node]bool{}, translated: map[*scalar]*expression{}}
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
	translated map[*scalar]*expression
	rewritings []rewriting
	result     Result
}

// walk finds what is an expression by the keys that rules and dashboards have.
func (m *migration) walk(n *node) {
	if m.walked[n] {
		return
	}
	m.walked[n] = true
	if expr := n.child("expr"); expr != nil && expr.text != nil {
		if x := m.expression(expr.text); x != nil {
			m.templates(n)
			m.recording(n, x)
		}
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
	if !m.names(s.value) {
		return
	}
	inner, err := read([]byte(s.value))
	if err != nil || slices.ContainsFunc(inner.roots, (*node).isText) {
		if name := m.mention(s.value); name != "" {
			m.fail(s, name+" stands in a text that is no expression of a rule or a dashboard")
		}
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

func (m *migration) fail(s *scalar, text string) {
	m.result.Errors = append(m.result.Errors, Message{s.line, text})
}

// expression returns the translation of an expression of dcgm-exporter's series, nil if it has none or could not be translated.
func (m *migration) expression(s *scalar) *expression {
	if !m.seen[s] {
		m.seen[s] = true
		x, err := m.translate(s.value, false)
		m.change(s, x.edits, x.notes, err)
		if err == nil && len(x.labels) > 0 {
			m.translated[s] = x
		}
	}
	return m.translated[s]
}

func (m *migration) change(s *scalar, edits []edit, notes []string, err error) {
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			m.fail(s, line)
		}
		return
	}
	if len(edits) == 0 {
		return
	}
	r := rewriting{scalar: s, edits: edits, changes: []Change{{s.line, s.value, apply(s.value, edits)}}}
	for _, n := range notes {
		r.notes = append(r.notes, Message{s.line, n})
	}
	m.rewritings = append(m.rewritings, r)
}

// recording says what else a rule asks for that records series with other labels than before.
func (m *migration) recording(n *node, x *expression) {
	name := n.child("record")
	if name != nil && name.text != nil && x.result.carries {
		m.result.Notes = append(m.result.Notes, Message{name.text.line, name.text.value + " has new labels: rewrite the files that have it together with this one"})
	}
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
	x, err := m.translate(selector, true)
	edits := moved(x.edits, at[2])
	if l, changes := m.label(name); changes && len(x.labels) > 0 {
		if err == nil {
			err = l.err(name)
		}
		edits = append(edits, edit{at[4], at[5], l.name})
	}
	m.change(s, edits, x.notes, err)
}

func moved(edits []edit, by int) []edit {
	for i := range edits {
		edits[i].start, edits[i].end = edits[i].start+by, edits[i].end+by
	}
	return edits
}
