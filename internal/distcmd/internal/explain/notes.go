// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// absent is why a key of a sound configuration may be missing from the effective one.
const absent = "is set, but the effective configuration shows no such key: it is folded into another one, an alias or write-only"

// sections is the order of what a configuration does not put in order.
var sections = []string{"receivers", "processors", "exporters", "connectors", "extensions", "service"}

// ranks returns where sections and components stand: in the order of the sources.
func (j *join) ranks() func(p path, depth int) int {
	rank := map[string]int{}
	note := func(p path) {
		if _, ok := rank[p.String()]; !ok {
			rank[p.String()] = len(rank)
		}
	}
	for _, s := range j.sources {
		for _, p := range s.order {
			note(p)
		}
	}
	for _, section := range sections {
		note(path{section})
	}
	return func(p path, depth int) int {
		if r, ok := rank[p[:min(depth, len(p))].String()]; ok {
			return r
		}
		return math.MaxInt
	}
}

// notes lists sources that failed, and of everything that is set and does not show.
func (j *join) notes() []Leaf {
	var notes []Leaf
	for _, s := range j.sources {
		if s.err != nil {
			notes = append(notes, Leaf{Origin: Note, Source: s.Label, Note: s.err.Error()})
		}
	}
	if appends() {
		notes = append(notes, Leaf{Origin: Note, Note: "lists of several sources are appended: the source of an element may be another one"})
	}
	reported := map[string]bool{}
	for _, p := range j.unused() {
		if note, ok := j.note(p, reported); ok {
			notes = append(notes, note)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(j.faults)) {
		if err := j.faults[key]; err != nil && !reported[key] {
			notes = append(notes, Leaf{Key: key, Origin: Note, Note: reason(err)})
		}
	}
	return notes
}

// unused returns, in order, what the sources set and no leaf shows. Where something can't be
// resolved, only the sources know of it.
func (j *join) unused() []path {
	var unused []path
	seen := map[string]bool{}
	visit := func(p path, value any) {
		if key := p.String(); !isNothing(value) && !seen[key] && !j.used[key] {
			seen[key] = true
			unused = append(unused, p)
		}
	}
	walk(j.resolved, nil, visit)
	for _, s := range j.sources {
		walk(s.tree, nil, func(p path, value any) {
			if _, faulty := j.faultAt(p); faulty {
				visit(p, value)
			}
		})
	}
	return unused
}

// isNothing says that a leaf sets nothing: it is null or an empty container.
func isNothing(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	default:
		return false
	}
}

// findSecrets remembers what is known to be a secret by where it is set, whether or not it
// shows in the effective configuration.
func (j *join) findSecrets() {
	find := func(tree map[string]any) {
		walk(tree, nil, func(p path, value any) {
			j.secrets.addFound(value)
			j.addReferred(p, value)
			if isSecretIn(tree, p, value) && isSecretAlone(tree, p) && !j.isTypedNumber(p) {
				j.secrets.add(value)
				j.addExpansions(p, value)
			}
		})
	}
	find(j.resolved)
	for _, s := range j.sources {
		find(s.tree)
	}
}

// addExpansions remembers what references became that are a part of the secret at p.
func (j *join) addExpansions(p path, written any) {
	_, set, _ := lookup(j.resolved, p)
	if text, ok := set.(string); ok {
		for _, part := range expansions(fmt.Sprint(written), text) {
			j.secrets.add(part)
		}
	}
}

// addReferred remembers what references became that lead to a secret by their names. One
// within another can't be distinguished from it.
func (j *join) addReferred(p path, written any) {
	text, _ := written.(string)
	references := referred.FindAllStringSubmatch(text, -1)
	_, set, _ := lookup(j.resolved, p)
	if len(references) == 0 || !canBeSecret(set) {
		return
	}
	parts := expansions(text, fmt.Sprint(set))
	for i, reference := range references {
		switch {
		case !isSecretReference(reference[1]):
		case len(parts) == len(references):
			j.secrets.add(parts[i])
		default:
			j.secrets.add(anyList(parts))
		}
	}
}

func anyList(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// note explains why the key at p does not show. What is wrong with a whole component is reported
// once. No value but a switch is shown: nothing is known about what it is.
func (j *join) note(p path, reported map[string]bool) (Leaf, bool) {
	_, value, _ := lookup(j.resolved, p)
	key, faulty := j.faultAt(p)
	if faulty && reported[key] {
		return Leaf{}, false
	}
	note := Leaf{Key: p.String(), Origin: Note, Note: absent}
	if faulty {
		reported[key] = true
		note.Key, note.Note = key, reason(j.faults[key])
		p = p[:min(len(p), strings.Count(key, "::")+1)]
	}
	_, isSwitch := value.(bool)
	note.Source, note.Line, note.Text = j.whereabouts(p, !isSwitch)
	return note, true
}

// reason returns what an error says, without what upstream puts before every mistake.
func reason(err error) string {
	return strings.TrimSpace(strings.ReplaceAll(err.Error(), "decoding failed due to the following error(s):", ""))
}

// faultAt returns the key of the fault that explains why p does not show.
func (j *join) faultAt(p path) (string, bool) {
	for depth := len(p); depth > 0; depth-- {
		if key := p[:depth].String(); j.faults[key] != nil {
			return key, true
		}
	}
	return "", false
}
