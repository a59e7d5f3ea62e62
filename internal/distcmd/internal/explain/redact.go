// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Redacted is what stands where a secret would. It is what configopaque marshals to.
const Redacted = "[REDACTED]"

var (
	// Not every component declares its secrets, so names that announce one are enough.
	secretName = regexp.MustCompile(`(?i)passw(or)?d|passphrase|secret|token|credential|(api|access|account|private|shared|encryption)[_.-]?key|key_pem` +
		`|authorization|cookie|connection[_.-]?string|datasource|bearer|assertion|(^|_)(dsn|pwd|community)$`)
	// Names that end so speak of where a secret is or how it is used.
	aboutSecret = regexp.MustCompile(`(?i)(^|[_.-])(file|filename|path|dir|url|name|type|id|endpoint|method|scheme|ttl|timeout|interval)$`)

	// How the credentials beside it are sent, or where they are.
	aboutAuth = regexp.MustCompile(`(?i)(^|::)(proxy_)?authorization::(type|credentials_file)$`)
	// Names of headers that announce a secret, beside those that do anywhere.
	headerSecret = regexp.MustCompile(`(?i)auth|key|pass|sig|dsn|session|team$`)

	// What components show instead of a secret.
	masked = regexp.MustCompile(`^(\[REDACTED\]|<secret>|\*{3,}|x{5,})$`)

	headers     = regexp.MustCompile(`(?i)(^|_)headers(_list)?$`)
	headerNames = regexp.MustCompile(`(?i)(^|_)allowed_headers$`)
	// Keys of a list of headers that hold no value.
	headerField = regexp.MustCompile(`^(name|key|action|from_context)$`)

	// A password may hold an @ itself: the last one ends it.
	userinfo = regexp.MustCompile(`(://)([^/?#\s]+)@`)
	// What ends a text in JSON is no value.
	queryField = regexp.MustCompile(`(?i)([?&](?:[^=&\s]*(?:key|token|secret|passw|sig)[^=&\s]*|[^=&\s]*pwd|auth)=)(\[REDACTED\]|[^&#\s"][^&#\s]*)`)
	// Fields of connection strings, whatever the key is called that holds one.
	connectionField = regexp.MustCompile(`(?i)((?:access(?:key|signature)|accountkey|password|pwd)=)(\[REDACTED\]|"[^",:\]}\s][^"\n]*"|'[^'\s][^'\n]*'|[^;&\s"'][^;&\s]*)`)

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
		if i > 1 && isText(value) && announcesSecret(segment) {
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
// is: {key: password, value: x}.
func isSecretIn(tree map[string]any, p path, value any) bool {
	return isSecret(p, value) || isText(value) && p[len(p)-1] == "value" && announcesSecret(nameBeside(tree, p))
}

// nameBeside returns what the value at p is called by the keys beside it, or "".
func nameBeside(tree map[string]any, p path) string {
	_, container, _ := lookup(tree, p[:len(p)-1])
	siblings, _ := container.(map[string]any)
	for _, key := range []string{"key", "name"} {
		if name, ok := siblings[key].(string); ok {
			return name
		}
	}
	return ""
}

// announcesSecret says that what has this name is a secret.
func announcesSecret(name string) bool {
	return secretName.MatchString(name) && !aboutSecret.MatchString(name)
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
	return name == "" || announcesSecret(name) || headerSecret.MatchString(name)
}

// isText tells apart what can be a secret from numbers and switches.
func isText(value any) bool {
	switch value.(type) {
	case nil, bool, int, int64, uint64, float64, time.Duration, map[string]any, []any:
		return false
	default:
		return true
	}
}

// redactText returns the text of a secret: the reference it consists of, without what stands
// in where that leads nowhere.
func redactText(text string) string {
	if text == "" || !reference.MatchString(text) || inline.MatchString(text) {
		return Redacted
	}
	return redactURL(substitute.ReplaceAllString(text, ":-"+Redacted+"}"))
}

// redactURL hides user, password and signatures in a URL, and keys in a connection string.
func redactURL(text string) string {
	text = userinfo.ReplaceAllString(text, "${1}"+Redacted+"@")
	for _, field := range []*regexp.Regexp{queryField, connectionField} {
		text = field.ReplaceAllString(text, "${1}"+Redacted)
	}
	return text
}

// Label is what a source is called that is not content itself.
func Label(uri string) string {
	return redactURL(substitute.ReplaceAllString(uri, ":-"+Redacted+"}"))
}

// shortestSecret keeps words that are common elsewhere from being taken for a secret.
const shortestSecret = 6

// secrets are values that must not be seen anywhere, as they are redacted where they belong.
type secrets map[string]bool

// add remembers every text and number under value, and every line of it.
func (s secrets) add(value any) {
	walk(value, nil, func(_ path, leaf any) {
		for _, text := range append(strings.Split(fmt.Sprint(leaf), "\n"), fmt.Sprint(leaf)) {
			s.addText(strings.TrimSpace(text))
		}
	})
}

func (s secrets) addText(text string) {
	if len(text) < shortestSecret || text == Redacted || reference.MatchString(text) {
		return
	}
	s[text] = true
	if scheme := authScheme.FindString(text); scheme != "" {
		s.addText(text[len(scheme):])
	}
}

// forget leaves out what is under value: it is no secret.
func (s secrets) forget(value any) {
	walk(value, nil, func(_ path, leaf any) { delete(s, fmt.Sprint(plain(leaf))) })
}

// expansions returns what the references in a text became.
func expansions(written, expanded string) []string {
	const gap, dollar = "\x00", "\x01"
	written = strings.ReplaceAll(written, "$$", dollar)
	for innermost.MatchString(written) {
		written = innermost.ReplaceAllString(written, gap)
	}
	written = regexp.QuoteMeta(strings.ReplaceAll(written, dollar, "$"))
	pattern, err := regexp.Compile("(?s)^" + strings.ReplaceAll(written, gap, "(.*)") + "$")
	if err != nil {
		return nil // The text is not UTF-8.
	}
	if match := pattern.FindStringSubmatch(expanded); match != nil {
		return match[1:]
	}
	return nil
}

// addURL remembers the secrets in a URL or a connection string: errors take them apart.
func (s secrets) addURL(value any) {
	text, ok := value.(string)
	if !ok {
		return
	}
	for _, match := range userinfo.FindAllStringSubmatch(text, -1) {
		s.add(match[2])
		_, password, _ := strings.Cut(match[2], ":")
		s.add(password)
	}
	for _, field := range []*regexp.Regexp{queryField, connectionField} {
		for _, match := range field.FindAllStringSubmatch(text, -1) {
			s.add(strings.Trim(match[2], `"'`))
		}
	}
}

// replacer hides the secrets, longer ones first as they may contain shorter ones.
func (s secrets) replacer() *strings.Replacer {
	var all []string
	for secret := range s {
		all = append(all, secret)
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, secret := range all {
		pairs = append(pairs, secret, Redacted)
		if encoded, err := json.Marshal(secret); err == nil && string(encoded) != `"`+secret+`"` {
			pairs = append(pairs, string(encoded[1:len(encoded)-1]), Redacted)
		}
	}
	return strings.NewReplacer(pairs...)
}
