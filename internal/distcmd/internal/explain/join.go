// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"encoding"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

// join puts together what the sources say, what that resolves to and what comes out of it.
type join struct {
	sources   []source
	resolved  map[string]any
	effective map[string]any
	defaults  map[string]any // of the same components
	faults    map[string]error

	used    map[string]bool // keys of the resolved configuration that explain a leaf
	secrets secrets
}

func (j *join) fault(key string, err error) {
	if err != nil {
		j.faults[key] = err
	}
}

func (j *join) addFaults(faults map[string]error) {
	for key, err := range faults {
		j.fault(key, err)
	}
}

func (j *join) explanation() *Explanation {
	type row struct {
		path path
		leaf Leaf
	}
	var rows []row
	walk(j.effective, nil, func(p path, value any) {
		if leaf, ok := j.leaf(p, value); ok {
			rows = append(rows, row{p, leaf})
		}
	})
	unshown := j.unshown()
	for i := range rows {
		j.derive(rows[i].path, &rows[i].leaf, unshown)
	}
	e := &Explanation{Effective: plainTree(j.effective), Notes: j.notes()}
	rank := j.ranks()
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(rank(a.path, 1), rank(b.path, 1)), cmp.Compare(rank(a.path, 2), rank(b.path, 2)), compare(a.path, b.path))
	})
	for _, row := range rows {
		e.Leaves = append(e.Leaves, row.leaf)
	}
	j.findSecrets()
	j.secrets.forget(j.defaults)
	e.hide = j.secrets.hider()
	inKeys := j.secrets.notKeys().hider()
	for _, leaves := range [][]Leaf{e.Leaves, e.Notes} {
		for i := range leaves {
			leaves[i].Key = redact.Text(inKeys.known(leaves[i].Key))
			leaves[i].hide(e.hide.known)
		}
	}
	return e
}

// leaf explains a value. Sections without components are left out, and so is what would be a
// default only because the value that is set can't be used.
func (j *join) leaf(p path, value any) (Leaf, bool) {
	if _, faulty := j.faultAt(p); faulty {
		return Leaf{}, false
	}
	if empty, ok := value.(map[string]any); ok && len(empty) == 0 && len(p) == 1 {
		return Leaf{}, false
	}
	secret := isSecretIn(j.effective, p, value) && !j.isTypedNumber(p)
	leaf := Leaf{Key: p.String(), Value: plain(value), Origin: Default}
	if secret {
		leaf.Value = redact.Mask
	}
	written := j.written(p)
	given, set, explicit := lookup(j.resolved, written)
	if !explicit {
		return leaf, true
	}
	if secret && isSecretAlone(j.effective, p) {
		j.secrets.add(set)
	}
	j.used[given.String()] = true
	leaf.Origin = Explicit
	isKey := len(written) < len(p) && leaf.Value == written[len(written)-1]
	if !isKey && len(given) == len(written) && canBeSecret(value) && isSecretIn(j.resolved, written, set) && !j.isTypedNumber(p) {
		// It is a secret by what stands beside it where it is set.
		secret, leaf.Value = true, redact.Mask
	}
	leaf.Source, leaf.Line, leaf.Text = j.whereabouts(written, secret)
	if isKey {
		leaf.Text = ""
	}
	if canBeSecret(value) && isReferenceToSecret(leaf.Text) {
		leaf.Value = redact.Mask
	}
	return leaf, true
}

// isTypedNumber says that a component takes nothing but a number at p: it has one by default.
func (j *join) isTypedNumber(p path) bool {
	at, byDefault, found := lookup(j.defaults, p)
	return found && len(at) == len(p) && isNumber(byDefault)
}

// written returns where what shows at p is set: elsewhere if its component has another shape
// than its settings.
func (j *join) written(p path) path {
	at, value, found := lookup(j.resolved, p)
	if found && len(at) == len(p) {
		return p
	}
	if named, isMap := value.(map[string]any); found && isMap {
		// A list of names and values, where a map of them is written.
		name := nameBeside(j.effective, p[:len(at)+1].child("value"))
		if _, ok := named[name]; ok {
			return at.child(name)
		}
	}
	if !found {
		return j.writtenAbove(p, at)
	}
	return p
}

