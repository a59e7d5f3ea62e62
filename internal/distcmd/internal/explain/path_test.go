// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLookupFindsWhatTakesThePlace(t *testing.T) {
	tree := map[string]any{
		"text": "${file:x}", "null": nil,
		"list": []any{"a", map[string]any{"b": 1}},
		"map":  map[string]any{"c": 2, "d": nil},
	}
	for _, tt := range []struct {
		path  path
		at    string
		value any
		found bool
	}{
		{path{"text"}, "text", "${file:x}", true},
		{path{"text", "deeper", "[0]"}, "text", "${file:x}", true},
		{path{"null"}, "null", nil, true},
		{path{"null", "deeper"}, "", nil, false},
		{path{"list", "[0]"}, "list[0]", "a", true},
		{path{"list", "[1]", "b"}, "list[1]::b", 1, true},
		{path{"list", "[2]"}, "", nil, false},
		{path{"list", "key"}, "list", tree["list"], true},
		{path{"map", "[0]", "name"}, "map", tree["map"], true},
		{path{"map", "d"}, "map::d", nil, true},
		{path{"map", "e"}, "map", tree["map"], false},
	} {
		at, value, found := lookup(tree, tt.path)
		require.Equal(t, tt.found, found, tt.path)
		if found {
			require.Equal(t, tt.at, at.String())
			require.Equal(t, tt.value, value)
		}
	}
}

func TestPathsAreOrderedByNumber(t *testing.T) {
	require.Negative(t, compare(path{"a", "[2]"}, path{"a", "[10]"}))
	require.Negative(t, compare(path{"a"}, path{"a", "b"}))
	require.Positive(t, compare(path{"b"}, path{"a", "b"}))
}

func TestAnchorsAndMergesAreLocated(t *testing.T) {
	s := source{}
	s.locate(`a: &a {x: 1, y: 2}
b:
  <<: *a
  y: 3
c: *a
d:
  <<: [{z: 4}, *a]
e::f: 5
`)
	type written struct {
		line int
		text string
	}
	for key, want := range map[string]written{
		"a::x": {1, "1"}, "b::x": {1, "1"}, "b::y": {4, "3"}, "c::y": {1, "2"}, "d::z": {7, "4"}, "d::x": {1, "1"}, "e::f": {8, "5"}, "b": {line: 2},
	} {
		spot := s.spots[key]
		require.Equal(t, want, written{spot.line, spot.text}, key)
		require.Equal(t, key, spot.at.String())
	}
}

func FuzzLocateNeverFails(f *testing.F) {
	f.Add("a: [1, {b: *x}]")
	f.Add("&a a: *a")
	f.Add("<<: {a: 1}")
	f.Fuzz(func(t *testing.T, content string) {
		s := URI{URI: "yaml:" + content}
		e := Explain(t.Context(), settings(), []URI{s})
		require.NotEmpty(t, e.YAML())
	})
}
