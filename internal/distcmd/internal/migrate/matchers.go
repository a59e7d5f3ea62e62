// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// nameOf is the name of the series that a selector selects, "" where it is not dcgm-exporter's for sure.
func (x *expression) nameOf(s *parser.VectorSelector) (string, error) {
	if name := literalName(s); name != "" {
		return name, x.named(s, name)
	}
	for _, m := range s.LabelMatchers {
		if m.Name == model.MetricNameLabel && (x.names(m.Value) || !m.Matches("up") && x.matchesOld(m)) {
			return "", fmt.Errorf("the name of a series is matched by the pattern %q", m.Value)
		}
	}
	if label := x.specific(s); label != "" {
		return "", errAnyName(label)
	}
	return "", nil
}

func errAnyName(label string) error {
	return fmt.Errorf("series are selected by the label %s, whatever their name is", label)
}

// literalName is the name that a selector has, "" where there is none or a pattern.
func literalName(s *parser.VectorSelector) string {
	if s.Name != "" {
		return s.Name
	}
	for _, m := range s.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}

// named reports labels of series whose name does not say what they are: alerts have those of their expressions, and a variable may be any name.
func (x *expression) named(s *parser.VectorSelector, name string) error {
	label := x.specific(s)
	switch {
	case label == "":
		return nil
	case isOfAlerts(name):
		return errOfAlerts(name, label)
	case x.isPlaceholder(s) || hasVariable(name):
		return errAnyName(label)
	}
	return nil
}

func isOfAlerts(name string) bool { return name == "ALERTS" || name == "ALERTS_FOR_STATE" }

func errOfAlerts(name, label string) error {
	return fmt.Errorf("%s has the label %s where the expression of the alert has it", name, label)
}

// unknown reports a label of dcgm-exporter's own that is taken from series that may be its, and whose name does not say so.
func (x *expression) unknown(label string, selectors iter.Seq[*parser.VectorSelector]) error {
	if !x.isSpecific(label) {
		return nil
	}
	for s := range selectors {
		switch name := literalName(s); {
		case isOfAlerts(name):
			return errOfAlerts(name, label)
		case x.isPlaceholder(s) || hasVariable(name) || name == "" && !x.isForeign(s):
			return fmt.Errorf("label %s is taken from series that are not known", label)
		}
	}
	return nil
}

// isForeign reports whether no series of dcgm-exporter's matches the pattern that a selector has for names.
func (x *expression) isForeign(s *parser.VectorSelector) bool {
	return slices.ContainsFunc(s.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == model.MetricNameLabel && !x.matchesOld(m) })
}

// specific is a label of dcgm-exporter's own that a selector compares.
func (x *expression) specific(s *parser.VectorSelector) string {
	for _, m := range s.LabelMatchers {
		if x.isSpecific(m.Name) {
			return m.Name
		}
	}
	return ""
}

var comparisons = []parser.ItemType{parser.EQL, parser.NEQ, parser.EQL_REGEX, parser.NEQ_REGEX}

// matchers translates the labels that a selector compares.
func (x *expression) matchers(tokens []parser.Item) {
	for i := range len(tokens) - 2 {
		name, at := labelOf(tokens[i])
		value := tokens[i+2]
		label, changes := x.label(name)
		if !changes || value.Typ != parser.STRING || !slices.Contains(comparisons, tokens[i+1].Typ) {
			continue
		}
		isPattern := tokens[i+1].Typ == parser.EQL_REGEX || tokens[i+1].Typ == parser.NEQ_REGEX
		text, note, err := x.value(name, unquoted(value), isPattern)
		if err = errors.Join(label.err(name), err); err != nil {
			x.fail(err)
			continue
		}
		x.note(label.note, note)
		x.edit(at, at+len(name), label.name)
		if text != unquoted(value) {
			x.edit(int(value.Pos)+1, endOf(value)-1, text)
		}
	}
}

// labelOf is the label that a token names, in quotes or not, and where it begins.
func labelOf(item parser.Item) (name string, at int) {
	switch item.Typ {
	case parser.IDENTIFIER:
		return item.Val, int(item.Pos)
	case parser.STRING:
		return unquoted(item), int(item.Pos) + 1
	default:
		return "", 0
	}
}

// strings reports names of series in strings that nothing is known of, such as what label_replace puts in.
func (x *expression) strings() {
	if len(x.errs) > 0 {
		return
	}
	for _, item := range x.tokens {
		if item.Typ != parser.STRING || slices.ContainsFunc(x.edits, func(e edit) bool { return e.start < endOf(item) && e.end > int(item.Pos) }) {
			continue
		}
		if name := x.mention(unquoted(item)); name != "" {
			x.fail(fmt.Errorf("%s stands in the string %s", strings.TrimSuffix(name, "_"), item.Val))
		}
	}
}
