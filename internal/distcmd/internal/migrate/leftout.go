// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// twins are the labels that are one in the dcgm receiver.
var twins = map[string]string{"gpu": "device", "device": "gpu"}

// keepsTwin reports whether a node leaves out one of two labels that are one in the target, and keeps the other: results still differ by that.
func (x *expression) keepsTwin(label string, node parser.Node) bool {
	twin, has := twins[label]
	ours, others := x.under(node)
	if !has || !ours || others || x.Target != OTel || !leavesOut(node, label) || leavesOut(node, twin) || !x.has(twin, operands(node)...) {
		return false
	}
	for s := range selectorsOf(node) {
		if _, isRecord := x.records[s.Name]; isRecord {
			x.fail(fmt.Errorf("gpu and device are one label now, and which of them %s has is not known", s.Name))
		}
	}
	return true
}

// isTwin reports whether a node reads a label that results below it do not have, and they have the one that it is one with in the target.
func (x *expression) isTwin(label string, node parser.Node) bool {
	twin, has := twins[label]
	return has && x.Target == OTel && !leavesOut(node, label) && slices.ContainsFunc(operands(node), func(result parser.Expr) bool {
		return x.has(twin, result) && !x.has(label, result)
	})
}

// repeats reports whether group_left or group_right has a label that is one with a label of on now, and there already.
func (x *expression) repeats(label string, node parser.Node) bool {
	n, is := node.(*parser.BinaryExpr)
	if !is || n.VectorMatching == nil || !slices.Contains(n.VectorMatching.Include, label) {
		return false
	}
	ours, others := x.under(node)
	return ours && !others && slices.ContainsFunc(n.VectorMatching.MatchingLabels, func(on string) bool {
		return n.VectorMatching.On && twins[on] == label && x.sameLabel(on, label)
	})
}

// operands are what a node aggregates or matches.
func operands(node parser.Node) []parser.Expr {
	switch n := node.(type) {
	case *parser.AggregateExpr:
		return []parser.Expr{n.Expr}
	case *parser.BinaryExpr:
		return []parser.Expr{n.LHS, n.RHS}
	}
	return nil
}

// has reports whether one of some results has a label that all series of dcgm-exporter have.
func (x *expression) has(label string, results ...parser.Expr) bool {
	return slices.ContainsFunc(results, func(result parser.Expr) bool {
		switch n := result.(type) {
		case *parser.VectorSelector:
			_, isOurs := x.labels[n]
			return isOurs
		case *parser.AggregateExpr:
			selects := slices.Contains([]parser.ItemType{parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO}, n.Op)
			return (selects || slices.Contains(n.Grouping, label) != n.Without) && x.has(label, n.Expr)
		case *parser.BinaryExpr:
			return x.matched(label, n)
		}
		for child := range parser.ChildrenIter(result) {
			if expr, is := child.(parser.Expr); is && x.has(label, expr) {
				return true
			}
		}
		return false
	})
}

// matched reports whether the result of an operation has a label.
func (x *expression) matched(label string, n *parser.BinaryExpr) bool {
	switch m := n.VectorMatching; {
	case m == nil || m.Card == parser.CardManyToMany:
		return x.has(label, n.LHS, n.RHS)
	case m.Card == parser.CardManyToOne:
		return x.has(label, n.LHS)
	case m.Card == parser.CardOneToMany:
		return x.has(label, n.RHS)
	default:
		return slices.Contains(m.MatchingLabels, label) == m.On && x.has(label, n.LHS)
	}
}

// companions are attributes that say the same as others, or more of it, and that dcgm-exporter has no labels for: what leaves one out leaves out all.
var companions = map[string][]string{
	"host_name":    {"host_id", "k8s_node_name"},
	"k8s_pod_name": {"k8s_pod_uid"},
	"slurm_job_id": {"slurm_job_user", "slurm_job_account", "slurm_job_partition"},
}

// listSeparator is what stands between two labels that are written as the one at a position: in quotes or not.
func (x *expression) listSeparator(at int) string {
	if quote := x.text[at-1]; strings.IndexByte("\"'`", quote) >= 0 {
		return string(quote) + ", " + string(quote)
	}
	return ", "
}

// unlist removes a label from a list.
func (x *expression) unlist(tokens []parser.Item, i int) {
	start, end := int(tokens[i].Pos), endOf(tokens[i])
	switch {
	case i+2 < len(tokens) && tokens[i+1].Typ == parser.COMMA && tokens[i+2].Typ != parser.RIGHT_PAREN:
		end = int(tokens[i+2].Pos)
	case tokens[i-1].Typ == parser.COMMA:
		start = int(tokens[i-1].Pos)
	}
	x.edit(start, end, "")
}

// leavesOut reports whether a node leaves a label out.
func leavesOut(node parser.Node, label string) bool {
	switch n := node.(type) {
	case *parser.AggregateExpr:
		return n.Without && slices.Contains(n.Grouping, label)
	case *parser.BinaryExpr:
		return n.VectorMatching != nil && !n.VectorMatching.On && slices.Contains(n.VectorMatching.MatchingLabels, label)
	}
	return false
}

// identity are the labels of dcgm-exporter by which GPUs differ.
var identity = []string{"gpu", "UUID", "device", "pci_bus_id"}

// leftOut reports labels that are left out where GPUs differ by others still, as those of dcgm-exporter are more than the receiver's.
func (x *expression) leftOut(labels []string, node parser.Node) {
	oneOf := func(a, b string) bool { return slices.Contains(labels, a) || slices.Contains(labels, b) }
	ours, _ := x.under(node)
	if !ours || x.Target != OTel || !oneOf("gpu", "device") || !oneOf("UUID", "uuid") {
		return
	}
	left := slices.DeleteFunc(slices.Clone(identity), func(label string) bool {
		return slices.Contains(labels, label) || !x.has(label, operands(node)...)
	})
	if len(left) > 0 && !x.keepsTwin("gpu", node) && !x.keepsTwin("device", node) {
		x.fail(fmt.Errorf("GPUs differ by %s where labels are left out, and by nothing then", strings.Join(left, " and ")))
	}
}
