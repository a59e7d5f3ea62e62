// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// added are the labels by which a renamed series is selected, in the result of an expression. The series of dcgm-exporter had the same labels whatever they
// measured, so operations matched them without saying how; these labels have to be ignored where the sides differ in them.
type added map[string]string

// match returns the added labels of an expression's result, and has operations under it ignore those that differ.
func (x *expression) match(node parser.Node) added {
	switch n := node.(type) {
	case *parser.VectorSelector:
		return x.labels[n]
	case *parser.AggregateExpr:
		return x.match(n.Expr).grouped(n)
	case *parser.BinaryExpr:
		return x.operation(n)
	}
	var result added
	for child := range parser.ChildrenIter(node) {
		if labels := x.match(child); labels != nil {
			result = labels
		}
	}
	return result
}

// grouped are the labels that an aggregate leaves.
func (a added) grouped(n *parser.AggregateExpr) added {
	keepsAll := n.Op == parser.TOPK || n.Op == parser.BOTTOMK || n.Op == parser.LIMITK || n.Op == parser.LIMIT_RATIO
	if keepsAll {
		return a
	}
	left := maps.Clone(a)
	maps.DeleteFunc(left, func(label, _ string) bool { return slices.Contains(n.Grouping, label) == n.Without })
	return left
}

func (x *expression) operation(n *parser.BinaryExpr) added {
	left, right := x.match(n.LHS), x.match(n.RHS)
	switch {
	case n.LHS.Type() == parser.ValueTypeScalar:
		return right
	case n.RHS.Type() == parser.ValueTypeScalar || n.VectorMatching == nil:
		return left
	case n.VectorMatching.On:
		return left
	}
	differing := left.differingFrom(right)
	if len(differing) > 0 {
		x.ignore(n, differing)
	}
	if n.Op.IsSetOperator() {
		return left
	}
	result := maps.Clone(left)
	maps.DeleteFunc(result, func(label, _ string) bool { return slices.Contains(differing, label) })
	return result
}

// differingFrom lists the labels that one of two results has alone, or with another value.
func (a added) differingFrom(b added) []string {
	all := maps.Clone(a)
	if all == nil {
		all = added{}
	}
	maps.Copy(all, b)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(label string) bool { return a[label] == b[label] })
}

// ignore has an operation ignore labels.
func (x *expression) ignore(n *parser.BinaryExpr, labels []string) {
	list := strings.Join(labels, ", ")
	at := -1
	tokens := x.between(n.LHS.PositionRange().End, n.RHS.PositionRange().Start)
	for i, item := range tokens {
		switch {
		case item.Typ == parser.IGNORING:
			x.follow(endOf(tokens[i+1]), list+separator(n.VectorMatching.MatchingLabels))
			return
		case at < 0 && item.Typ.IsOperator() || item.Typ == parser.BOOL:
			at = endOf(item)
		}
	}
	x.follow(at, " ignoring ("+list+")")
}

func (x *expression) follow(at int, text string) { x.matching = append(x.matching, edit{at, at, text}) }

// separator goes before the rest of a list.
func separator(rest []string) string {
	if len(rest) == 0 {
		return ""
	}
	return ", "
}
