// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"regexp"
	"regexp/syntax"
)

// alternatives are the sides of the topmost alternation of an expression, or the expression alone. Those that
// begin with a text are searched for fast, which their alternation is not.
func alternatives(e *expression) []*regexp.Regexp {
	parsed, err := syntax.Parse(e.String(), syntax.Perl)
	if err != nil || parsed.Op != syntax.OpAlternate {
		return []*regexp.Regexp{e.Regexp}
	}
	var sides []*regexp.Regexp
	for _, side := range parsed.Sub {
		re, err := regexp.Compile(side.String())
		if err != nil {
			return []*regexp.Regexp{e.Regexp}
		}
		sides = append(sides, re)
	}
	return sides
}

// holds says whether a line makes this the severity.
func (s *severity) holds(line string) bool {
	for _, side := range s.sides {
		if side.MatchString(line) {
			return true
		}
	}
	return false
}
