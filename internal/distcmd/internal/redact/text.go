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
}

// Text returns text without the secrets in it that announce themselves.
func Text(text string) string {
	for _, rule := range rules {
		text = rule.hide(text, func(string) {})
	}
	return text
}

// Find returns the secrets that [Text] hides.
func Find(text string) (found []string) {
	for _, rule := range rules {
		text = rule.hide(text, func(secret string) { found = append(found, secret) })
	}
	return found
}

func (r rule) hide(text string, found func(secret string)) string {
	var out strings.Builder
	kept := 0
	lines := lines{text: text, within: r.within}
	for _, head := range r.head.FindAllStringSubmatchIndex(text, -1) {
		if head[1] < kept || r.named != nil && !r.named(text[head[2]:head[3]]) || !lines.may(head[1]) {
			continue
		}
		start, end := r.secretAt(text, head[1])
		if start == end || text[start:end] == Mask {
			continue
		}
		found(text[start:end])
		out.WriteString(text[kept:start])
		out.WriteString(Mask)
		kept = end
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
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
