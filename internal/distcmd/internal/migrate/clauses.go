// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"
)

// clauses translates the labels of by, without, on, ignoring, group_left and group_right, and those in the arguments of functions.
func (x *expression) clauses(node parser.Node) {
	switch n := node.(type) {
	case *parser.AggregateExpr:
		x.grouping(n)
		if n.Without {
			x.leftOut(n.Grouping, n)
		}
	case *parser.BinaryExpr:
		tokens := x.between(n.LHS.PositionRange().End, n.RHS.PositionRange().Start)
		x.listed(tokens, n)
		x.noGroup(tokens, n.RHS.PositionRange().Start)
		if n.VectorMatching != nil && !n.VectorMatching.On {
			x.leftOut(n.VectorMatching.MatchingLabels, n)
		}
	case *parser.Call:
		x.arguments(n)
	}
	for child := range parser.ChildrenIter(node) {
		x.clauses(child)
	}
}

// noGroup gives group_left and group_right without labels an empty list, where the right side begins with a parenthesis now and would be read as one.
func (x *expression) noGroup(tokens []parser.Item, right posrange.Pos) {
	i := slices.IndexFunc(tokens, func(i parser.Item) bool { return i.Typ == parser.GROUP_LEFT || i.Typ == parser.GROUP_RIGHT })
	if i < 0 || i+1 < len(tokens) && tokens[i+1].Typ == parser.LEFT_PAREN {
		return
	}
	if slices.ContainsFunc(x.edits, func(e edit) bool { return e.start == int(right) && strings.HasPrefix(e.text, "(") }) {
		x.follow(endOf(tokens[i]), " ()")
	}
}

// grouping translates the labels of an aggregate. The argument of count_values is one, too, and an expression that is an argument has its own.
func (x *expression) grouping(n *parser.AggregateExpr) {
	outer, inner := n.PosRange, n.Expr.PositionRange()
	tokens := append(x.between(outer.Start, inner.Start), x.between(inner.End, outer.End)...)
	if n.Param != nil && n.Op != parser.COUNT_VALUES {
		own := n.Param.PositionRange()
		tokens = slices.DeleteFunc(tokens, func(i parser.Item) bool { return i.Pos >= own.Start && i.Pos < own.End })
	}
	x.listed(tokens, n)
}

// listed translates the labels among the tokens of a clause.
func (x *expression) listed(tokens []parser.Item, node parser.Node) {
	for i, item := range tokens {
		if i == 0 || tokens[i-1].Typ != parser.LEFT_PAREN && tokens[i-1].Typ != parser.COMMA {
			continue
		}
		name, at := labelOf(item)
		switch {
		case name == "":
		case x.keepsTwin(name, node) || x.repeats(name, node):
			x.unlist(tokens, i)
		default:
			x.name(name, at, node)
		}
	}
}

// name translates a label that a node reads from what is under it, or writes.
func (x *expression) name(old string, at int, node parser.Node) {
	ours, others := x.under(node)
	label, changes := x.label(old)
	if x.isWritten(node, old) {
		label, changes = x.attribute(old) // It is what was written, whatever the target had.
	}
	switch {
	case ours && old == model.MetricNameLabel && x.renamed:
		x.fail(errors.New("the name of a series, which changes, is taken for a label"))
	case !changes:
	case !ours:
		if err := x.unknown(old, selectorsOf(node)); err != nil {
			x.fail(err)
		}
	case others:
		x.fail(fmt.Errorf("label %s is taken from series that are not dcgm-exporter's, too", old))
	case x.isTwin(old, node):
		x.fail(fmt.Errorf("label %s is not there, and %s, which is one with it now, is", old, twins[old]))
	case label.why != "" && leavesOut(node, old): // A label that is not there is none to leave out.
	case label.why != "":
		x.fail(label.err(old))
	default:
		if err := x.ofInstances(old, selectorsOf(node)); err != nil && !leavesOut(node, old) {
			x.fail(err)
			return
		}
		x.note(label.note)
		text := label.name
		if leavesOut(node, old) {
			text = strings.Join(append([]string{text}, companions[text]...), x.listSeparator(at))
		}
		x.edit(at, at+len(old), text)
	}
}

// under reports whether there are selectors of dcgm-exporter's series, and others, under a node.
func (x *expression) under(node parser.Node) (ours, others bool) {
	parser.Inspect(node, func(n parser.Node, _ []parser.Node) error {
		if s, is := n.(*parser.VectorSelector); is {
			_, isOurs := x.labels[s]
			ours, others = ours || isOurs, others || !isOurs && !x.isPlaceholder(s)
		}
		return nil
	})
	return ours, others
}

// isPlaceholder reports whether a selector stands for a variable, which may be a number.
func (x *expression) isPlaceholder(s *parser.VectorSelector) bool {
	start := int(s.PosRange.Start)
	return s.Name != "" && !strings.HasPrefix(x.text[start:], s.Name)
}

// arguments translates what the arguments of a function say of labels.
func (x *expression) arguments(call *parser.Call) {
	switch call.Func.Name {
	case "label_replace":
		x.replace(call)
	case "label_join":
		x.join(call)
	case "sort_by_label", "sort_by_label_desc":
		for _, arg := range literals(call.Args[1:]) {
			x.name(arg.Val, within(arg), call)
		}
	}
}

