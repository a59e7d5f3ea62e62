// SPDX-License-Identifier: Apache-2.0

// Package redact knows secrets by what they are called and by how they are written. Whatever
// shows a configuration, or what was made with one, shows it through this package.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// Mask is what stands where a secret would. It is what configopaque marshals to.
const Mask = "[REDACTED]"

// A name is compared as its words in lower case: "X-Api%4bey" and "xApiKey" as "x_api_key".
var (
	// secretName is in names that announce a secret wherever they stand.
	secretName = regexp.MustCompile(`pass_?w(or)?d|pass_?(phrase|code)|secret|tokens?\d*(_|$)|credential|access_signature|authorization|cookie|bearer|assertion` +
		`|connection_?string|datasource|key_pem|(^|_)(pass|pwd|dsn|community|psk|jwt|sas|creds?)\d*$|(^|_|admin|db|root|user)pw\d*$|(^|_)([ht]?otp|mfa|recovery|wallet)_?(codes?|seed)$|mnemonic|seed_?phrase` +
		`|(access|account|admin|aes|api|app|application|auth|certificate|client|consumer|decryption|deploy|encryption|hmac|ingest|ingestion|instrumentation` +
		`|integration|licen[cs]e|master|private|secret|service|session|shared|signature|signing|ssh|ssl|storage|subscription|symmetric|tls|user|wrapping|write)_?keys?\d*(_|$)`)
	// aboutSecret ends names that speak of where a secret is or how it is used.
	aboutSecret = regexp.MustCompile(`(^|_)(audience|bucket|count|dir|directory|enabled|endpoint|expiration|expiry|files?|filename|format|headers?` +
		`|ids?|interval|length|limit|method|names?|paths?|policy|prefix|rotation|scheme|second|secretar(iat|ies|y)|size|timeout|ttl|types?|ur[il]|(input|max|output|total)_tokens)$`)
	// secretID is the name of a secret beside which another one is the id, as in Vault's AppRole.
	secretID = regexp.MustCompile(`(^|_)secret_id$`)

	// secretParameter is in names that are common elsewhere, but announce a secret in a query.
	secretParameter = regexp.MustCompile(`keys?$|(^|_)(auth|hmac|licen[cs]e|pat|s?sid|session(_?id)?|[jp](hp)?sess(ion)?id|sig|sign|signature)$` +
		`|^(auth|authorization|access)?_?code$`)
	// innocent are parameters that only end like one.
	innocent = regexp.MustCompile(`^keys$|(^|_)(don|hoc|joc|mon|tur|whis)keys?$`)
	// secretHeader is in names of headers that announce a secret.
	secretHeader = regexp.MustCompile(`auth|key|pass|sig|dsn|session|team$`)

	humpStart  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	acronymEnd = regexp.MustCompile(`([A-Z])([A-Z][a-z])`)
	separators = regexp.MustCompile(`[^a-z0-9]+`)
)

// Name says that what has this name is a secret, be it a key, an attribute, a field or a header.
func Name(name string) bool { return isSecretName(words(name)) }

// Parameter says so of a parameter of a query.
func Parameter(name string) bool {
	w := words(name)
	return isSecretName(w) || secretParameter.MatchString(w) && !aboutSecretAlone(w) && !innocent.MatchString(w)
}

// Header says so of a header.
func Header(name string) bool {
	w := words(name)
	return isSecretName(w) || secretHeader.MatchString(w)
}

func isSecretName(w string) bool {
	return secretID.MatchString(w) || secretName.MatchString(w) && !aboutSecret.MatchString(w)
}

// aboutSecretAlone is aboutSecret for parameters: those of a session are secret by their id.
func aboutSecretAlone(w string) bool {
	return aboutSecret.MatchString(w) && !strings.Contains(w, "sess")
}

// words returns the words of a name. A name may be percent-encoded, and more than once.
func words(name string) string {
	for range 3 {
		decoded, err := url.QueryUnescape(name)
		if err != nil || decoded == name {
			break
		}
		name = decoded
	}
	name = humpStart.ReplaceAllString(name, "${1}_${2}")
	name = acronymEnd.ReplaceAllString(name, "${1}_${2}")
	return strings.Trim(separators.ReplaceAllString(strings.ToLower(name), "_"), "_")
}
