// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// Functions of a range by what a factor of their argument does to the result.
var (
	linear = []string{
		"rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "double_exponential_smoothing", "holt_winters",
		"avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "last_over_time", "first_over_time", "quantile_over_time", "stddev_over_time", "mad_over_time",
	}
	invariant = []string{"count_over_time", "changes", "resets", "present_over_time", "absent_over_time", "absent", "timestamp"}
	rates     = []string{"rate", "irate", "increase"}
)

// convert gives the expression around a selector the unit that it had.
func (x *expression) convert(s *parser.VectorSelector, path []parser.Node, tokens []parser.Item, r rename) {
	around, call, path := argument(s, path)
	switch {
	case r.isRate:
		x.toRate(s, call, tokens)
	case r.factor.IsOne() || call != nil && slices.Contains(invariant, call.Func.Name) || counts(path):
	case call != nil && !slices.Contains(linear, call.Func.Name) && around != parser.Node(s):
		x.fail(fmt.Errorf("%s is in another unit, and %s of a range cannot be converted", r.name, call.Func.Name))
	default:
		x.scale(around, path, r.factor)
	}
}

// argument returns the node to multiply: the selector, or the call that has its range. call is the function that it is the argument of.
func argument(s *parser.VectorSelector, path []parser.Node) (around parser.Node, call *parser.Call, rest []parser.Node) {
	around, rest = s, path
	if len(rest) > 0 {
		if _, isRange := rest[len(rest)-1].(*parser.MatrixSelector); isRange {
			rest = rest[:len(rest)-1]
		}
	}
	isRange := len(rest) < len(path)
	for len(rest) > 0 {
		switch node := rest[len(rest)-1].(type) {
		case parser.Expressions:
			rest = rest[:len(rest)-1]
			continue
		case *parser.Call:
			if isRange {
				return node, node, rest[:len(rest)-1]
			}
			return around, node, rest
		}
		break
	}
	return around, nil, rest
}

// counts reports whether the nearest node above counts series, whatever their values are.
func counts(path []parser.Node) bool {
	for _, node := range slices.Backward(path) {
		if _, isParen := node.(*parser.ParenExpr); isParen {
			continue
		}
		aggregate, is := node.(*parser.AggregateExpr)
		return is && (aggregate.Op == parser.COUNT || aggregate.Op == parser.GROUP)
	}
	return false
}

// scale multiplies a node, or takes the factor that follows it away where that is the same.
func (x *expression) scale(node parser.Node, path []parser.Node, toNew dcgmnames.Factor) {
	at := node.PositionRange()
	var parent parser.Node
	if len(path) > 0 {
		parent = path[len(path)-1]
	}
	operation, isOperation := parent.(*parser.BinaryExpr)
	switch {
	case isOperation && operation.LHS == node && undoes(operation, toNew):
		x.edit(int(at.End), int(operation.RHS.PositionRange().End), "")
	case x.needsRounding(node, path, toNew):
		x.insert(int(at.Start), "round(")
		x.insert(int(at.End), factorText(toNew)+", 1e-6)")
	case binds(parent):
		x.insert(int(at.Start), "(")
		x.insert(int(at.End), factorText(toNew)+")")
	default:
		x.insert(int(at.End), factorText(toNew))
	}
}

// undoes reports whether an operation with a number on its right side converts to the new unit.
func undoes(operation *parser.BinaryExpr, toNew dcgmnames.Factor) bool {
	n, isNumber := operation.RHS.(*parser.NumberLiteral)
	switch {
	case !isNumber:
		return false
	case operation.Op == parser.MUL:
		return toNew.Divide == 1 && n.Val == toNew.Multiply
	case operation.Op == parser.DIV:
		return toNew.Multiply == 1 && n.Val == toNew.Divide
	default:
		return false
	}
}

// binds reports whether a node could bind closer to its child than a multiplication.
func binds(parent parser.Node) bool {
	switch parent.(type) {
	case *parser.BinaryExpr, *parser.UnaryExpr, *parser.SubqueryExpr:
		return true
	default:
		return false
	}
}