// literals are the strings among arguments.
func literals(args parser.Expressions) []*parser.StringLiteral {
	var texts []*parser.StringLiteral
	for _, arg := range args {
		if text, is := arg.(*parser.StringLiteral); is {
			texts = append(texts, text)
		}
	}
	return texts
}

// within is where the text of a string begins.
func within(s *parser.StringLiteral) int { return int(s.PosRange.Start) + 1 }

// source is the text of a string as it is written.
func (x *expression) source(s *parser.StringLiteral) string {
	return x.text[within(s) : s.PosRange.End-1]
}

// replace translates label_replace(v, written, replacement, read, pattern).
func (x *expression) replace(call *parser.Call) {
	args := literals(call.Args[1:])
	if len(args) != 4 {
		x.opaque(call)
		return
	}
	to, replacement, from, pattern := args[0], args[1], args[2], args[3]
	isCopy := (pattern.Val == "(.*)" || pattern.Val == "(.+)") && strings.Trim(replacement.Val, "{}") == "$1"
	if !isCopy || !x.sameLabel(to.Val, from.Val) {
		x.written(to, call)
	} else {
		x.name(to.Val, within(to), call)
	}
	x.read(from, call)
	if ours, _ := x.under(call); !ours || !x.valuesChange(from.Val) {
		return
	}
	text, err := prefixed(x.source(pattern)) // Groups stay what they are, but for the whole.
	switch {
	case wholeMatch.MatchString(replacement.Val):
		err = fmt.Errorf("label_replace takes the whole value of the label %s, which is another one now", from.Val)
	case matchesNothing(pattern.Val) && aggregates(call.Args[0]):
		err = fmt.Errorf("the pattern of label_replace fits series without the label %s, too", from.Val)
	case x.isWritten(call.Args[0], from.Val):
		err = fmt.Errorf("label_replace reads the label %s, which another function under it writes", from.Val)
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.edit(within(pattern), int(pattern.PosRange.End)-1, text)
}

// wholeMatch is all of what a pattern matches, as a replacement names it.
var wholeMatch = regexp.MustCompile(`\$(0\b|\{0\})`)

// matchesNothing reports whether a pattern fits a label that is not there.
func matchesNothing(pattern string) bool {
	re, err := regexp.Compile("^(?s:" + pattern + ")$")
	return err == nil && re.MatchString("")
}

// aggregates reports whether series may have lost labels.
func aggregates(e parser.Expr) bool {
	found := false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		_, is := n.(*parser.AggregateExpr)
		found = found || is
		return nil
	})
	return found
}

// join translates label_join(v, written, separator, read...).
func (x *expression) join(call *parser.Call) {
	args := literals(call.Args[1:])
	if len(args) != len(call.Args)-1 || len(args) < 2 {
		x.opaque(call)
		return
	}
	x.written(args[0], call)
	ours, _ := x.under(call)
	for _, from := range args[2:] {
		x.read(from, call)
		if ours && x.valuesChange(from.Val) {
			x.fail(fmt.Errorf("label_join puts values of the label %s together, which are others now", from.Val))
		}
	}
}

// read translates a label that a function reads, which may be the one that it writes.
func (x *expression) read(from *parser.StringLiteral, call *parser.Call) {
	if ours, _ := x.under(call); ours && x.isTargets(from.Val) && !x.isWritten(call.Args[0], from.Val) {
		label, _ := x.label(from.Val)
		x.fail(label.err(from.Val))
		return
	}
	x.name(from.Val, within(from), call)
}

// opaque reports a function whose labels are no strings.
func (x *expression) opaque(call *parser.Call) {
	if ours, _ := x.under(call); ours {
		x.fail(fmt.Errorf("the arguments of %s cannot be read", call.Func.Name))
	}
}

// written translates a label that a function writes, so that what is above finds it by its new name.
func (x *expression) written(to *parser.StringLiteral, call *parser.Call) {
	ours, _ := x.under(call)
	label, changes := x.attribute(to.Val)
	if !ours || !changes || label.why != "" {
		return
	}
	for _, item := range x.tokens {
		if other, _ := labelOf(item); other != to.Val && x.sameLabel(other, to.Val) {
			x.fail(fmt.Errorf("%s writes the label %s, which is one with %s now", call.Func.Name, to.Val, other))
			return
		}
	}
	x.name(to.Val, within(to), call)
}

// sameLabel reports whether two labels are one in the target.
func (x *expression) sameLabel(a, b string) bool {
	ofA, changes := x.attribute(a)
	ofB, changesToo := x.attribute(b)
	return changes && changesToo && ofA.name != "" && ofA.name == ofB.name
}

// isWritten reports whether a function under a node writes a label.
func (x *expression) isWritten(node parser.Node, label string) bool {
	found := false
	parser.Inspect(node, func(n parser.Node, _ []parser.Node) error {
		if call, is := n.(*parser.Call); is && (call.Func.Name == "label_replace" || call.Func.Name == "label_join") {
			args := literals(call.Args[1:])
			found = found || len(args) > 0 && args[0].Val == label
		}
		return nil
	})
	return found
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
