// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

// forms are values of every type, and what YAML makes of a key without one.
func forms() []any {
	return []any{
		nil, true, 0, 1, -1, 1e12, 1.5, "", " ", "x", "a,b", "true", "0", "0s", "1s", "-1s", "1h0.5m", "1.s", ".5s", "1..5s", "1", "1 s", "-0s", "00h0m",
		[]any{},
		[]any{"x"},
		[]any{"x", "x"},
		[]any{1},
		[]any{nil},
		[]any{map[string]any{}},
		[]any{"1h"},
		[]any{"1h", "1h"},
		[]any{"-1h"},
		map[string]any{},
		map[string]any{"none_such": 1},
		map[string]any{"enabled": false},
		map[string]any{"enabled": true},
		map[string]any{"enabled": "no"},
		map[string]any{"79": map[string]any{}},
		map[string]any{"043": map[string]any{}},
		map[string]any{"0": map[string]any{}},
		map[string]any{"100000": map[string]any{}},
	}
}

// in is a configuration of the Collector with that of a component.
func (r *row) in(config any) any {
	return withTexts(map[string]any{r.of[0]: map[string]any{r.of[1]: config}})
}

// valid is what a schema says about a configuration of a component.
func (r *row) valid(schema *jsonschema.Schema, config any) error {
	return schema.Validate(r.in(config))
}

// Each value of each key is tried on the Collector and on the schema.
func TestTheSchemaAgreesWithTheCollector(t *testing.T) {
	schema := compiled(t)
	eachRow(t, func(t *testing.T, load func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		taken, refused := r.tries(t)
		for _, value := range slices.Concat(forms(), taken, refused) {
			ofSchema := r.valid(schema, r.with(t, copied(t, value)))
			_, ofCollector := load(r.with(t, copied(t, value)))
			switch {
			case ofCollector == nil && ofSchema != nil && !isOversight(value):
				t.Errorf("%#v is refused by the schema alone: %v", value, ofSchema)
			case ofCollector != nil && ofSchema == nil && !r.isBeyond(value, ofCollector):
				t.Errorf("%#v is refused by the Collector alone: %v", value, ofCollector)
			}
		}
	})
}

// isOversight says whether a value is one that confmap takes and nobody means: half of a whole number, and a section for an id.
func isOversight(value any) bool {
	list, isList := value.([]any)
	section, isSection := value.(map[string]any)
	return value == 1.5 || isSection && len(section) == 0 || isList && len(list) == 1 && isOversight(list[0])
}

// isBeyond says whether an error is beyond what a schema can say: what depends on other keys, or how long a duration is that is written
// as a text.
func (r *row) isBeyond(value any, err error) bool {
	text, _ := value.(string)
	_, notDuration := time.ParseDuration(text)
	return r.Rule != "" || !names(err, r.sample) || text == " " || notDuration == nil && element(r.value) == durationType
}

// References stand for what is not known yet, wherever they are.
func TestTheSchemaTakesReferences(t *testing.T) {
	schema := compiled(t)
	eachRow(t, func(t *testing.T, _ func(map[string]any) (component.Config, error), r *row) {
		t.Helper()
		for i := range r.sample {
			if list, isList := at(r.base(t), r.sample[:i]).([]any); isList {
				list[0] = "${env:X}"
				require.NoError(t, r.valid(schema, set(r.base(t), r.sample[:i], list)))
			}
			require.NoError(t, r.valid(schema, set(r.base(t), r.sample[:i+1], "${file:x.yaml}")))
		}
		require.NoError(t, r.valid(schema, "${file:x.yaml}"))
	})
}

// at returns what a configuration has at a place, nil where there is nothing.
func at(in any, path []string) any {
	for _, key := range path {
		switch value := in.(type) {
		case map[string]any:
			in = value[key]
		case []any:
			in = value[0]
		default:
			return nil
		}
	}
	return in
}
