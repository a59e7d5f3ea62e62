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
}

const (
	// A quoted text ends at the next quote, or with the text: it may be cut off. In JSON within
	// JSON its quotes are escaped themselves.
	quoted = `\\+"(.*?)(?:\\+"|$)|\\+'(.*?)(?:\\+'|$)|"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.)*)`
	// In an assignment the quote may be the end of a text that ends with the assignment.
	assigned = `\\+"([^\\,:\]}\s].*?)(?:\\+"|$)|"((?:[^"\\,:\]}\s]|\\.)(?:[^"\\\n]|\\.)*)|'((?:[^'\\,:\]}\s]|\\.)(?:[^'\\\n]|\\.)*)`
	// A bare one in an assignment ends as in a connection string. What begins with a quote is empty.
	bare = `([^;&\s"'\\][^;&\s"]*)`
)

var (
	quotedValue = regexp.MustCompile(`^(?s:` + quoted + `)`)
	anyValue    = regexp.MustCompile(`^(?s:(\[REDACTED\])|` + assigned + `|` + bare + `)`)
	// Lists and long numbers, too: only in JSON is it known where they end.
	jsonValue = regexp.MustCompile(`^(?s:` + quoted + `|(\[[^\[\]{}]*\])|(\d{6,}))`)
)

var rules = []rule{
	{ // A private key in PEM, of which the end may be cut off.
		head:  regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----`),
		value: regexp.MustCompile(`^(?s:(.*?)-----END [A-Z0-9 ]*PRIVATE KEY|((?:[A-Za-z0-9+/=\s]|\\[nr])*))`),
	},
	{ // A URL that was cut off after a password had begun, as long error texts are.
		head:  regexp.MustCompile(`://`),
		value: regexp.MustCompile(`^([^/?#\s"]+)…`),
	},
	{ // A password may hold an @ itself: the last one ends it.
		head:  regexp.MustCompile(`://`),
		value: regexp.MustCompile(`^([^/?#\s]+)@`),
	},
	{ // user:password@tcp(host), as MySQL has it.
		head:  regexp.MustCompile(`\b[\w.-]+:`),
		value: regexp.MustCompile(`^([^\s@/:"]+)@(?:tcp|unix)\(`),
	},
	{ // A query, as it is or encoded for JSON, HTML or another query.
		head:  regexp.MustCompile(`(?:[?&#]|\\u0026|%3[Ff]|%26)([\w.%+$\[\]-]{1,80}?)(?:=|%3[Dd])`),
		named: Parameter,
		value: regexp.MustCompile(`^(\[REDACTED\]|(?:[^&#\s"\\]|\\[^un"])+)`),
	},
	{ // Parameters of a path, and fields of a connection string
		head:  regexp.MustCompile(`;([\w.%+-]{1,80})=`),
		named: Parameter,
		value: anyValue,
	},
	{ // a=b, a = "b", attributes["a"] == "b", "a" => "b"
		head:  regexp.MustCompile(`([A-Za-z][\w.%-]*)[\\"'\]]*\s*(?:[=!:]=|=>?)\s*`),
		named: Name,
		value: anyValue,
	},
	{ // "a": "b" in JSON
		head:  regexp.MustCompile(`["']([A-Za-z][\w.% /-]*)\\*["']\s*:\s*`),
		named: Name,
		value: jsonValue,
	},
	{ // a: "b" in YAML
		head:  regexp.MustCompile(`([A-Za-z][\w.-]*):\s+`),
		named: Name,
		value: quotedValue,
	},
	{ // a: b on a line of its own, as in YAML and among headers
		head:  regexp.MustCompile(`(?m)^[ \t-]*([A-Za-z][\w.-]*):[ \t]+`),
		named: Name,
		value: regexp.MustCompile(`^([^\s"'&*|>#\[{]\S*)[ \t]*(?:\r?\n|$)`),
	},
	{ // Headers whose value is a secret as a whole
		head:  regexp.MustCompile(`\b(?:(?:Proxy-)?Authorization|(?:Set-)?Cookie): *`),
		value: regexp.MustCompile(`^([^\r\n"'\\]+)`),
	},
	{ // set(attributes["a"], "b") in OTTL
		head:  regexp.MustCompile(`\[\s*\\*["']([^"'\]\\]+)\\*["']\s*\]\s*,\s*`),
		named: Name,
		value: quotedValue,
	},
	{ // set(body.a, "b") in OTTL
		head:  regexp.MustCompile(`\bset\(\s*([\w.]+)\s*,\s*`),
		named: Name,
		value: quotedValue,
	},
	{ // SQL
		head:  regexp.MustCompile(`(?i)\b(?:identified(?: with \w+)? by|password)\s+`),
		value: quotedValue,
	},
	{ // --a b
		head:  regexp.MustCompile(`--?([A-Za-z][\w-]*)\s+`),
		named: Name,
		value: regexp.MustCompile(`^(?s:` + quoted + `|([^\s"'\\-][^\s"'\\]*))`),
		plain: isWord,
	},
	{
		head:  regexp.MustCompile(`(?i)\bbearer\s+`),
		value: schemeValue,
		plain: regexp.MustCompile(`^(?i)(auth\w*|credentials?|header|method|scheme|tokens?)[.:]?$`).MatchString,
	},
	{
		head:  regexp.MustCompile(`(?i)\b(?:basic|splunk|digest|negotiate)\s+`),
		value: schemeValue,
		plain: isWord,
	},
	{
		head:  regexp.MustCompile(`(?i)\b(?:api-?key|token)\s+`),
		value: schemeValue,
		plain: func(text string) bool { return !strings.ContainsAny(text, "0123456789") },
	},
	{ // What is known by its first letters alone: JSON Web Tokens, and tokens of GitHub, GitLab, Slack, Grafana, Google, Vault, Dynatrace, New Relic, SendGrid and OpenAI.
		head: regexp.MustCompile(`\b(?:eyJ|gh[pousr]_|github_pat_|gl(?:agent|cbt|dt|ft|imt|pat|ptt|rt|soat)-|xox[a-z]-|gl(?:sa|c)_|AIza|hv[sb]\.|dt0[a-z]\d\d\.|NRAK-|SG\.|sk-)`),
		// They are long.
		value: regexp.MustCompile(`^([\w.=-]{20,})`),
	},
}

var schemeValue = regexp.MustCompile(`^([\w.~+/=:-]{6,})`)

// aWord is what prose has where a secret could be: letters alone, or the two of a compound.
var aWord = regexp.MustCompile(`^([A-Z]?[a-z]+|[A-Z]+)[.,:;]?$`)

func isWord(text string) bool { return aWord.MatchString(text) }

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
	for _, head := range r.head.FindAllStringSubmatchIndex(text, -1) {
		if head[1] < kept || r.named != nil && !r.named(text[head[2]:head[3]]) {
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