// toRate makes a rate of a selector that is a counter now. Functions that rate a range do that already.
func (x *expression) toRate(s *parser.VectorSelector, call *parser.Call, tokens []parser.Item) {
	end := selectorEnd(s, tokens)
	isRange := call != nil && slices.ContainsFunc(call.Args, func(arg parser.Expr) bool {
		_, is := arg.(*parser.MatrixSelector)
		return is
	})
	switch {
	case !isRange:
		x.insert(int(s.PosRange.Start), "rate(")
		x.insert(end, "[5m]")
		x.insert(int(s.PosRange.End), ")")
	case slices.Contains(rates, call.Func.Name):
	case call.Func.Name == "avg_over_time":
		x.edit(int(call.PosRange.Start), int(call.PosRange.Start)+len(call.Func.Name), "rate")
	default:
		x.fail(fmt.Errorf("%s of a rate has no counterpart where there is a counter", call.Func.Name))
	}
}

// selectorEnd is where a range can follow: behind the matchers and before an offset.
func selectorEnd(s *parser.VectorSelector, tokens []parser.Item) int {
	end := endOf(tokens[0])
	for _, item := range tokens {
		if item.Typ == parser.RIGHT_BRACE {
			end = endOf(item)
		}
	}
	return min(end, int(s.PosRange.End))
}

// clauses translates the labels of by, without, on, ignoring, group_left and group_right, and of label_replace and label_join.
func (x *expression) clauses(node parser.Node) {
	switch n := node.(type) {
	case *parser.AggregateExpr:
		inner := n.Expr.PositionRange()
		x.names(x.outside(n.PosRange, inner), n)
	case *parser.BinaryExpr:
		x.names(x.between(n.LHS.PositionRange().End, n.RHS.PositionRange().Start), n)
	case *parser.Call:
		x.copies(n)
	}
	for child := range parser.ChildrenIter(node) {
		x.clauses(child)
	}
}

// outside are the tokens of a range before and behind another one.
func (x *expression) outside(outer, inner posrange.PositionRange) []parser.Item {
	return append(x.between(outer.Start, inner.Start), x.between(inner.End, outer.End)...)
}

// names translates the labels among the tokens of a clause.
func (x *expression) names(tokens []parser.Item, node parser.Node) {
	for i, item := range tokens {
		if item.Typ == parser.IDENTIFIER && i > 0 && (tokens[i-1].Typ == parser.LEFT_PAREN || tokens[i-1].Typ == parser.COMMA) {
			x.name(item.Val, int(item.Pos), node)
		}
	}
}

// copies translates the labels that label_replace and label_join read.
func (x *expression) copies(call *parser.Call) {
	first := map[string]int{"label_replace": 3, "label_join": 3}[call.Func.Name]
	if first == 0 {
		return
	}
	for i, arg := range call.Args {
		text, isText := arg.(*parser.StringLiteral)
		if isText && (i == first || i > first && call.Func.Name == "label_join") {
			x.name(text.Val, int(text.PosRange.Start)+1, call)
		}
	}
}

// name translates a label that a node reads from what is under it.
func (x *expression) name(old string, at int, node parser.Node) {
	ours, others := x.under(node)
	label, changes := x.label(old)
	switch {
	case !changes || !ours:
	case others:
		x.fail(fmt.Errorf("label %s is taken from series that are not dcgm-exporter's, too", old))
	case label.err(old) != nil:
		x.fail(label.err(old))
	default:
		x.note(label.note)
		x.edit(at, at+len(old), label.name)
	}
}

// under reports whether there are selectors of dcgm-exporter, and others, under a node.
func (x *expression) under(node parser.Node) (ours, others bool) {
	parser.Inspect(node, func(n parser.Node, _ []parser.Node) error {
		if s, is := n.(*parser.VectorSelector); is {
			_, isOurs := x.labels[s]
			ours, others = ours || isOurs, others || !isOurs
		}
		return nil
	})
	return ours, others
}
