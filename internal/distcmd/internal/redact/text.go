// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"regexp"
	"strings"
)

// rule finds secrets in a text by what stands before them.
type rule struct {
	// head ends where a secret may begin. Its group, if it has one, is what the secret is called.
	head *regexp.Regexp
	// named says of that name that it is one of a secret. Without it, every name is.
	named func(string) bool
	// value begins where head ends. Its last group that matches is the secret.
	value *regexp.Regexp
	// plain says of a secret that it is none.
	plain func(string) bool
	// within says of a line whether it may hold a secret. Without it, every line may.
	within func(string) bool
	// needs are words in lower case, of which one is in every text where the rule finds something.
	needs []string
	// near says that head goes from the name of a secret over three lines at most, so that it is looked for around
	// the words that such names have.
	near bool
}

// Text returns text without the secrets in it that announce themselves.
func Text(text string) string { return apply(text, cluesOf, func(string) {}) }

// Find returns the secrets that [Text] hides.
func Find(text string) (found []string) {
	apply(text, cluesOf, func(secret string) { found = append(found, secret) })
	return found
}

func apply(text string, look func(string) *clues, found func(secret string)) string {
	c := look(text)
	for _, rule := range rules {
		if hidden := rule.hide(c, found); hidden != c.text {
			c = look(hidden)
		}
	}
	return c.text
}

func (r rule) hide(c *clues, found func(secret string)) string {
	var out strings.Builder
	kept, text := 0, c.text
	lines := lines{text: text, within: r.within}
	for _, s := range r.spans(c) {
		for _, head := range r.head.FindAllStringSubmatchIndex(text[s.start:s.end], -1) {
			place := s.start + head[1]
			if place < kept || r.named != nil && !r.named(text[s.start+head[2]:s.start+head[3]]) || !lines.may(place) {
				continue
			}
			start, end := r.secretAt(text, place)
			if start == end || text[start:end] == Mask {
				continue
			}
			found(text[start:end])
			out.WriteString(text[kept:start])
			out.WriteString(Mask)
			kept = end
		}
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// spans are the parts of a text in which the rule can find a secret.
func (r rule) spans(c *clues) []span {
	switch {
	case c.all:
		return []span{{0, len(c.text)}}
	case !c.has(r.needs):
		return nil
	case r.near:
		return c.named
	case r.within != nil && !c.anyNamedLine(r.within):
		return nil
	default:
		return []span{{0, len(c.text)}}
	}
}

// secretAt returns where the secret is that begins at this place, if any.
func (r rule) secretAt(text string, at int) (start, end int) {
	groups := r.value.FindStringSubmatchIndex(text[at:])
	for i := len(groups) - 2; i > 0; i -= 2 {
		if groups[i] < 0 {
			continue
		}
		start, end = at+groups[i], at+groups[i+1]
		if r.plain != nil && r.plain(text[start:end]) {
			return at, at
		}
		return start, end
	}
	return at, at
}

// lines asks once for each line.
type lines struct {
	text   string
	within func(string) bool
	end    int
	answer bool
}

// may says whether the line at this place may hold a secret. Places ascend.
func (l *lines) may(at int) bool {
	if l.within == nil {
		return true
	}
	if at > l.end || l.end == 0 {
		start := strings.LastIndexByte(l.text[:at], '\n') + 1
		l.end = len(l.text)
		if length := strings.IndexByte(l.text[at:], '\n'); length >= 0 {
			l.end = at + length
		}
		l.answer = l.within(l.text[start:l.end])
	}
	return l.answer
}
