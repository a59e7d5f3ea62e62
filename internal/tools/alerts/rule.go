// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// severity says who is told: somebody at once (page), somebody in working hours (ticket), or a dashboard (info).
type severity string

const (
	page   severity = "page"
	ticket severity = "ticket"
	info   severity = "info"
)

// rule is one alert in every flavour of names. Durations stand in braces, as {10m}, and {seconds 10m} where PromQL wants a number.
type rule struct {
	// Name is also the anchor of the runbook, in lower case.
	Name string
	// Condition is the published condition that the rule is for, A1 to A25, or "own".
	Condition string
	Severity  severity
	For       string

	// Expr is in our names, Exporter in those of dcgm-exporter 4.8, from which those of 4.9 follow unless Exporter49 says otherwise. An
	// empty one has no rule in that flavour.
	Expr       string
	Exporter   string
	Exporter49 string

	Summary   string
	Threshold string
	Source    string

	// Holder is whether the alert is about who holds a GPU, and has the labels of that. All others are about boards and nodes.
	Holder bool

	// Action is NVIDIA's, by the names of its catalogue, or empty where NVIDIA has none.
	Action string

	// Off is why the rule is not among those that are on by default.
	Off string

	// Tests are in our names, ExporterTests in those of dcgm-exporter 4.8.
	Tests         []testCase
	ExporterTests []testCase
}

// flavour is one set of names and what rules of it are written to.
type flavour struct {
	name  string
	about string
	expr  func(rule) string
	tests func(rule) []testCase
}

var flavours = []flavour{
	{
		"tracecore", "names of this distribution",
		func(r rule) string { return r.Expr },
		func(r rule) []testCase { return r.Tests },
	},
	{
		"dcgm-exporter-4.8", "names of dcgm-exporter 4.8",
		func(r rule) string { return r.Exporter },
		func(r rule) []testCase { return r.ExporterTests },
	},
	{
		"dcgm-exporter-4.9", "names of dcgm-exporter 4.9",
		exporter49,
		func(r rule) []testCase { return renamedCases(r.ExporterTests) },
	},
}

func exporter49(r rule) string {
	if r.Exporter49 != "" {
		return r.Exporter49
	}
	return renamed(r.Exporter)
}

func (r rule) anchor() string { return strings.ToLower(r.Name) }

// check returns what the row lacks; runbook is the text of docs/runbook.md.
func (r rule) check(runbook string) error {
	var errs []error
	missing := func(what string, is bool) {
		if is {
			errs = append(errs, fmt.Errorf("rule %s: %s is missing", r.Name, what))
		}
	}
	missing("a severity", !slices.Contains([]severity{page, ticket, info}, r.Severity))
	missing("the condition", !regexp.MustCompile(`^(own|A([1-9]|1\d|2[0-5]))$`).MatchString(r.Condition))
	missing("an expression", r.Expr == "" && r.Exporter == "")
	missing("the summary", r.Summary == "")
	missing("the threshold", r.Threshold == "")
	missing("the threshold's source", r.Source == "")
	missing("a heading \"### "+r.Name+"\" in docs/runbook.md", !strings.Contains(runbook, "\n### "+r.Name+"\n"))
	for _, f := range flavours[:2] {
		missing("a test in "+f.about+" that fires", f.expr(r) != "" && !has(f.tests(r), fires))
		missing("a test in "+f.about+" that stays quiet", f.expr(r) != "" && !has(f.tests(r), quiet))
		missing("a test in "+f.about+" of a first scrape", f.expr(r) != "" && !has(f.tests(r), firstScrape))
	}
	if name := unitChanged(r.Exporter); name != "" && r.Exporter49 == "" {
		errs = append(errs, fmt.Errorf("rule %s: %s has another unit in dcgm-exporter 4.9: write the expression for it", r.Name, name))
	}
	return errors.Join(errs...)
}

// checkAll also refuses a name that two rows have.
func checkAll(rules []rule, runbook string) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.Name] {
			errs = append(errs, fmt.Errorf("rule %s: is there twice", r.Name))
		}
		seen[r.Name] = true
		errs = append(errs, r.check(runbook))
	}
	return errors.Join(errs...)
}
