// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// filters translates the labels of filters, each a label, an operator and values.
func (m *migration) filters(list *node) {
	if list == nil {
		return
	}
	for _, filter := range list.children {
		keys := append(filter.child("key").texts(), filter.child("label").texts()...)
		if len(keys) == 1 && m.own(keys[0].value) {
			m.filter(filter, keys[0])
			continue
		}
		for _, key := range keys {
			m.reportLabel(key, key.value, "compared by a filter for all series")
		}
	}
}

// filter translates a filter for a label that is dcgm-exporter's own, as a whole or not.
func (m *migration) filter(filter *node, key *scalar) {
	label, operator := key.value, filter.string("operator")+filter.string("op")
	l, _ := m.label(label)
	err := l.err(label)
	if strings.ContainsAny(operator, "<>") && m.valuesChange(label) {
		err = errors.Join(err, fmt.Errorf("values of the label %s, which are others now, are compared", label))
	}
	values := slices.Concat(filter.child("value").texts(), filter.child("values").texts(), filter.child("valueLabels").texts())
	rewritten := map[*scalar]string{}
	var notes []Message
	for _, s := range values {
		text, note, valueErr := m.value(label, s.value, strings.Contains(operator, "~"))
		err = errors.Join(err, valueErr)
		rewritten[s] = text
		if note != "" {
			notes = append(notes, Message{s.line, note})
		}
	}
	if err != nil {
		m.fail(key, strings.Split(err.Error(), "\n")[0])
		return
	}
	m.result.Notes = append(m.result.Notes, notes...)
	for _, s := range values {
		if rewritten[s] != s.value {
			m.rewrite(s, rewritten[s])
		}
	}
	for _, s := range append(filter.child("keyLabel").texts(), key) {
		if s.value == label {
			m.rewrite(s, l.name)
		}
	}
}
