// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

var (
	// How the credentials beside it are sent, or where they are.
	aboutAuth = regexp.MustCompile(`(?i)(^|::)(proxy_)?authorization::(type|credentials_file)$`)

	// What components show instead of a secret.
	masked = regexp.MustCompile(`^(\[REDACTED\]|<secret>|\*{3,}|x{5,})$`)

	headers     = regexp.MustCompile(`(?i)(^|_)headers(_list)?$`)
	headerNames = regexp.MustCompile(`(?i)(^|_)allowed_headers$`)
	// Keys of a list of headers that hold no value.
	headerField = regexp.MustCompile(`^(name|key|action|from_context)$`)

	// What stands before the secret in a header.
	authScheme = regexp.MustCompile(`(?i)^(bearer|basic|token|apikey|splunk)\s+`)

	reference  = regexp.MustCompile(`^\$\{[^{}$]+\}$`)
	innermost  = regexp.MustCompile(`\$\{[^{}]*\}`)
	inline     = regexp.MustCompile(`^\$\{yaml:`)
	substitute = regexp.MustCompile(`:-[^{}]*\}`)
)

// isSecret says whether the value of the leaf at p has to be redacted, by its component's
// word or without it. The first two segments are a section and a component's id.
func isSecret(p path, value any) bool {
	if aboutAuth.MatchString(p.String()) {
		return false
	}
	if isText(value) && masked.MatchString(fmt.Sprint(value)) {
		return true
	}
	for i, segment := range p {
		if i > 1 && isHeaders(segment) {
			return !isHeaderField(p[i+1:])
		}
		if i > 1 && canBeSecret(value) && redact.Name(segment) {
			return true
		}
	}
	return false
}

func isHeaders(segment string) bool {
	return headers.MatchString(segment) && !headerNames.MatchString(segment)
}

func isHeaderField(p path) bool {
	if len(p) != 2 {
		return false
	}
	_, inList := index(p[0])
	return inList && headerField.MatchString(p[1])
}

// isSecretIn is isSecret for a leaf of a tree, where what stands beside a value may say what it
// is: {key: password, value: x}, or [--password, x].
func isSecretIn(tree map[string]any, p path, value any) bool {
	return isSecret(p, value) || len(p) > 2 && canBeSecret(value) && redact.Name(nameBeside(tree, p))
}

// nameBeside returns what the value at p is called by the keys beside it, or by the flag before
// it, or "".
func nameBeside(tree map[string]any, p path) string {
	_, container, _ := lookup(tree, p[:len(p)-1])
	switch siblings := container.(type) {
	case map[string]any:
		if p[len(p)-1] == "value" {
			return nameAmong(siblings)
		}
	case []any:
		if i, _ := index(p[len(p)-1]); i > 0 && i < len(siblings) {
			flag, _ := siblings[i-1].(string)
			return flagName.FindString(flag)
		}
	}
	return ""
}

// flagName is a flag whose value follows.
var flagName = regexp.MustCompile(`^--?[A-Za-z][\w-]*$`)

func nameAmong(siblings map[string]any) string {
	for _, key := range []string{"key", "name", "field"} {
		if name, ok := siblings[key].(string); ok {
			return name
		}
	}
	return ""
}

// isSecretAlone says of a secret that it is one wherever it occurs. Headers may as well hold
// names that are common elsewhere.
func isSecretAlone(tree map[string]any, p path) bool {
	i := slices.IndexFunc(p, isHeaders)
	if i < 2 || i+1 >= len(p) {
		return true
	}
	name := p[i+1]
	if isElement(name) {
		name = nameBeside(tree, p)
	}
	return name == "" || redact.Header(name)
}

// isText reports whether a value is text, and no number or switch.
func isText(value any) bool {
	switch value.(type) {
	case nil, bool, time.Duration, map[string]any, []any:
		return false
	default:
		return !isNumber(value)
	}
}

func isNumber(value any) bool {
	v := reflect.ValueOf(value)
	_, isDuration := value.(time.Duration)
	return v.IsValid() && !isDuration && (v.CanInt() || v.CanUint() || v.CanFloat())
}

// canBeSecret says so of text and of numbers: a PIN may be written without quotes.
func canBeSecret(value any) bool { return isText(value) || isNumber(value) }

// referred finds what references are called, and where they lead: ${env:a:-b}, ${file:/a}.
var referred = regexp.MustCompile(`\$\{(?:[A-Za-z][\w+.-]*:)?([^{}:$]+)`)

// isSecretReference says that a reference leads to a secret by its name, or by a part of its path.
func isSecretReference(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), redact.Name)
}

// isReferenceToSecret says that a text consists of one that leads to a secret.
func isReferenceToSecret(text string) bool {
	return reference.MatchString(text) && isSecretReference(referred.FindStringSubmatch(text)[1])
}

// redactText returns the text of a secret: the reference it consists of, without what stands
// in where that leads nowhere.
func redactText(text string) string {
	if text == "" || !reference.MatchString(text) || inline.MatchString(text) {
		return redact.Mask
	}
	return redact.Text(substitute.ReplaceAllString(text, ":-"+redact.Mask+"}"))
}

// Label is what a source is called that is not content itself.
func Label(uri string) string {
	return redact.Text(substitute.ReplaceAllString(uri, ":-"+redact.Mask+"}"))
}
