// SPDX-License-Identifier: Apache-2.0

package migrate

import (
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
	m := t.seeing(file).migrate(d)
	edits := m.settle()
	m.result.Text = []byte(apply(string(file), edits))
	byLine := func(a, b Message) int { return a.Line - b.Line }
	slices.SortStableFunc(m.result.Changes, func(a, b Change) int { return a.Line - b.Line })
	slices.SortStableFunc(m.result.Notes, byLine)
	slices.SortStableFunc(m.result.Errors, byLine)
	return m.result, nil
}

func (t Translator) migrate(d *document) *migration {
	m := &migration{
		Translator: t, document: d, ours: t.names(string(d.text)), sources: map[string]string{},
		seen: map[*scalar]bool{}, failed: map[*scalar]bool{}, others: map[*scalar]bool{}, walked: map[*node]bool{}, translated: map[*scalar]*expression{},
	}
	for _, root := range d.roots {
		m.declared(root, map[*node]bool{})
	}
	for _, root := range d.roots {
		m.alerting = m.alerting || root.isText()
		m.walk(root, "")
	}
	m.copied()
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

	ours       bool              // the file has names of dcgm-exporter's
	known      bool              // it has something that rules, dashboards or routes have
	alerting   bool              // it may have templates for alerts of any kind
	sources    map[string]string // types of data sources by the variables that have them
	seen       map[*scalar]bool  // rewritten, or translated as a whole
	failed     map[*scalar]bool  // reported
	others     map[*scalar]bool  // beside expressions that keep their labels
	walked     map[*node]bool
	copies     []*node // panels with the results of others
	foreign    bool    // there are panels with other series
	translated map[*scalar]*expression
	rewritings []rewriting
	result     Result
}

// walk finds what rules and dashboards have by its keys. source is the type of the data source that is asked, "" where that is not known.
func (m *migration) walk(n *node, source string) {
	if m.walked[n] {
		return
	}
	m.walked[n] = true
	source = m.source(n, source)
	if isPrometheus(source) {
		m.rules(n)
		m.variable(n)
	}
	m.routing(n)
	for _, child := range n.children {
		m.walk(child, source)
	}
	m.panel(n) // Its expressions are known by now.
	m.annotation(n)
	m.alert(n)
}

// rest translates files within the file, such as dashboards in ConfigMaps, and reports names and labels in other texts.
func (m *migration) rest(s *scalar) {
	if m.within(s) {
		return
	}
	if !m.others[s] {
		m.shown(s)
	}
	m.mentioned(s)
}

// within translates a file within the file, and reports whether a text is one.
func (m *migration) within(s *scalar) bool {
	if !m.concerns(s.value) || !m.names(s.value) && !strings.ContainsAny(s.value, "\n{[") {
		return false
	}
	inner, err := read([]byte(s.value))
	if err != nil || slices.ContainsFunc(inner.roots, (*node).isText) {
		return false
	}
	within := m.migrate(inner)
	if !within.known && !m.names(s.value) {
		return false // A text with a colon is YAML, too.
	}
	r := rewriting{scalar: s, edits: within.settle(), notes: below(s, within.result.Notes)}
	for _, change := range within.result.Changes {
		r.changes = append(r.changes, Change{change.Line + s.line - 1, change.Old, change.New})
	}
	m.rewritings = append(m.rewritings, r)
	m.result.Errors = append(m.result.Errors, below(s, within.result.Errors)...)
	return true
}

// below gives messages about a text the lines that they have in the file.
func below(s *scalar, messages []Message) []Message {
	for i := range messages {
		messages[i].Line += s.line - 1
	}
	return messages
}

func (m *migration) fail(s *scalar, text string) {
	m.failed[s] = true
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
	rewritten := apply(s.value, edits)
	if rewritten == s.value {
		return
	}
	r := rewriting{scalar: s, edits: edits, changes: []Change{{s.line, s.value, rewritten}}}
	for _, n := range notes {
		r.notes = append(r.notes, Message{s.line, n})
	}
	m.rewritings = append(m.rewritings, r)
}

func moved(edits []edit, by int) []edit {
	for i := range edits {
		edits[i].start, edits[i].end = edits[i].start+by, edits[i].end+by
	}
	return edits
}
