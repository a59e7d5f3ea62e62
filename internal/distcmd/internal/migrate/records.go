// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"maps"
	"slices"
)

// record is a series that a rule records from dcgm-exporter's. It keeps its name and its values, and has the labels that the rewritten expression leaves.
type record struct {
	result side
	mixed  bool // another rule records it, too, or the rule sets labels that change
}

// rule is one that records.
type rule struct {
	expr string
	sets bool // labels that change
}

// Learn returns a translator that knows what is recorded from dcgm-exporter's series by rules in files. Files that cannot be read have none.
func (t Translator) Learn(files ...[]byte) Translator {
	for _, file := range files {
		t = t.seeing(file)
	}
	rules := map[string][]rule{}
	for _, file := range files {
		t.collect(file, rules)
	}
	t.records = map[string]record{}
	for range rules { // A rule may need what others record, wherever they are.
		before := len(t.records)
		for name, all := range rules {
			t.learn(name, all)
		}
		if len(t.records) == before {
			break
		}
	}
	return t
}

func (t Translator) learn(name string, rules []rule) {
	if _, isKnown := t.records[name]; isKnown {
		return
	}
	var learned record
	ours := 0
	for _, r := range rules {
		x, err := t.translate(r.expr, false)
		if err != nil || len(x.labels) == 0 {
			continue
		}
		ours++
		learned.mixed = learned.mixed || r.sets || ours > 1 && !maps.Equal(learned.result.added, x.result.added)
		learned.result = x.result
	}
	if ours > 0 {
		learned.mixed = learned.mixed || ours < len(rules)
		t.records[name] = learned
	}
}

// collect finds the rules of a file, and of files within it.
func (t Translator) collect(file []byte, rules map[string][]rule) {
	d, err := read(file)
	if err != nil || slices.ContainsFunc(d.roots, (*node).isText) {
		return
	}
	walked := map[*node]bool{}
	var walk func(n *node)
	walk = func(n *node) {
		if walked[n] {
			return
		}
		walked[n] = true
		if name, expr := n.string("record"), n.string("expr"); name != "" && expr != "" {
			rules[name] = append(rules[name], rule{expr, t.sets(n.child("labels"))})
		}
		if n.text != nil && t.names(n.text.value) {
			t.collect([]byte(n.text.value), rules)
		}
		for _, child := range n.children {
			walk(child)
		}
	}
	for _, root := range d.roots {
		walk(root)
	}
}

func (t Translator) sets(labels *node) bool {
	return labels != nil && slices.ContainsFunc(labels.keys, func(key *scalar) bool {
		_, changes := t.label(key.value)
		return changes
	})
}
