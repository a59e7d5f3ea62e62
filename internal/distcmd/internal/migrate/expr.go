// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// edit replaces a part of a text.
type edit struct {
	start, end int
	text       string
}

// apply applies edits that do not overlap.
func apply(text string, edits []edit) string {
	var out strings.Builder
	at := 0
	for _, e := range ordered(edits) {
		out.WriteString(text[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.WriteString(text[at:])
	return out.String()
}

func ordered(edits []edit) []edit {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	return edits
}

// overlap reports whether edits do, or exceed each other.
func overlap(edits []edit) bool {
	at := 0
	for _, e := range ordered(edits) {
		if e.start < at || e.end < e.start {
			return true
		}
		at = e.end
	}
	return false
}

// expr translates an expression. It returns no edits where nothing is dcgm-exporter's, or where something could not be translated.
func (t Translator) expr(text string) (edits []edit, notes []string, err error) {
	x, err := t.translate(text, false)
	return x.edits, x.notes, err
}

// translate translates an expression, or a selector of which the labels are asked, not the values.
func (t Translator) translate(text string, labelsOnly bool) (*expression, error) {
	x := &expression{Translator: t.seeing([]byte(text)), text: text, labelsOnly: labelsOnly, labels: map[*parser.VectorSelector]added{}, renames: map[*parser.VectorSelector]rename{}}
	if !t.concerns(text) {
		return x, nil
	}
	root, masked, err := parse(text)
	switch {
	case err != nil && t.names(text):
		return x, err
	case err != nil:
		return x, nil // It may be another language's.
	}
	x.tokens = tokensOf(masked)
	x.selectors(root, nil)
	x.clauses(root)
	x.result = x.match(root)
	x.strings()
	x.edits = append(x.matching, x.edits...) // What follows an operator comes before what begins at its right side.
	x.errs = append(x.errs, x.check())
	if err := errors.Join(x.errs...); err != nil {
		x.edits, x.notes = nil, nil
		return x, err
	}
	return x, nil
}

// check reports a result that is no expression.
func (x *expression) check() error {
	if len(x.errs) > 0 {
		return nil // Some edits are missing.
	}
	if overlap(x.edits) {
		return errors.New("parts of the expression cannot be rewritten together")
	}
	if _, _, err := parse(apply(x.text, x.edits)); err != nil {
		return fmt.Errorf("rewrite the expression: %w", err)
	}
	return nil
}

// expression is the translation of one expression.
type expression struct {
	Translator

	text       string
	labelsOnly bool // values do not matter
	tokens     []parser.Item
	edits      []edit
	matching   []edit // of operators
	notes      []string
	errs       []error
	labels     map[*parser.VectorSelector]added // of the selectors of dcgm-exporter's series
	renames    map[*parser.VectorSelector]rename
	renamed    bool // one of them has another name
	result     side
}

func (x *expression) fail(err error) { x.errs = append(x.errs, err) }

func (x *expression) note(notes ...string) {
	for _, n := range notes {
		if n != "" && !slices.Contains(x.notes, n) {
			x.notes = append(x.notes, n)
		}
	}
}

func (x *expression) edit(start, end int, text string) {
	x.edits = append(x.edits, edit{start, end, text})
}

func (x *expression) insert(at int, text string) { x.edit(at, at, text) }

func tokensOf(text string) []parser.Item {
	var tokens []parser.Item
	lexer := parser.Lex(text)
	for {
		var item parser.Item
		lexer.NextItem(&item)
		if item.Typ == parser.EOF || item.Typ == parser.ERROR {
			return tokens
		}
		tokens = append(tokens, item)
	}
}

func endOf(item parser.Item) int { return int(item.Pos) + len(item.Val) }

// selectors translates every selector under a node. path has the nodes above it, the nearest last.
func (x *expression) selectors(node parser.Node, path []parser.Node) {
	if s, is := node.(*parser.VectorSelector); is {
		x.selector(s, path)
		return
	}
	path = append(slices.Clone(path), node)
	for child := range parser.ChildrenIter(node) {
		x.selectors(child, path)
	}
}

var errInName = errors.New("the name of a series has a variable in it")

func (x *expression) selector(s *parser.VectorSelector, path []parser.Node) {
	tokens := x.between(s.PosRange.Start, s.PosRange.End)
	name, err := x.nameOf(s)
	if err != nil {
		x.fail(err)
		return
	}
	if record, isRecord := x.records[name]; isRecord {
		x.recorded(s, name, record, tokens)
		return
	}
	if x.isPlaceholder(s) && x.mention(x.text[s.PosRange.Start:int(s.PosRange.Start)+len(s.Name)]) != "" {
		x.fail(errInName)
		return
	}
	if !isExporters(name) {
		return
	}
	place := slices.IndexFunc(tokens, func(i parser.Item) bool { return i.Val == name || unquoted(i) == name })
	if place < 0 || !x.isLiteral(tokens[place]) {
		x.fail(errInName)
		return
	}
	x.labels[s] = added{}
	r, changes, err := x.series(name)
	if err != nil {
		x.fail(err)
		return
	}
	for _, l := range r.labels {
		x.labels[s][l.Key] = l.Value
	}
	if changes {
		x.renamed = true
		x.note(r.notes...)
		r = x.instances(s, path, r)
		x.renames[s] = r
		x.rename(tokens, tokens[place], r)
		if !x.labelsOnly {
			x.convert(s, path, tokens, r)
		}
	}
	x.matchers(tokens)
}

// recorded translates the labels of a series that a rule records from dcgm-exporter's.
func (x *expression) recorded(s *parser.VectorSelector, name string, r record, tokens []parser.Item) {
	if r.mixed {
		x.fail(fmt.Errorf("%s is recorded by a rule that was rewritten, and its labels by another one or by hand", name))
		return
	}
	x.labels[s] = r.result.added
	x.matchers(tokens)
}

func unquoted(item parser.Item) string {
	if item.Typ != parser.STRING || len(item.Val) < 2 {
		return ""
	}
	return item.Val[1 : len(item.Val)-1]
}

// isLiteral reports whether a token has no variable in it.
func (x *expression) isLiteral(item parser.Item) bool {
	return x.text[item.Pos:endOf(item)] == item.Val && !hasVariable(unquoted(item))
}

// rename puts another name, and the matchers that it needs, into a selector.
func (x *expression) rename(tokens []parser.Item, name parser.Item, r rename) {
	text := r.name
	if name.Typ == parser.STRING {
		text = strconv.Quote(text)
	}
	var matchers []string
	for _, l := range slices.Concat(r.labels, r.matchers) {
		matchers = append(matchers, l.Key+"="+strconv.Quote(l.Value))
	}
	added := strings.Join(matchers, ",")
	brace := slices.IndexFunc(tokens, func(i parser.Item) bool { return i.Typ == parser.LEFT_BRACE })
	if brace < 0 && added != "" {
		text += "{" + added + "}"
	}
	x.edit(int(name.Pos), endOf(name), text)
	if brace < 0 || added == "" {
		return
	}
	if tokens[brace+1].Typ != parser.RIGHT_BRACE {
		added += ","
	}
	x.insert(endOf(tokens[brace]), added)
}
