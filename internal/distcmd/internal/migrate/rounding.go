// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// A ratio times 100 is not always the percentage that it was made of: 0.29 * 100 is 28.999999999999996. Where a difference that small decides something,
// the product is rounded to what it was.

var (
	picks = []string{"min_over_time", "max_over_time", "first_over_time", "last_over_time", "sort", "sort_desc", "scalar"} // results are samples
	steps = []string{"ceil", "floor", "round", "sgn"}

	// What these make of values is near zero where the values hardly differ, so that rounding it would change it.
	slopes  = []string{"rate", "irate", "increase", "delta", "deriv", "stddev_over_time", "stdvar_over_time", "mad_over_time"}
	spreads = []parser.ItemType{parser.STDDEV, parser.STDVAR}

	picking = []parser.ItemType{parser.MIN, parser.MAX, parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO}
)

const (
	percent  = 100
	lastBits = "slopes and deviations of a ratio differ from those of a percentage in their last bits: a comparison may have another result where both sides were equal"
)

// needsRounding reports whether a product decides something, and decides otherwise than what it was for one of the percentages from 0 to 100.
func (x *expression) needsRounding(node parser.Node, path []parser.Node, toNew dcgmnames.Factor) bool {
	if toNew.Divide == 1 {
		return false // A product of integers, divided again, is exact.
	}
	between := made{picked: true, linear: true}
	between.pass(node)
	if !between.picked && slices.ContainsFunc(append(slices.Clone(path), node), isSlope) {
		if slices.ContainsFunc(path, isComparison) {
			x.note(lastBits)
		}
		return false // Samples are rounded to what they were, and other values to something near.
	}
	for _, above := range slices.Backward(path) {
		operation, isOperation := above.(*parser.BinaryExpr)
		switch {
		case isOperation && operation.Op.IsComparisonOperator():
			if x.decides(operation, node, between, toNew) {
				return true
			}
			if operation.ReturnBool {
				return false
			}
		case isStep(above):
			return toNew.Divide == percent
		case isCount(above):
			return false
		default:
			between.pass(above)
		}
		node = above
	}
	return false
}

// made says what a value is of products.
type made struct {
	picked bool // one of them
	linear bool // zero where all are, and where one only if all are that cannot be negative
}

func (m *made) pass(node parser.Node) {
	switch n := node.(type) {
	case *parser.VectorSelector, *parser.ParenExpr, parser.Expressions, *parser.SubqueryExpr:
	case *parser.Call:
		m.picked = m.picked && slices.Contains(picks, n.Func.Name)
		m.linear = m.linear && (m.picked || slices.Contains(linear, n.Func.Name))
	case *parser.AggregateExpr:
		m.picked = m.picked && slices.Contains(picking, n.Op)
	default: // What comparisons leave is passed on elsewhere.
		m.picked, m.linear = false, false
	}
}

// decides reports whether a comparison of what is made of products has other results.
func (x *expression) decides(operation *parser.BinaryExpr, node parser.Node, between made, toNew dcgmnames.Factor) bool {
	other, op := operation.RHS, operation.Op
	if operation.RHS == node {
		other, op = operation.LHS, mirrored(op)
	}
	n, isNumber := constant(other)
	isZero := isNumber && n == 0
	if toNew.Divide != percent {
		if isEquality(op) && !isZero {
			x.note(fmt.Sprintf("%s compares a converted value for equality, which no value may meet", operation.Op))
		}
		return false
	}
	if !isNumber || !between.picked {
		return !isZero || !between.linear
	}
	for i := range percent + 1 {
		old := float64(i)
		if holds(op, old, n) != holds(op, toNew.Of(old)*percent, n) {
			return true
		}
	}
	return false
}

// constant is the number that an expression is.
func constant(expr parser.Expr) (float64, bool) {
	switch n := expr.(type) {
	case *parser.NumberLiteral:
		return n.Val, true
	case *parser.ParenExpr:
		return constant(n.Expr)
	case *parser.UnaryExpr:
		value, is := constant(n.Expr)
		if n.Op == parser.SUB {
			value = -value
		}
		return value, is
	}
	return 0, false
}

// isCount reports whether the result of a node has nothing of the values.
func isCount(node parser.Node) bool {
	switch n := node.(type) {
	case *parser.Call:
		return slices.Contains(invariant, n.Func.Name)
	case *parser.AggregateExpr:
		return n.Op == parser.COUNT || n.Op == parser.GROUP
	}
	return false
}

// isStep reports whether a node makes different values of values that hardly differ.
func isStep(node parser.Node) bool {
	switch n := node.(type) {
	case *parser.Call:
		return slices.Contains(steps, n.Func.Name)
	case *parser.AggregateExpr:
		return n.Op == parser.COUNT_VALUES
	case *parser.BinaryExpr:
		return n.Op == parser.MOD
	}
	return false
}

func isComparison(node parser.Node) bool {
	n, is := node.(*parser.BinaryExpr)
	return is && n.Op.IsComparisonOperator()
}

// isSlope reports whether the result of a node is how values differ.
func isSlope(node parser.Node) bool {
	switch n := node.(type) {
	case *parser.Call:
		return slices.Contains(slopes, n.Func.Name)
	case *parser.AggregateExpr:
		return slices.Contains(spreads, n.Op)
	}
	return false
}

func isEquality(op parser.ItemType) bool { return op == parser.EQLC || op == parser.NEQ }

func mirrored(op parser.ItemType) parser.ItemType {
	switch op {
	case parser.GTR:
		return parser.LSS
	case parser.LSS:
		return parser.GTR
	case parser.GTE:
		return parser.LTE
	case parser.LTE:
		return parser.GTE
	}
	return op
}

func holds(op parser.ItemType, a, b float64) bool {
	switch op {
	case parser.EQLC:
		return a == b
	case parser.NEQ:
		return a != b
	case parser.GTR:
		return a > b
	case parser.LSS:
		return a < b
	case parser.GTE:
		return a >= b
	default:
		return a <= b
	}
}
