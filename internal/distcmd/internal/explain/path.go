// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// path leads to a value in a tree of map[string]any and []any. An element of a list has the
// segment "[0]", "[1]" and so on.
type path []string

// String returns the path as the Collector writes it: a::b[0]::c.
func (p path) String() string {
	var sb strings.Builder
	for i, segment := range p {
		if _, ok := index(segment); i > 0 && !ok {
			sb.WriteString("::")
		}
		sb.WriteString(segment)
	}
	return sb.String()
}

// child returns a new path; p is left alone.
func (p path) child(segments ...string) path {
	return append(slices.Clip(p), segments...)
}

func element(i int) string { return "[" + strconv.Itoa(i) + "]" }

// index returns the position an element's segment stands for.
func index(segment string) (int, bool) {
	if !strings.HasPrefix(segment, "[") || !strings.HasSuffix(segment, "]") {
		return 0, false
	}
	i, err := strconv.Atoi(segment[1 : len(segment)-1])
	return i, err == nil
}

func isElement(segment string) bool {
	_, ok := index(segment)
	return ok
}

// walk calls visit for every leaf under value: whatever is no map and no list, or an empty one.
func walk(value any, at path, visit func(path, any)) {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			visit(at, v)
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			walk(v[key], at.child(key), visit)
		}
	case []any:
		if len(v) == 0 {
			visit(at, v)
		}
		for i, elem := range v {
			walk(elem, at.child(element(i)), visit)
		}
	default:
		visit(at, v)
	}
}

// lookup finds what a tree says about p: the value there, or the nearest value above it
// that takes its place because it is no container of p's kind, as ${file:tls.yaml} takes the
// place of tls::cert_file, or a map of headers that of a list of them.
func lookup(tree any, p path) (at path, value any, found bool) {
	value = tree
	for i, segment := range p {
		position, isIndex := index(segment)
		switch v := value.(type) {
		case nil:
			return nil, nil, false
		case map[string]any:
			next, ok := v[segment]
			if !ok {
				return p[:i], v, isIndex
			}
			value = next
		case []any:
			if !isIndex {
				return p[:i], v, true
			}
			if position >= len(v) {
				return nil, nil, false
			}
			value = v[position]
		default:
			return p[:i], v, true
		}
	}
	return p, value, true
}

// compare orders paths by segment, elements of lists by number.
func compare(a, b path) int {
	return slices.CompareFunc(a, b, func(x, y string) int {
		i, xIndex := index(x)
		j, yIndex := index(y)
		if xIndex && yIndex {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(x, y)
	})
}
