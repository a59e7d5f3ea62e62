// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strconv"
)

// constrain adds to a schema what a keys.yaml says.
func (e *entry) constrain(described schema) {
	described["description"] = e.description()
	var example any
	if err := e.Example.Decode(&example); err == nil {
		described["examples"] = []any{example}
	}
	if items, isList := described["items"].(schema); isList {
		e.enumerate(items)
		return
	}
	e.enumerate(described)
	e.bound(described)
}

func (e *entry) enumerate(described schema) {
	if len(e.OneOf) == 0 {
		return
	}
	delete(described, "type")
	described["anyOf"] = []schema{{"enum": e.OneOf}, variable}
}

// bound limits a number. Durations are texts.
func (e *entry) bound(described schema) {
	choices, _ := described["anyOf"].([]schema)
	if len(choices) == 0 || e.Or != "" {
		return
	}
	for word, text := range map[string]string{"minimum": e.Min, "maximum": e.Max, "exclusiveMinimum": e.Above, "exclusiveMaximum": e.Below} {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			choices[0][word] = json.Number(text)
		}
	}
}
