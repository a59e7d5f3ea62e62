// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// walk is a place in the search for a line that an expression matches and that has a text: what of the text the line ends with so far, and
// whether the expression has passed the line's beginning and end.
type walk struct {
	pc         uint32
	matched    int
	begun, end bool
}

// The bounds of the search.
const (
	mostWalks   = 1 << 15
	longestText = 256
)

// canHave says whether a line that the expression matches can have the text. Only an expression that is bound to both ends of the line can
// rule it out. It errs towards true.
func canHave(pattern, text string) bool {
	if !strings.Contains(pattern, "^") || !strings.Contains(pattern, "$") {
		return true
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || len(text) > longestText {
		return true // Bad expressions are refused elsewhere.
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return true
	}
	runes := []rune(text)
	queue := []walk{{pc: uint32(program.Start)}} //nolint:gosec // It is an index.
	seen := map[walk]bool{}
	for len(queue) > 0 && len(seen) < mostWalks {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		inst := &program.Inst[at.pc]
		if inst.Op == syntax.InstMatch && (at.matched == len(runes) || !at.begun || !at.end) {
			return true
		}
		queue = append(queue, at.steps(inst, runes)...)
	}
	return len(queue) > 0
}

// steps returns where an instruction leads.
func (w walk) steps(inst *syntax.Inst, text []rune) []walk {
	next := w
	next.pc = inst.Out
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		other := w
		other.pc = inst.Arg
		return []walk{next, other}
	case syntax.InstEmptyWidth:
		next.begun = next.begun || syntax.EmptyOp(inst.Arg)&syntax.EmptyBeginText != 0
		next.end = next.end || syntax.EmptyOp(inst.Arg)&syntax.EmptyEndText != 0
		return []walk{next}
	case syntax.InstCapture, syntax.InstNop:
		return []walk{next}
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return next.read(inst, text)
	case syntax.InstMatch, syntax.InstFail:
	}
	return nil
}

// read returns where each character of the text leads that the instruction takes, and one that the text does not have.
func (w walk) read(inst *syntax.Inst, text []rune) []walk {
	if w.matched == len(text) {
		return []walk{w}
	}
	other := w
	other.matched = 0
	all := []walk{other}
	for i, c := range text {
		if slices.Contains(text[:i], c) || !inst.MatchRune(c) {
			continue
		}
		took := w
		took.matched = overlap(append(slices.Clone(text[:w.matched]), c), text)
		all = append(all, took)
	}
	return all
}

// overlap is how much of the text the end of read is the beginning of.
func overlap(read, text []rune) int {
	for n := min(len(read), len(text)); n > 0; n-- {
		if slices.Equal(read[len(read)-n:], text[:n]) {
			return n
		}
	}
	return 0
}
