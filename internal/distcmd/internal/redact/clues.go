// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"math"
	"slices"
	"strings"
)

// clues say where in a text secrets can be. Looking for a word costs a hundredth of what a regular expression
// costs, and most rules have nothing to find in most of a long text.
type clues struct {
	text   string
	folded string // in lower case, with every byte in its place
	named  []span // the lines around words that names of secrets have
	all    bool   // a letter of the text is folded otherwise than byte by byte: nothing is left out
}

type span struct{ start, end int }

// words that names of secrets have, one of them in each, in lower case. A name may be percent-encoded.
var nameWords = []string{
	"%", "assertion", "authorization", "bearer", "community", "connection", "cookie", "cred", "datasource", "dsn", "jwt", "key", "mfa", "mnemonic", "otp", "pass", "psk",
	"pw", "recovery", "sas", "secret", "seed", "signature", "token", "wallet",
}

// These two are letters of ASCII in another case: a sign for kelvin and a long s.
const foldedToASCII = "\u212a\u017f"

func cluesOf(text string) *clues {
	c := &clues{text: text, folded: foldASCII(text), all: strings.ContainsAny(text, foldedToASCII)}
	c.named = c.around(nameWords)
	return c
}

func foldASCII(text string) string {
	folded := []byte(text)
	for i, b := range folded {
		if b >= 'A' && b <= 'Z' {
			folded[i] = b + 'a' - 'A'
		}
	}
	return string(folded)
}

// neighbours is how many lines that are not blank belong to a line with a word, before it and after it. The heads of rules that
// go by these lines are spread over three at most.
const neighbours = 4

// around returns the lines around every occurrence of a word, in order and without overlap.
func (c *clues) around(words []string) (spans []span) {
	next := make([]int, len(words))
	for at := 0; ; {
		for i, word := range words {
			if next[i] < at || at == 0 {
				next[i] = c.index(word, at)
			}
		}
		nearest := slices.Min(next)
		if nearest == math.MaxInt {
			return spans
		}
		s := span{c.linesBefore(nearest, at), c.linesAfter(nearest)}
		spans = append(spans, s)
		at = s.end
	}
}

// index returns where a word is, at a place or after it.
func (c *clues) index(word string, at int) int {
	if i := strings.Index(c.folded[at:], word); i >= 0 {
		return at + i
	}
	return math.MaxInt
}

// linesBefore returns where the neighbours before a place begin, but not before first.
func (c *clues) linesBefore(place, first int) int {
	start := place
	for left := neighbours; start > first && left >= 0; {
		begin := max(first, strings.LastIndexByte(c.text[:start], '\n'))
		if strings.TrimSpace(c.text[begin:start]) != "" {
			left--
		}
		start = begin
	}
	return start
}

// linesAfter returns where the neighbours after a place end.
func (c *clues) linesAfter(place int) int {
	end := place
	for left := neighbours; end < len(c.text) && left >= 0; {
		length := strings.IndexByte(c.text[end:], '\n') + 1
		if length == 0 {
			return len(c.text)
		}
		if strings.TrimSpace(c.text[end:end+length]) != "" {
			left--
		}
		end += length
	}
	return end
}

// has says whether the text has one of these words, or there are none to look for.
func (c *clues) has(words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(word string) bool { return strings.Contains(c.folded, word) })
}

// anyNamedLine says whether a line that could hold the name of a secret passes.
func (c *clues) anyNamedLine(passes func(line string) bool) bool {
	for _, s := range c.named {
		for line := range strings.Lines(c.text[s.start:s.end]) {
			if passes(strings.TrimSuffix(line, "\n")) {
				return true
			}
		}
	}
	return false
}
