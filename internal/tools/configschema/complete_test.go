// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

func TestEveryComponentOfTheRepositoryIsDescribed(t *testing.T) {
	described := map[string]bool{}
	for _, section := range sections {
		for _, factory := range section.factories {
			described[folderOf(section.name, factory)] = true
		}
	}
	for _, kind := range []string{"receiver", "processor", "exporter", "extension", "connector"} {
		paths, err := filepath.Glob(filepath.Join(root, kind, "*", "metadata.yaml"))
		require.NoError(t, err)
		for _, path := range paths {
			folder, err := filepath.Rel(root, filepath.Dir(path))
			require.NoError(t, err)
			require.True(t, described[filepath.ToSlash(folder)], folder)
			delete(described, filepath.ToSlash(folder))
		}
	}
	require.Empty(t, described)
}

var codeSpan = regexp.MustCompile("^`([^`]*)`$")

// A key that has its default is as good as none, also where the default is written down in keys.yaml.
func TestDefaultsAreWhatLeavingTheKeyOutMeans(t *testing.T) {
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		found := codeSpan.FindStringSubmatch(r.defaults)
		if found == nil || r.Required {
			return
		}
		var value any
		require.NoError(t, yaml.Unmarshal([]byte(found[1]), &value))
		without := r.section(t)
		with := set(copied(t, without), r.sample, value).(map[string]any)
		require.Equal(t, marshaled(t, load, without), marshaled(t, load, with))
	})
}

func marshaled(t *testing.T, load func(map[string]any) (component.Config, error), config map[string]any) map[string]any {
	t.Helper()
	loaded, err := load(config)
	require.NoError(t, err)
	conf := confmap.New()
	require.NoError(t, conf.Marshal(loaded))
	return conf.ToStringMap()
}

// What a key needs beside itself is a rule of the key, or of a section that it is in.
func TestWhatAKeyNeedsIsARule(t *testing.T) {
	ruled := map[string]bool{}
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		ruled[r.key] = r.Rule != ""
		above := r.key
		for !ruled[above] && strings.Contains(above, "::") {
			above = above[:strings.LastIndex(above, "::")]
		}
		if ruled[above] || strings.Contains(r.key, "<i>") { // Elements of lists need their other keys.
			return
		}
		var example any
		require.NoError(t, r.Example.Decode(&example))
		_, err := load(set(nil, r.sample, example).(map[string]any))
		require.NoError(t, err)
	})
}

var choices = regexp.MustCompile(`must be (?:one of |among )?(.*?), (?:not|got) `)

// Validate names all choices when it refuses another one.
func TestChoicesAreAllThatThereAre(t *testing.T) {
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		if len(r.OneOf) == 0 {
			return
		}
		_, refused := r.tries(t)
		for _, value := range refused {
			_, err := load(r.with(t, copied(t, value)))
			require.Error(t, err)
			if found := choices.FindStringSubmatch(err.Error()); found != nil {
				require.ElementsMatch(t, r.OneOf, strings.Split(strings.ReplaceAll(found[1], " or ", ", "), ", "))
				return
			}
		}
		require.Fail(t, "no error names the choices")
	})
}

// section has what the key needs, and the section that the key is in.
func (r *row) section(t *testing.T) map[string]any {
	t.Helper()
	config := set(r.base(t), r.sample, nil).(map[string]any)
	remove(config, r.sample)
	return config
}

// anything is what a type has, at its ends and between.
func (r *row) anything() []any {
	of := element(r.value)
	switch {
	case of == durationType:
		return r.open("-1h", "2000h")
	case kindName(of.Kind()) == "integer":
		return r.open(-1, math.MaxInt32)
	case kindName(of.Kind()) == "number":
		return r.open(-1.5, 1e6)
	case of.Kind() == reflect.String:
		return []any{"", " ", "a", "a/b", "/", "http://a", "*", "("}
	}
	return nil
}

// open are those values that no bound says are refused.
func (r *row) open(low, high any) []any {
	var out []any
	if r.Min == "" && r.Above == "" {
		out = append(out, low)
	}
	if r.Max == "" && r.Below == "" {
		out = append(out, high)
	}
	return out
}

func TestValidateHasNoRuleThatIsNotDescribed(t *testing.T) {
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		if r.Rule != "" || len(r.OneOf) > 0 {
			return
		}
		for _, value := range r.anything() {
			_, err := load(r.with(t, value))
			require.NoError(t, err, "%v", value)
		}
	})
}
