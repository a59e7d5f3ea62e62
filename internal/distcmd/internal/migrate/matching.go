// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// added are the labels by which a renamed series is selected, in the result of an expression. The series of dcgm-exporter had the same labels whatever they
// measured, so operations matched them without saying how; these labels have to be ignored where the sides differ in them.
type added map[string]string

// varies is the value of a label that differs among the series of a result.
const varies = "\x00"

// side is what an expression results in.
type side struct {
	added   added
	ours    bool // it has series of dcgm-exporter, or what is made of them
	others  bool // and of others
	carries bool // labels that change are among those of the result
}

// match returns the result of an expression, and has operations under it ignore added labels that differ.
func (x *expression) match(node parser.Node) side {
	switch n := node.(type) {
	case *parser.VectorSelector:
		labels, isOurs := x.labels[n]
		r, isRecord := x.records[n.Name]
		return side{added: labels, ours: isOurs, others: !isOurs && !x.isPlaceholder(n), carries: isOurs && (!isRecord || r.result.carries)}
	case *parser.AggregateExpr:
		return x.grouped(x.match(n.Expr), n)
	case *parser.BinaryExpr:
		return x.operation(n)
	}
	var result side
	for child := range parser.ChildrenIter(node) {
		if of := x.match(child); of.ours || of.others && !result.ours {
			result = of
		}
	}
	if call, is := node.(*parser.Call); is && (call.Func.Name == "vector" || call.Type() == parser.ValueTypeScalar) {
		return side{}
	}
	return result
}

// grouped is the result of an aggregate.
func (x *expression) grouped(of side, n *parser.AggregateExpr) side {
	if n.Op == parser.TOPK || n.Op == parser.BOTTOMK || n.Op == parser.LIMITK || n.Op == parser.LIMIT_RATIO {
		return of
	}
	of.added = maps.Clone(of.added)
	maps.DeleteFunc(of.added, func(label, _ string) bool { return slices.Contains(n.Grouping, label) == n.Without })
	if !n.Without {
		of.carries = of.carries && slices.ContainsFunc(n.Grouping, x.labelChanges)
	}
	return of
}

func (x *expression) labelChanges(label string) bool {
	_, changes := x.label(label)
	return changes
}

func (x *expression) operation(n *parser.BinaryExpr) side {
	left, right := x.match(n.LHS), x.match(n.RHS)
	switch {
	case n.LHS.Type() == parser.ValueTypeScalar:
		return right
	case n.RHS.Type() == parser.ValueTypeScalar || n.VectorMatching == nil:
		return left
	}
	if !n.VectorMatching.On {
		x.comparable(left, right)
	}
	var differing []string
	if left.ours && right.ours && !n.VectorMatching.On {
		differing = left.added.differingFrom(right.added)
	}
	if len(differing) > 0 {
		x.ignore(n, differing)
	}
	result := side{ours: left.ours || right.ours, others: left.others || right.others}
	switch n.VectorMatching.Card {
	case parser.CardOneToMany:
		result.added, result.carries = right.added, right.carries
	case parser.CardManyToOne:
		result.added, result.carries = left.added, left.carries
	case parser.CardManyToMany:
		result.added, result.carries = left.added, left.carries
		if n.Op == parser.LOR {
			result.added, result.carries = left.added.or(right.added), left.carries || right.carries
		}
	default:
		result.added, result.carries = x.paired(left, right, n.VectorMatching, differing)
	}
	return result
}

// paired returns what is left of the labels of both sides of an operation on pairs.
func (x *expression) paired(left, right side, matching *parser.VectorMatching, differing []string) (added, bool) {
	if matching.On {
		return nil, (left.carries || right.carries) && slices.ContainsFunc(matching.MatchingLabels, x.labelChanges)
	}
	result := maps.Clone(left.added)
	maps.DeleteFunc(result, func(label, _ string) bool {
		return slices.Contains(differing, label) || slices.Contains(matching.MatchingLabels, label)
	})
	return result, left.carries || right.carries
}

// comparable reports sides of which all labels are compared, where those of one change and those of the other do not.
func (x *expression) comparable(left, right side) {
	if left.carries && right.others && !right.ours || right.carries && left.others && !left.ours {
		x.fail(errors.New("all labels are compared with those of series that are not dcgm-exporter's"))
	}
}

// or are the labels of a result that has series of two.
func (a added) or(b added) added {
	result := added{}
	maps.Copy(result, a)
	maps.Copy(result, b)
	for _, label := range a.differingFrom(b) {
		result[label] = varies
	}
	return result
}

// differingFrom lists the labels that one of two results has alone, or with another value.
func (a added) differingFrom(b added) []string {
	all := maps.Clone(a)
	if all == nil {
		all = added{}
	}
	maps.Copy(all, b)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(label string) bool { return a[label] == b[label] && a[label] != varies })
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
