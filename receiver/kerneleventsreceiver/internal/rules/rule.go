// SPDX-License-Identifier: Apache-2.0

// Package rules says which lines of the kernel log are events. Rules are data: shipped ones, and a user's that are merged over them.
package rules

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed rules.yaml
var shipped []byte

// Rule is one rule, as rules.yaml explains.
type Rule struct {
	Name       string        `yaml:"name"`
	Kind       string        `yaml:"kind"`
	Contains   []string      `yaml:"contains"`
	Pattern    string        `yaml:"pattern"`
	Details    []string      `yaml:"details"`
	Severity   string        `yaml:"severity"`
	Severities []severity    `yaml:"severities"`
	Device     []string      `yaml:"device"`
	More       []string      `yaml:"more"`
	End        string        `yaml:"end"`
	Same       []string      `yaml:"same"`
	Within     time.Duration `yaml:"within"`
	Ignore     bool          `yaml:"ignore"`
	Disabled   bool          `yaml:"disabled"`
	Source     string        `yaml:"source"`

	line    int
	pattern *expression
	details []*expression
	more    []*expression
	end     *expression

	mostCaptures int // of pattern and details
}

// expression is a regular expression with the names of its captures, without the numbers that tell captures of one name apart.
type expression struct {
	*regexp.Regexp
	names []string
}

type severity struct {
	When     string `yaml:"when"`
	Severity string `yaml:"severity"`

	sides []*regexp.Regexp // of when
}

// Severities are the names that rules use, least first.
var Severities = []string{"info", "warn", "error", "fatal"}

// SeverityOf returns the severity of an event with these lines.
func (r *Rule) SeverityOf(lines []string) string {
	for i := range r.Severities {
		s := &r.Severities[i]
		if slices.ContainsFunc(lines, s.holds) {
			return s.Severity
		}
	}
	return r.Severity
}

// Joins says whether the line that the rule matches begins a report of several.
func (r *Rule) Joins() bool { return len(r.more) > 0 }

// Belongs says whether a line goes on with the report.
func (r *Rule) Belongs(line []byte) bool {
	return slices.ContainsFunc(r.more, func(more *expression) bool { return more.Match(line) })
}

// Ends says whether a line is the last one of the report.
func (r *Rule) Ends(line []byte) bool { return r.end != nil && r.end.Match(line) }

