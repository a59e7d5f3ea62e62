// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

var exporterName = regexp.MustCompile(`\bDCGM_(?:FI|EXP)_\w+`)

// renamed takes names of dcgm-exporter 4.8 to those of 4.9.
func renamed(text string) string {
	return exporterName.ReplaceAllStringFunc(text, func(name string) string {
		if r, ok := dcgmnames.In49(name); ok {
			return r.New
		}
		return name
	})
}

// unitChanged returns the first name of an expression whose unit is another one in dcgm-exporter 4.9.
func unitChanged(expr string) string {
	for _, name := range exporterName.FindAllString(expr, -1) {
		if r, ok := dcgmnames.In49(name); ok && !r.Convert.IsOne() {
			return name
		}
	}
	return ""
}

func renamedCases(cases []testCase) []testCase {
	out := make([]testCase, len(cases))
	for i, c := range cases {
		out[i] = c
		out[i].Series = nil
		for _, s := range c.Series {
			out[i].Series = append(out[i].Series, series{renamed(s.Name), s.Values})
		}
	}
	return out
}
