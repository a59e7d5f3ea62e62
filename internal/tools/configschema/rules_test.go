// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// eachRow calls a test for each key of each component.
func eachRow(t *testing.T, test func(t *testing.T, load func(map[string]any) (component.Config, error), r *row)) {
	t.Helper()
	for _, section := range sections {
		for _, factory := range section.factories {
			t.Run(factory.Type().String(), func(t *testing.T) {
				_, rows, err := describe(root, section.name, factory)
				require.NoError(t, err)
				require.NotEmpty(t, rows)
				for _, r := range rows {
					r.of = []string{section.name, factory.Type().String()}
					t.Run(r.key, func(t *testing.T) {
						t.Chdir(t.TempDir())
						for name, content := range r.Files {
							require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
						}
						test(t, func(config map[string]any) (component.Config, error) { return loaded(factory, config) }, &r)
					})
				}
			})
		}
	}
}

// loaded is a configuration as the Collector reads and validates it.
func loaded(factory component.Factory, config map[string]any) (component.Config, error) {
	cfg := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(config).Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, confmap.Validate(cfg)
}

// copied is what a YAML value is in a configuration of its own.
func copied(t *testing.T, value any) any {
	t.Helper()
	content, err := yaml.Marshal(value)
	require.NoError(t, err)
	var out any
	require.NoError(t, yaml.Unmarshal(content, &out))
	return out
}

// base has what the key needs.
func (r *row) base(t *testing.T) map[string]any {
	t.Helper()
	if r.With == nil {
		return map[string]any{}
	}
	return copied(t, r.With).(map[string]any)
}

// with is a configuration with a value for the key, and what it needs.
func (r *row) with(t *testing.T, value any) map[string]any {
	t.Helper()
	return set(r.base(t), r.sample, value).(map[string]any)
}

func set(in any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if list, isList := in.([]any); isList {
		list[0] = set(list[0], path[1:], value)
		return list
	}
	section, isSection := in.(map[string]any)
	if !isSection {
		section = map[string]any{}
	}
	section[path[0]] = set(section[path[0]], path[1:], value)
	return section
}

// wrap makes what is said of a value that of a list which has it.
func (r *row) wrap(value any) any {
	if element(r.value).Kind() == reflect.Slice {
		return []any{value}
	}
	return value
}

// names says whether a line of an error begins with the key, and has every part of it in order.
func names(err error, path []string) bool {
	for line := range strings.Lines(err.Error()) {
		subject := strings.TrimPrefix(strings.TrimLeft(line, `"' `), "metricsbuilderconfig::") // confmap names what is squashed.
		rest, found := line, strings.HasPrefix(subject, path[0])
		for _, part := range path {
			var has bool
			_, rest, has = strings.Cut(rest, part)
			found = found && has
		}
		if found {
			return true
		}
	}
	return false
}

// tries are values at the rim of the bounds: those that are taken and those that are refused.
func (r *row) tries(t *testing.T) (taken, refused []any) {
	t.Helper()
	for _, value := range r.OneOf {
		taken = append(taken, r.wrap(value))
	}
	if len(r.OneOf) > 0 {
		refused = append(refused, r.wrap("none-of-these"))
	}
	for _, bound := range []struct {
		text    string
		outside float64
		isTaken bool
	}{{r.Min, -1, true}, {r.Max, 1, true}, {r.Above, 0, false}, {r.Below, 0, false}, {r.Or, 0, true}} {
		if bound.text == "" {
			continue
		}
		if bound.isTaken {
			taken = append(taken, r.moved(t, bound.text, 0))
		}
		if bound.outside != 0 || !bound.isTaken {
			refused = append(refused, r.moved(t, bound.text, bound.outside))
		}
	}
	if kindName(element(r.value).Kind()) == "integer" && element(r.value) != durationType {
		refused = append(refused, r.wrap(1.5))
	}
	return append(taken, r.Accepted...), append(refused, r.Refused...)
}

// moved is a bound, or the next value in a direction.
func (r *row) moved(t *testing.T, text string, direction float64) any {
	t.Helper()
	switch of := element(r.value); {
	case of == durationType:
		value, err := time.ParseDuration(text)
		require.NoError(t, err)
		return (value + time.Duration(direction)).String()
	case kindName(of.Kind()) == "integer":
		value, err := strconv.Atoi(text)
		require.NoError(t, err)
		return value + int(direction)
	default:
		value, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		return math.Nextafter(value, value+direction)
	}
}

func TestExamplesAreTakenAndChangeSomething(t *testing.T) {
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		var example any
		require.NoError(t, r.Example.Decode(&example))
		with, err := load(r.with(t, copied(t, example)))
		require.NoError(t, err)
		without, err := load(r.base(t))
		if err == nil {
			require.False(t, reflect.DeepEqual(with, without), "it is the default")
		}
	})
}

func TestRulesAreThoseOfValidate(t *testing.T) {
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		taken, refused := r.tries(t)
		for _, value := range taken {
			_, err := load(r.with(t, copied(t, value)))
			if err != nil {
				require.False(t, names(err, r.sample), "%v is refused: %v", value, err)
			}
		}
		configs := []map[string]any{}
		for _, value := range refused {
			configs = append(configs, r.with(t, copied(t, value)))
		}
		for _, config := range r.RefusedConfigurations {
			configs = append(configs, copied(t, config).(map[string]any))
		}
		if r.Required {
			without := r.base(t)
			remove(without, r.sample)
			configs = append(configs, without)
		}
		for _, config := range configs {
			_, err := load(config)
			require.Error(t, err, "%v is taken", config)
			require.True(t, names(err, r.sample), "%v is refused without the key's name: %v", config, err)
		}
	})
}

func remove(in any, path []string) {
	if list, isList := in.([]any); isList {
		remove(list[0], path[1:])
		return
	}
	section := in.(map[string]any)
	if len(path) == 1 {
		delete(section, path[0])
		return
	}
	remove(section[path[0]], path[1:])
}