// parse reads a file of rules. Errors name rule, line and what is wrong.
func parse(file string, content []byte) ([]*Rule, error) {
	var document struct {
		Rules []yaml.Node `yaml:"rules"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	decoder.KnownFields(true)
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf(`%s: "rules": must be a list of rules, the file is empty`, file)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: must be one YAML document, there is another one after ---", file)
	}
	if document.Rules == nil {
		return nil, fmt.Errorf(`%s: "rules": must be a list of rules, there is none`, file)
	}
	var all []*Rule
	var errs []error
	names := map[string]bool{}
	for i := range document.Rules {
		rule, err := decode(&document.Rules[i])
		if err == nil && names[rule.Name] {
			err = errors.New("there is another rule of this name")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: rule %q: %w", file, document.Rules[i].Line, rule.Name, err))
			continue
		}
		names[rule.Name] = true
		all = append(all, rule)
	}
	return all, errors.Join(errs...)
}

var ruleKeys = map[string]bool{
	"name": true, "kind": true, "contains": true, "pattern": true, "details": true, "severity": true, "severities": true, "device": true,
	"more": true, "end": true, "same": true, "within": true, "ignore": true, "disabled": true, "source": true,
}

var severityKeys = map[string]bool{"when": true, "severity": true}

func decode(node *yaml.Node) (*Rule, error) {
	node = resolved(node)
	rule := &Rule{line: node.Line}
	if err := node.Decode(rule); err != nil {
		return rule, err
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if !ruleKeys[key] {
			return rule, fmt.Errorf("%q is no key of a rule", key)
		}
		if key == "severities" {
			if err := checkSeverityKeys(resolved(node.Content[i+1])); err != nil {
				return rule, err
			}
		}
	}
	return rule, rule.compile()
}

func checkSeverityKeys(list *yaml.Node) error {
	for _, item := range list.Content {
		item = resolved(item)
		for i := 0; i+1 < len(item.Content); i += 2 {
			if key := item.Content[i].Value; !severityKeys[key] {
				return fmt.Errorf(`"severities": %q is no key of a severity, they are when and severity`, key)
			}
		}
	}
	return nil
}

// resolved returns what an alias stands for, and other nodes as they are.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

var (
	named     = regexp.MustCompile(`^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)*$`)
	numbering = regexp.MustCompile(`[0-9]+$`)
)

// leastLiteral is how long a text of contains is at least: shorter ones are in too many lines.
const leastLiteral = 3

func (r *Rule) compile() error {
	switch {
	case !named.MatchString(r.Name):
		return errors.New(`"name": must be words of small letters, digits and underscores, with dots between them`)
	case r.Disabled:
		return nil
	case r.Kind == "":
		r.Kind = r.Name
	case !named.MatchString(r.Kind):
		return errors.New(`"kind": must be words of small letters, digits and underscores, with dots between them`)
	}
	if len(r.Contains) == 0 || slices.ContainsFunc(r.Contains, func(text string) bool { return len(text) < leastLiteral }) {
		return fmt.Errorf(`"contains": must have texts of at least %d characters`, leastLiteral)
	}
	if !slices.Contains(Severities, r.Severity) && !r.Ignore {
		return fmt.Errorf(`"severity": must be one of %s, got %q`, strings.Join(Severities, ", "), r.Severity)
	}
	if err := r.compileExpressions(); err != nil {
		return err
	}
	return errors.Join(r.checkContains(), r.checkReport(), r.checkCaptured("device", r.Device), r.checkCaptured("same", r.Same))
}

func (r *Rule) compileExpressions() error {
	var err error
	if r.pattern, err = compile("pattern", r.Pattern); err != nil {
		return err
	}
	if r.details, err = compileAll("details", r.Details); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, e := range append([]*expression{r.pattern}, r.details...) {
		for _, name := range e.names {
			names[name] = true
		}
	}
	r.mostCaptures = len(names) - 1 // "" names the whole match.
	if r.more, err = compileAll("more", r.More); err != nil {
		return err
	}
	if r.End != "" {
		if r.end, err = compile("end", r.End); err != nil {
			return err
		}
	}
	for i := range r.Severities {
		s := &r.Severities[i]
		when, err := compile("severities::when", s.When)
		if err != nil {
			return err
		}
		s.sides = alternatives(when)
		if !slices.Contains(Severities, s.Severity) {
			return fmt.Errorf(`"severities::severity": must be one of %s, got %q`, strings.Join(Severities, ", "), s.Severity)
		}
	}
	return nil
}

func compileAll(key string, texts []string) ([]*expression, error) {
	var all []*expression
	for _, text := range texts {
		re, err := compile(key, text)
		if err != nil {
			return nil, err
		}
		all = append(all, re)
	}
	return all, nil
}

// unlikely are texts that no line of a kernel is like, so that an expression that matches one of them matches everything.
var unlikely = []string{"", "~", "qZ7~ #x"}

func compile(key, text string) (*expression, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", key, err)
	}
	if slices.ContainsFunc(unlikely, re.MatchString) {
		return nil, fmt.Errorf("%q: matches everything", key)
	}
	names := make([]string, re.NumSubexp()+1)
	for i, name := range re.SubexpNames() {
		if name == "" {
			continue
		}
		names[i] = numbering.ReplaceAllString(name, "")
		if _, ok := Captures[names[i]]; !ok {
			return nil, fmt.Errorf("%q: capture %q is not known", key, name)
		}
	}
	return &expression{re, names}, nil
}
