// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

const beginMark, endMark = "<!-- generated alerts -->\n", "<!-- end generated alerts -->\n"

// withTable replaces what stands between the marks by the tables of all rules.
func withTable(page []byte) ([]byte, error) {
	before, rest, found := bytes.Cut(page, []byte(beginMark))
	_, after, ended := bytes.Cut(rest, []byte(endMark))
	if !found || !ended {
		return nil, errors.New("docs/alerts/README.md: the marks of the generated tables are missing")
	}
	return bytes.Join([][]byte{before, []byte(beginMark), tables(), []byte(endMark), after}, nil), nil
}

func tables() []byte {
	var out bytes.Buffer
	for i, s := range table() {
		if i > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(&out, "### %s\n\n| alert | condition | severity | for | threshold | source | action | dcgm-exporter |\n", s.about)
		out.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
		for _, r := range s.rules {
			fmt.Fprintf(&out, "| [%s](../runbook.md#%s)%s | %s | %s | %s | %s | %s | %s | %s |\n", r.Name, r.anchor(), map[bool]string{true: " (off)"}[r.Off != ""],
				r.Condition, r.Severity, r.For, cell(r.Threshold), cell(r.Source), cell(r.Action), map[bool]string{true: "yes"}[r.Exporter != ""])
		}
	}
	out.WriteString("\n### Off by default\n\n| alert | why |\n| --- | --- |\n")
	for _, r := range allRules() {
		if r.Off != "" {
			fmt.Fprintf(&out, "| %s | %s |\n", r.Name, r.Off)
		}
	}
	return out.Bytes()
}

func cell(text string) string { return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text) }