// writtenAbove returns where p is set in the element of a list that is as far as the settings
// follow p: its component puts levels between the element and its keys.
func (j *join) writtenAbove(p, at path) path {
	if !slices.ContainsFunc(at, isElement) {
		return p
	}
	_, shown, _ := lookup(j.effective, p)
	for i := len(at) + 1; i < len(p); i++ {
		candidate := at.child(p[i:]...)
		given, set, found := lookup(j.resolved, candidate)
		if found && len(given) > len(at) && (len(given) < len(candidate) || fmt.Sprint(plain(set)) == fmt.Sprint(plain(shown))) {
			return candidate
		}
	}
	return p
}

// derive distinguishes from defaults what may come from a key that does not show, as the element of a
// list that it is in has another shape than its settings.
func (j *join) derive(p path, leaf *Leaf, unshown map[string]bool) {
	for depth := len(p); depth > 0 && leaf.Origin == Default; depth-- {
		if isElement(p[depth-1]) && unshown[p[:depth].String()] {
			leaf.Origin = Derived
			leaf.Source, leaf.Line, _ = j.whereabouts(p[:depth], true)
		}
	}
}

// unshown returns the elements of lists with keys that do not show.
func (j *join) unshown() map[string]bool {
	elements := map[string]bool{}
	for _, p := range j.unused() {
		for depth := len(p) - 1; depth > 0; depth-- {
			if isElement(p[depth-1]) {
				elements[p[:depth].String()] = true
				break
			}
		}
	}
	return elements
}

// whereabouts returns where p is written, and how. The last source wins.
func (j *join) whereabouts(p path, secret bool) (label string, line int, text string) {
	for i, s := range slices.Backward(j.sources) {
		written, value, found := lookup(s.tree, p)
		if !found || value == nil && len(written) < len(p) {
			continue
		}
		if len(written) < len(p) && j.merges(written, value, j.sources[:i]) {
			return "", 0, ""
		}
		spot := s.spots[written.String()]
		if s.OneLine {
			spot.line = 0
		}
		return s.Label, spot.line, textOf(spot, value, secret || len(written) < len(p))
	}
	return "", 0, ""
}

// merges says whether a map at p is merged with those of earlier sources, so that any of them
// may hold what shows as an element of a list.
func (j *join) merges(p path, value any, earlier []source) bool {
	_, isMap := value.(map[string]any)
	return isMap && slices.ContainsFunc(earlier, func(s source) bool {
		at, other, found := lookup(s.tree, p)
		_, isMap := other.(map[string]any)
		return found && isMap && len(at) == len(p)
	})
}

// textOf returns how a value is written. A container has no text of its own, and what takes
// the place of one may hold secrets.
func textOf(s spot, value any, secret bool) string {
	text := s.text
	switch value.(type) {
	case map[string]any, []any:
		return ""
	case nil:
		return text
	}
	if text == "" {
		text = fmt.Sprint(value)
	}
	if secret {
		return redactText(text)
	}
	return redact.Text(text)
}

// plain returns a value as the types of JSON, durations as people write them.
func plain(value any) any {
	switch v := value.(type) {
	case nil, bool, map[string]any, []any:
		return v
	case string:
		return redact.Text(v)
	case time.Duration:
		return v.String()
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err == nil {
			return redact.Text(string(text))
		}
	}
	switch v := reflect.ValueOf(value); v.Kind() { //nolint:exhaustive // whatever else there is has a text
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return fmt.Sprint(value) // JSON has no such numbers
		}
		return v.Float()
	case reflect.Bool:
		return v.Bool()
	default:
		return redact.Text(fmt.Sprint(value))
	}
}

func (l *Leaf) hide(known func(string) string) {
	if text, ok := l.Value.(string); ok {
		l.Value = known(text)
	}
	l.Text, l.Note = known(l.Text), redact.Text(known(l.Note))
}

// plainTree returns a copy of a tree with plain values.
func plainTree(tree map[string]any) map[string]any {
	copied := maps.Clone(tree)
	for key, value := range copied {
		copied[key] = plainValue(value)
	}
	return copied
}

func plainValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return plainTree(v)
	case []any:
		copied := make([]any, len(v))
		for i := range v {
			copied[i] = plainValue(v[i])
		}
		return copied
	default:
		return plain(v)
	}
}
