// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// nameOf is the name of the series that a selector selects, "" where it is not dcgm-exporter's for sure.
func (x *expression) nameOf(s *parser.VectorSelector) (string, error) {
	if s.Name != "" {
		return s.Name, x.alertsOwn(s)
	}
	for _, m := range s.LabelMatchers {
		switch {
		case m.Name != model.MetricNameLabel:
		case m.Type == labels.MatchEqual:
			return m.Value, x.alertsOwn(s)
		case x.names(m.Value) || !m.Matches("up") && x.matchesOld(m):
			return "", fmt.Errorf("the name of a series is matched by the pattern %q", m.Value)
		}
	}
	if label := x.specific(s); label != "" {
		return "", fmt.Errorf("series are selected by the label %s, whatever their name is", label)
	}
	return "", nil
}

// alertsOwn reports labels of alerts, which are those of the alerts' expressions.
func (x *expression) alertsOwn(s *parser.VectorSelector) error {
	if s.Name != "ALERTS" && s.Name != "ALERTS_FOR_STATE" {
		return nil
	}
	if label := x.specific(s); label != "" {
		return fmt.Errorf("%s has the label %s where the expression of the alert has it", s.Name, label)
	}
	return nil
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
