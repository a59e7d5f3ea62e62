// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// variable matches Grafana's variables, and what templates of service levels and of Helm's charts have in braces.
var variable = regexp.MustCompile(`\$\{[^}]*\}|\$\w+|\[\[\w+(?::\w+)?\]\]|\{\{[^{}]*\}\}`)

// variableHere matches one where a text begins, so that the rest is not looked through.
var variableHere = regexp.MustCompile(`^(?:` + variable.String() + `)`)

func hasVariable(text string) bool { return variable.MatchString(text) }

// isVariable reports whether a text is one variable and nothing else.
func isVariable(text string) bool {
	at := variable.FindStringIndex(text)
	return at != nil && at[0] == 0 && at[1] == len(text)
}

// A variable stands for a duration, a name or a number. It is replaced by something of its own length, so that positions stay.
type place struct {
	start, end int
	duration   bool
}

// mostGuesses bounds for how many variables outside of strings and durations names and numbers are tried.
const mostGuesses = 4

// parse parses an expression with Grafana's variables. The text that it returns is what was parsed.
func parse(text string) (parser.Expr, string, error) {
	places := variablesOf(text)
	var unknown []place
	for _, p := range places {
		if !p.duration {
			unknown = append(unknown, p)
		}
	}
	promql := parser.NewParser(parser.Options{EnableExperimentalFunctions: true, EnableExtendedRangeSelectors: true, EnableBinopFillModifiers: true})
	var first error
	for guess := range 1 << min(len(unknown), mostGuesses) {
		masked := mask(text, places, unknown, guess)
		expr, err := promql.ParseExpr(masked)
		if err == nil {
			return expr, masked, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, "", fmt.Errorf("parse expression: %w", first)
}

// mask replaces variables: those for durations by one, the others by a name, or by a number where their bit is set in guess.
func mask(text string, places, unknown []place, guess int) string {
	masked := []byte(text)
	for _, p := range places {
		if p.duration {
			copy(masked[p.start:p.end], duration(text, p))
		}
	}
	for i, p := range unknown {
		length := p.end - p.start
		replacement := "v" + strings.Repeat("_", length-1)
		if i < mostGuesses && guess>>i&1 == 1 {
			replacement = strings.Repeat("1", length)
		}
		copy(masked[p.start:p.end], replacement)
	}
	return string(masked)
}

// duration is one second, or the number before the unit that follows the variable.
func duration(text string, p place) string {
	length := p.end - p.start
	if p.end < len(text) && strings.ContainsRune("smhdwy", rune(text[p.end])) {
		return strings.Repeat("0", length-1) + "1"
	}
	return strings.Repeat("0", length-2) + "1s"
}

var afterOffset = regexp.MustCompile(`offset\s+-?$`)

// variablesOf finds the variables outside of strings and comments.
func variablesOf(text string) []place {
	var places []place
	depth := 0
	for i := 0; i < len(text); {
		if at := variableHere.FindStringIndex(text[i:]); at != nil {
			inDuration := depth > 0 || afterOffset.MatchString(text[:i])
			places = append(places, place{i, i + at[1], inDuration})
			i += at[1]
			continue
		}
		switch text[i] {
		case '[':
			depth++
		case ']':
			depth--
		case '"', '\'', '`', '#':
			i = skip(text, i)
			continue
		}
		i++
	}
	return places
}

// skip returns the end of the string or comment that begins at i.
func skip(text string, i int) int {
	quote := text[i]
	if quote == '#' {
		quote = '\n'
	}
	for j := i + 1; j < len(text); j++ {
		switch {
		case text[j] == quote:
			return j + 1
		case text[j] == '\\' && (quote == '"' || quote == '\''):
			j++
		}
	}
	return len(text)
}
