// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
)

// Set has rules, in the order of trial.
type Set struct {
	rules    []*Rule
	literals *automaton
}

// Capture is what an expression captured. Its name is one of [Captures].
type Capture struct{ Name, Value string }

// most is how many rules there may be.
const most = candidateWords * 64

// mostStates keeps the table of texts small; the shipped rules need 1 500.
const mostStates = 1 << 14

// Shipped returns the rules that the receiver comes with.
func Shipped() (*Set, error) { return New("", nil) }

// New returns the shipped rules with those of a user's file merged over them: a rule of the same name takes the place of the shipped one,
// or removes it where it is disabled, and others are tried before the shipped ones. Without a file name there is no file.
func New(file string, content []byte) (*Set, error) {
	all, err := parse("rules.yaml", shipped)
	if err != nil {
		return nil, err
	}
	if file != "" {
		users, err := parse(file, content)
		if err != nil {
			return nil, err
		}
		if all, err = merge(all, users); err != nil {
			return nil, fmt.Errorf("%s:%w", file, err)
		}
	}
	if len(all) > most {
		return nil, fmt.Errorf("%s: there are %d rules with the shipped ones, %d is the most", file, len(all), most)
	}
	set := &Set{rules: all, literals: newAutomaton()}
	for i, rule := range all {
		for _, text := range rule.Contains {
			set.literals.add(text, i)
		}
	}
	if len(set.literals.nodes) > mostStates {
		return nil, fmt.Errorf(`%s: the texts of "contains" are too many or too long: they need %d states, %d is the most`, file, len(set.literals.nodes), mostStates)
	}
	set.literals.build()
	return set, nil
}

func merge(shipped, users []*Rule) ([]*Rule, error) {
	byName := map[string]*Rule{}
	for _, rule := range users {
		byName[rule.Name] = rule
	}
	var replaced, all []*Rule
	known := map[string]bool{}
	for _, rule := range shipped {
		known[rule.Name] = true
		if own, ok := byName[rule.Name]; ok {
			rule = own
		}
		if !rule.Disabled {
			replaced = append(replaced, rule)
		}
	}
	for _, rule := range users {
		switch {
		case known[rule.Name]:
		case rule.Disabled:
			return nil, fmt.Errorf(`%d: rule %q: "disabled": no shipped rule has this name`, rule.line, rule.Name)
		default:
			all = append(all, rule)
		}
	}
	return append(all, replaced...), nil
}

// Rules returns the rules, in the order of trial.
func (s *Set) Rules() []*Rule { return s.rules }

// Match is what the rules say about a line: nothing where there is no rule.
type Match struct {
	Rule     *Rule
	Text     string // the line
	Captures []Capture
}

// Match returns the rule for a line and what it captures. A line without a rule costs no allocation.
func (s *Set) Match(line []byte) Match {
	var candidates candidateSet
	if !s.literals.scan(line, &candidates) {
		return Match{}
	}
	for i := range candidates.all() {
		rule := s.rules[i]
		if match := rule.pattern.FindSubmatchIndex(line); match != nil {
			text := string(line)
			captures := make([]Capture, 0, rule.mostCaptures)
			return Match{rule, text, rule.Detail(text, rule.pattern.captures(captures, text, match))}
		}
	}
	return Match{}
}

// Detail appends what the expressions for details capture of a line. The first capture of a name stays.
func (r *Rule) Detail(line string, captures []Capture) []Capture {
	for _, re := range r.details {
		if match := re.FindStringSubmatchIndex(line); match != nil {
			captures = re.captures(captures, line, match)
		}
	}
	return captures
}

func (e *expression) captures(captures []Capture, line string, match []int) []Capture {
	for i, name := range e.names {
		if name != "" && match[2*i] >= 0 && match[2*i] != match[2*i+1] {
			captures = add(captures, Capture{name, line[match[2*i]:match[2*i+1]]})
		}
	}
	return captures
}

// add appends a capture of a name that there is none of.
func add(captures []Capture, capture Capture) []Capture {
	if Find(captures, capture.Name) == "" {
		captures = append(captures, capture)
	}
	return captures
}

// Merge appends captures of names that there are none of.
func Merge(captures, more []Capture) []Capture {
	for _, capture := range more {
		captures = add(captures, capture)
	}
	return captures
}

// Differ says whether two lines are of different origin: both have a capture that has to be the same, and it is not.
func (r *Rule) Differ(a, b []Capture) bool {
	return slices.ContainsFunc(r.Same, func(name string) bool {
		one, other := Find(a, name), Find(b, name)
		return one != "" && other != "" && one != other
	})
}

// Find returns the value of a capture, "" where there is none.
func Find(captures []Capture, name string) string {
	for _, c := range captures {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
