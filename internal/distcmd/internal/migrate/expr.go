// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
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
	return t.translate(text, false)
}

// selector translates a selector of which the labels are asked, not the values.
func (t Translator) selector(text string) (edits []edit, notes []string, err error) {
	return t.translate(text, true)
}

func (t Translator) translate(text string, labelsOnly bool) (edits []edit, notes []string, err error) {
	if !strings.Contains(text, "DCGM_") && !strings.Contains(text, "dcgm_") {
		return nil, nil, nil
	}
	root, masked, err := parse(text)
	if err != nil {
		return nil, nil, err
	}
	x := &expression{Translator: t, text: text, labelsOnly: labelsOnly, tokens: tokensOf(masked), labels: map[*parser.VectorSelector]added{}}
	x.selectors(root, nil)
	x.clauses(root)
	x.match(root)
	x.edits = append(x.matching, x.edits...) // What follows an operator comes before what begins at its right side.
	if err := errors.Join(x.errs...); err != nil {
		return nil, nil, err
	}
	if err := x.check(); err != nil {
		return nil, nil, err
	}
	return x.edits, x.notes, nil
}

// check reports a result that is no expression.
func (x *expression) check() error {
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

// between returns the tokens from one position to another.
func (x *expression) between(start, end posrange.Pos) []parser.Item {
	return slices.Collect(func(yield func(parser.Item) bool) {
		for _, item := range x.tokens {
			if item.Pos >= start && item.Pos < end && !yield(item) {
				return
			}
		}
	})
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

func (x *expression) selector(s *parser.VectorSelector, path []parser.Node) {
	name, err := nameOf(s)
	if err != nil {
		x.fail(err)
		return
	}
	if !isExporters(name) {
		return
	}
	tokens := x.between(s.PosRange.Start, s.PosRange.End)
	place := slices.IndexFunc(tokens, func(i parser.Item) bool { return i.Val == name || unquoted(i) == name })
	if place < 0 || !x.isLiteral(tokens[place]) {
		x.fail(errors.New("the name of a series has a variable in it"))
		return
	}
	r, changes, err := x.series(name)
	if err != nil {
		x.fail(err)
		return
	}
	x.labels[s] = added{}
	for _, l := range r.labels {
		x.labels[s][l.Key] = l.Value
	}
	if changes {
		x.note(r.notes...)
		x.rename(tokens, tokens[place], r)
		if !x.labelsOnly {
			x.convert(s, path, tokens, r)
		}
	}
	x.matchers(tokens)
}

// nameOf is the name of the series that a selector selects, "" where it is not dcgm-exporter's for sure.
func nameOf(s *parser.VectorSelector) (string, error) {
	if s.Name != "" {
		return s.Name, nil
	}
	for _, m := range s.LabelMatchers {
		switch {
		case m.Name != model.MetricNameLabel:
		case m.Type == labels.MatchEqual:
			return m.Value, nil
		case strings.Contains(m.Value, "DCGM_") || strings.Contains(m.Value, "dcgm_"):
			return "", fmt.Errorf("the name of a series is matched by the pattern %q", m.Value)
		}
	}
	return "", nil
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
	for _, l := range r.labels {
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

// matchers translates the labels that a selector compares.
func (x *expression) matchers(tokens []parser.Item) {
	for i := range len(tokens) - 2 {
		name, value := tokens[i], tokens[i+2]
		if name.Typ != parser.IDENTIFIER || value.Typ != parser.STRING || !slices.Contains(comparisons, tokens[i+1].Typ) {
			continue
		}
		label, changes := x.label(name.Val)
		if !changes {
			continue
		}
		text, note, err := x.value(name.Val, unquoted(value))
		if err = errors.Join(label.err(name.Val), err); err != nil {
			x.fail(err)
			continue
		}
		x.note(label.note, note)
		x.edit(int(name.Pos), endOf(name), label.name)
		if text != unquoted(value) {
			x.edit(int(value.Pos)+1, endOf(value)-1, text)
		}
	}
}

var comparisons = []parser.ItemType{parser.EQL, parser.NEQ, parser.EQL_REGEX, parser.NEQ_REGEX}

// factorText is what an expression in the new unit is followed by for the old one.
func factorText(toNew dcgmnames.Factor) string {
	back := toNew.Inverse()
	if back.Multiply == 1 {
		return " / " + strconv.FormatFloat(back.Divide, 'f', -1, 64)
	}
	return " * " + strconv.FormatFloat(back.Multiply, 'f', -1, 64)
}
