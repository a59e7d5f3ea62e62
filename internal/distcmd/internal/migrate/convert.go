// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// Functions of a range by what a factor of their argument does to the result.
var (
	linear = []string{
		"rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "double_exponential_smoothing", "holt_winters",
		"avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "last_over_time", "first_over_time", "quantile_over_time", "stddev_over_time", "mad_over_time",
	}
	invariant = []string{
		"count_over_time", "changes", "resets", "present_over_time", "absent_over_time", "absent", "timestamp", "ts_of_first_over_time", "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
	}
	rates    = []string{"rate", "irate", "increase"}
	presence = []string{"absent", "absent_over_time", "present_over_time", "count_over_time"}
)

// convert gives the expression around a selector the unit that it had.
func (x *expression) convert(s *parser.VectorSelector, path []parser.Node, tokens []parser.Item, r rename) {
	around, call, path := argument(s, path)
	switch {
	case r.isRate:
		x.toRate(s, call, around != parser.Node(s), tokens)
	case r.factor.IsOne() || call != nil && slices.Contains(invariant, call.Func.Name) || counts(path):
	case call != nil && !slices.Contains(linear, call.Func.Name) && around != parser.Node(s):
		x.fail(fmt.Errorf("%s is in another unit, and %s of a range cannot be converted", r.name, call.Func.Name))
	default:
		x.scale(around, path, r.factor)
	}
}

// argument returns the node to multiply: the selector, or the call that has its range. call is the function that it is the argument of.
func argument(s *parser.VectorSelector, path []parser.Node) (around parser.Node, call *parser.Call, rest []parser.Node) {
	rest = path
	if len(rest) > 0 {
		if _, isRange := rest[len(rest)-1].(*parser.MatrixSelector); isRange {
			rest = rest[:len(rest)-1]
		}
	}
	isRange := len(rest) < len(path)
	for i, node := range slices.Backward(rest) {
		switch n := node.(type) {
		case parser.Expressions, *parser.ParenExpr:
			continue
		case *parser.Call:
			if isRange {
				return n, n, rest[:i]
			}
			return s, n, rest[:i+1]
		}
		break
	}
	return s, nil, rest
}

// counts reports whether the nearest node above counts series, whatever their values are.
func counts(path []parser.Node) bool {
	for _, node := range slices.Backward(path) {
		if _, isParen := node.(*parser.ParenExpr); isParen {
			continue
		}
		_, isAggregate := node.(*parser.AggregateExpr)
		return isAggregate && isCount(node)
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

// toRate makes a rate of a selector that is a counter now. Functions that rate a range do that already, and those that ask for samples need none.
func (x *expression) toRate(s *parser.VectorSelector, call *parser.Call, isRange bool, tokens []parser.Item) {
	end := selectorEnd(s, tokens)
	switch {
	case call != nil && call.Func.Name == "timestamp":
		x.fail(errors.New("timestamp of a rate has no counterpart where there is a counter"))
	case call != nil && slices.Contains(presence, call.Func.Name):
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

// factorText is what an expression in the new unit is followed by for the old one.
func factorText(toNew dcgmnames.Factor) string {
	back := toNew.Inverse()
	if back.Multiply == 1 {
		return " / " + strconv.FormatFloat(back.Divide, 'f', -1, 64)
	}
	return " * " + strconv.FormatFloat(back.Multiply, 'f', -1, 64)
}
