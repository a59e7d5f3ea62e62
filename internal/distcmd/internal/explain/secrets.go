// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

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
	if len(text) < shortestSecret || text == redact.Mask || reference.MatchString(text) {
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

// likeKey is a text that is a key of many components, too.
var likeKey = regexp.MustCompile(`^[a-z_]+$`)

// notKeys leaves out what a key may be called by coincidence, as in {password: password}.
func (s secrets) notKeys() secrets {
	rest := maps.Clone(s)
	maps.DeleteFunc(rest, func(secret string, _ bool) bool { return likeKey.MatchString(secret) })
	return rest
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

// addFound remembers the secrets in a text that announce themselves: errors take them apart.
func (s secrets) addFound(value any) {
	text, ok := value.(string)
	if !ok {
		return
	}
	for _, found := range redact.Find(text) {
		s.add(found)
		if decoded, err := url.QueryUnescape(found); err == nil {
			s.add(decoded)
		}
		_, password, _ := strings.Cut(found, ":")
		s.add(password)
	}
}

// hider hides what is known to be a secret.
type hider struct {
	whole  *strings.Replacer
	sorted []string
}

func (s secrets) hider() *hider {
	return &hider{whole: s.replacer(), sorted: slices.Sorted(maps.Keys(s))}
}

// ellipsis is what long texts are cut off with, such as the errors on the status page.
const ellipsis = "…"

// known returns text without the secrets, nor what is left of one where the text was cut off.
func (h *hider) known(text string) string {
	parts := strings.SplitAfter(h.whole.Replace(text), ellipsis)
	for i, part := range parts {
		if before, cut := strings.CutSuffix(part, ellipsis); cut {
			parts[i] = h.hideEnd(before) + ellipsis
		}
	}
	return strings.Join(parts, "")
}

// shortestPart is what of a secret is hidden at the end of a text.
const shortestPart = 3

func (h *hider) hideEnd(text string) string {
	longest := 0
	for _, secret := range h.sorted {
		longest = max(longest, len(secret))
	}
	for start := max(0, len(text)-longest); start <= len(text)-shortestPart; start++ {
		part := text[start:]
		if i, _ := slices.BinarySearch(h.sorted, part); i < len(h.sorted) && strings.HasPrefix(h.sorted[i], part) {
			return text[:start] + redact.Mask
		}
	}
	return text
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
		pairs = append(pairs, secret, redact.Mask)
		if encoded, err := json.Marshal(secret); err == nil && string(encoded) != `"`+secret+`"` {
			pairs = append(pairs, string(encoded[1:len(encoded)-1]), redact.Mask)
		}
	}
	return strings.NewReplacer(pairs...)
}
