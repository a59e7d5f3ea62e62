// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// constrain adds to a schema what a keys.yaml says.
func (e *entry) constrain(described schema, t reflect.Type) {
	described["description"] = e.description()
	var example any
	if err := e.Example.Decode(&example); err == nil {
		described["examples"] = []any{example}
	}
	if e.KeyPattern != "" {
		described["propertyNames"] = schema{"pattern": "^(" + e.KeyPattern + ")$"}
	}
	switch items, _ := described["items"].(schema); {
	case items != nil:
		e.limitItems(described)
		e.enumerateItems(described, items)
	case element(t) == durationType:
		e.boundDuration(described)
	default:
		e.enumerate(described)
		e.bound(described)
	}
	if slices.Contains(e.Refused, any("")) {
		described["minLength"] = 1
	}
	_, isList := described["items"]
	if types, has := described["type"].([]string); has && (e.Required || !isList && e.refusesZero()) {
		described["type"] = slices.DeleteFunc(types, func(name string) bool { return name == "null" })
	}
}

// refusesZero says whether zero is refused, which confmap makes of a key without a value. A list has its default then.
func (e *entry) refusesZero() bool {
	isZero := func(value any) bool {
		list, isList := value.([]any)
		return value == "" || value == "0s" || value == 0 || isList && len(list) == 0
	}
	return e.Required || e.excludesZero() || slices.ContainsFunc(e.Refused, isZero)
}

// excludesZero says whether zero is outside of the bounds.
func (e *entry) excludesZero() bool {
	least, hasLeast := amount(e.Min + e.Above)
	return hasLeast && (least > 0 || least == 0 && e.Above != "") && e.Or != "0" && e.Or != "0s"
}

// amount is a number, or a duration in nanoseconds.
func amount(text string) (float64, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return float64(d), true
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

// limitItems says of a list what values that Validate refuses show.
func (e *entry) limitItems(described schema) {
	for _, value := range e.Refused {
		values, isList := value.([]any)
		switch {
		case isList && len(values) == 0:
			described["minItems"], described["minLength"] = 1, 1
		case len(values) == 2 && values[0] == values[1]:
			described["uniqueItems"] = true
		}
	}
}

func (e *entry) enumerateItems(described, items schema) {
	if len(e.OneOf) == 0 {
		return
	}
	delete(items, "type")
	items["anyOf"] = []schema{{"enum": e.OneOf}, variable}
	one := "(" + strings.Join(e.OneOf, "|") + ")"
	described["pattern"] = "^" + one + "(," + one + ")*$|" + reference
}

func (e *entry) enumerate(described schema) {
	if len(e.OneOf) == 0 {
		return
	}
	delete(described, "type")
	allowed := []any{}
	for _, choice := range e.OneOf {
		allowed = append(allowed, choice)
	}
	if described["default"] == nil && !e.refusesZero() {
		allowed = append(allowed, "", nil)
	}
	described["anyOf"] = []schema{{"enum": allowed}, variable}
}

// bound limits a number.
func (e *entry) bound(described schema) {
	if e.Or != "" {
		return
	}
	for word, text := range e.limits() {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			described[word] = json.Number(text)
		}
	}
}

func (e *entry) limits() map[string]string {
	return map[string]string{"minimum": e.Min, "maximum": e.Max, "exclusiveMinimum": e.Above, "exclusiveMaximum": e.Below}
}

// boundDuration limits a number of nanoseconds. Of texts a schema can tell the sign, and whether they are zero.
func (e *entry) boundDuration(described schema) {
	for word, text := range e.limits() {
		if limit, err := time.ParseDuration(text); err == nil && e.Or == "" {
			described[word] = limit.Nanoseconds()
		}
	}
	least, hasLeast := amount(e.Min + e.Above)
	var wrong []schema
	if hasLeast && least >= 0 || slices.ContainsFunc(e.Refused, isNegative) {
		wrong = append(wrong, schema{"type": "string", "pattern": negativePattern}, schema{"type": "number", "exclusiveMaximum": 0})
	}
	if e.refusesZero() {
		wrong = append(wrong, schema{"type": "string", "pattern": zeroPattern}, schema{"const": 0})
	}
	if len(wrong) > 0 {
		described["not"] = schema{"anyOf": wrong}
	}
}

func isNegative(value any) bool {
	text, _ := value.(string)
	d, err := time.ParseDuration(text)
	return err == nil && d < 0
}
