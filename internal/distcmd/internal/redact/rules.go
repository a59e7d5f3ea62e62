// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"regexp"
	"strings"
)

const (
	// A quoted text ends at the next quote, or with the text: it may be cut off. In JSON within
	// JSON its quotes are escaped themselves.
	quoted = `\\+"(.*?)(?:\\+"|$)|\\+'(.*?)(?:\\+'|$)|"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.)*)`
	// An operand is a quoted text that ends.
	operand = `\\+"(.*?)\\+"|\\+'(.*?)\\+'|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'`
	// In an assignment the quote may be the end of a text that ends with the assignment.
	assigned = `\\+"([^\\,:\]}\s].*?)(?:\\+"|$)|"((?:[^"\\,:\]}\s]|\\.|[\]}]\w)(?:[^"\\]|\\.)*)|'((?:[^'\\,:\]}\s]|\\.|[\]}]\w)(?:[^'\\]|\\.)*)`
	// A bare one in an assignment ends as in a connection string. What begins with a quote is empty.
	bare = `(?:(?i:apikey|basic|bearer|digest|negotiate|splunk|token)\s+)?([^;&\s"'\\][^;&\s"]*)`
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
		value: regexp.MustCompile(`^(?s:(.*?)-----END [A-Z0-9 ]*PRIVATE KEY|((?:(?:DEK-Info|Proc-Type): [\w, -]+|[A-Za-z0-9+/=\s]|\\[nr])*))`),
	},
	{ // A URL that was cut off after a password had begun, as long error texts are.
		head:  regexp.MustCompile(`://`),
		value: regexp.MustCompile(`^([^/?#\s"]+)…`),
	},
	{ // A password may hold an @ itself: the last one ends it.
		head:  regexp.MustCompile(`://`),
		value: regexp.MustCompile(`^([^/?#\s]+)@`),
	},
	{ // A password may hold a slash, too: no port begins so.
		head:  regexp.MustCompile(`://`),
		value: regexp.MustCompile(`^([^\[/?#\s:@"']+:(?:\d*[^$\d/?#\s@"',]|\$[^{]|/)[^\s"']{0,200})@`),
	},
	{ // user:password@tcp(host), as MySQL has it.
		head:  regexp.MustCompile(`\b[A-Za-z_][\w.-]*:`),
		value: regexp.MustCompile(`^([^\s"]{1,200}?)@(?:tcp|unix)\(`),
		needs: []string{"@tcp(", "@unix("},
	},
	{ // user:password@host:port
		head:  regexp.MustCompile(`(?m)(?:^|[\s"'=(,/])[A-Za-z_][\w.-]*:`),
		value: regexp.MustCompile(`^([^\s/"'\\]{1,200})@[\w.-]+:\d{1,5}(?:\W|$)`),
		needs: []string{"@"},
	},
	{ // Webhooks of Slack, Discord and Teams
		head: regexp.MustCompile(`hooks\.slack(?:-gov)?\.com/(?:services|triggers|workflows)/|discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/` +
			`|\.office\.com/webhook(?:b2)?/`),
		value: regexp.MustCompile(`^([\w/@.-]+)`),
		needs: []string{"hooks.slack", "discord", ".office.com/webhook"},
	},
	{ // ${env:A:-b}
		head:  regexp.MustCompile(`\$\{(?:[A-Za-z][\w+.-]*:)?([\w./-]+):-`),
		named: Name,
		value: regexp.MustCompile(`^([^{}$]+)\}`),
	},
	{ // Digest a="b", response="c", and other schemes with parameters
		head:  regexp.MustCompile(`(?i)\b(?:aws4-[\w-]+|digest|hawk|mac|oauth|signature)\s+`),
		value: regexp.MustCompile(`^((?:[\w-]+=(?:\\*"[^"\\]*\\*"|[^\s,;"'\\]+)(?:,\s*)?)+)`),
		plain: func(text string) bool { return !signed.MatchString(text) },
		needs: []string{"aws4-", "digest", "hawk", "mac", "oauth", "signature"},
	},
	{ // Headers whose value is a secret as a whole
		head:  regexp.MustCompile(`\b(?:(?:Proxy-)?Authorization|(?:Set-)?Cookie): *`),
		value: regexp.MustCompile(`^([^\r\n"'\\]+)`),
		needs: []string{"authorization:", "cookie:"},
	},
	{
		head:  regexp.MustCompile(`(?i)\bbearer\s+`),
		value: schemeValue,
		plain: regexp.MustCompile(`^(?i)(auth\w*|credentials?|header|method|scheme|tokens?)[.:]?$`).MatchString,
		needs: []string{"bearer"},
	},
	{
		head:  regexp.MustCompile(`(?i)\b(?:basic|splunk|digest|negotiate)\s+`),
		value: schemeValue,
		plain: isProse,
		needs: []string{"basic", "splunk", "digest", "negotiate"},
	},
	{
		head:  regexp.MustCompile(`(?i)\b(?:api-?key|token)\s+`),
		value: schemeValue,
		plain: func(text string) bool { return !strings.ContainsAny(text, digits) || number.MatchString(text) },
		needs: []string{"apikey", "api-key", "token"},
	},
	{ // Authorization=Scheme a, as in OTEL_EXPORTER_OTLP_HEADERS
		head:  regexp.MustCompile(`(?i)\bauthorization=`),
		value: regexp.MustCompile(`^([A-Za-z][\w-]*\s+[^\s,;&"'\\=]+={0,2})(?:[\s,;&"'\\]|$)`),
		needs: []string{"authorization="},
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
		near:  true,
	},
	{ // "a": "b" in JSON
		head:  regexp.MustCompile(`["']([A-Za-z][\w.% /-]*)\\*["']\s*:\s*`),
		named: Name,
		value: jsonValue,
		near:  true,
	},
	{ // "a": {"value": "b"}
		head:  regexp.MustCompile(`["']([A-Za-z][\w.% /-]*)\\*["']\s*:\s*\{\s*\\*["']\w*[vV]alue\\*["']\s*:\s*`),
		named: Name,
		value: jsonValue,
		needs: []string{"value"},
	},
	{ // {"name": "a", "value": "b"}
		head:  regexp.MustCompile(`\b(?:field|key|name)\\*["']?\s*[:=]\s*\\*["']?([\w.% /-]+?)\\*["']?\s*,\s*\\*["']?\w*[vV]alue\\*["']?\s*[:=]\s*`),
		named: Name,
		value: regexp.MustCompile(`^(?s:` + quoted + `|([^\s"'\\\[{},][^\s"'\\{},]*))`),
		needs: []string{"value"},
	},
	{ // {a: b}
		head:   regexp.MustCompile(`[{,]\s*([A-Za-z][\w.-]*):\s+`),
		named:  Name,
		value:  regexp.MustCompile(`^([^\s"'\[\]{},&*|>][^\s"'{},]*)\s*[,}]`),
		plain:  regexp.MustCompile(`^(false|null|true|~)$`).MatchString,
		within: regexp.MustCompile(`\{\s*[\w.-]+:\s`).MatchString,
		near:   true,
	},
	{ // <a>b</a>
		head:  regexp.MustCompile(`<([A-Za-z][\w.:-]*)(?:\s[^<>]*)?>`),
		named: Name,
		value: regexp.MustCompile(`^([^<>]+)</`),
	},
	{ // a%3Db
		head:  regexp.MustCompile(`([A-Za-z][\w.-]*)%(?:25)*3[Dd]`),
		named: Name,
		value: regexp.MustCompile(`^((?:\[REDACTED\]|[^&#\s"'\\%]|%[013-9A-Fa-f]|%2[^6])+)`),
		needs: []string{"3d"},
		near:  true,
	},
	{ // a:b
		head:  regexp.MustCompile(`(?:^|[\s,;({"'])([A-Za-z][\w.-]*):`),
		named: Name,
		value: regexp.MustCompile(`^([^\s:"'\\,;(){}\[\]<>/-][^\s"'\\,;(){}<>]{2,})`),
		plain: isWordOrPort,
		near:  true,
	},
	{ // curl -u user:a
		head:  regexp.MustCompile(`\bcurl\b[^\n]*?\s(?:-u|-U|--user|--proxy-user)[\s=]*\\*["']?[^\s:"'\\]+:`),
		value: regexp.MustCompile(`^([^\s"'\\]+)`),
		needs: []string{"curl"},
	},
	{ // netrc
		head:  regexp.MustCompile(`\b(?:account|login)\s+\S+\s+password\s+`),
		value: regexp.MustCompile(`^([^\s"']+)`),
		needs: []string{"password"},
	},
	{ // a: "b" in YAML
		head:  regexp.MustCompile(`([A-Za-z][\w.-]*):\s+`),
		named: Name,
		value: quotedValue,
		near:  true,
	},
	{ // a: b on a line of its own, as in YAML and among headers
		head:  regexp.MustCompile(`(?m)^[ \t-]*([A-Za-z][\w.-]*):[ \t]+`),
		named: Name,
		value: regexp.MustCompile(`^([^\s"'&*|>#\[{]\S*)[ \t]*(?:\r?\n|$)`),
		near:  true,
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
		needs: []string{"set("},
	},
	{ // Whatever is compared with a secret, or a parameter beside it, in OTTL and in expressions
		head:   regexp.MustCompile(`(?:[(,{=<>+]|\b(?:and|contains|endsWith|in|matches|not|or|startsWith|where)\b)\s*(?:\[\s*)*`),
		value:  regexp.MustCompile(`^(?:` + operand + `)\s*(?:[^:\s]|$)`),
		within: isAboutSecretField,
	},
	{ // "b" == attributes["a"]
		head:   regexp.MustCompile(`\\*["']`),
		value:  regexp.MustCompile(`^([^"'\\\n]+)\\*["']\s*(?:[=!<>]=|[<>+]|(?:contains|endsWith|in|matches|not|startsWith)\b)`),
		within: isAboutSecretField,
	},
	{ // SQL
		head:  regexp.MustCompile(`(?i)\b(?:identified(?: with \w+)? by|password)\s+`),
		value: quotedValue,
		needs: []string{"identified", "password"},
	},
	{ // --a b
		head:  regexp.MustCompile(`--?([A-Za-z][\w-]*)\s+`),
		named: Name,
		value: regexp.MustCompile(`^(?s:` + quoted + `|([^\s"'\\-][^\s"'\\]*))`),
		plain: isWord,
	},
	{ // What is known by its first letters alone: JSON Web Tokens, and tokens of GitHub, GitLab, Slack, Grafana, Google, Vault, Dynatrace, New Relic, npm and age.
		head: regexp.MustCompile(`\b(?:eyJ|gh[pousr]_|github_pat_|gl(?:agent|cbt|dt|ft|imt|pat|ptt|rt|soat)-|xox[a-z]-|gl(?:sa|c)_|AIza|AGE-SECRET-KEY-1|npm_|hv[sb]\.|dt0[a-z]\d\d\.|NRAK-)`),
		// They are long.
		value: regexp.MustCompile(`^([\w.=-]{20,})`),
		needs: []string{"eyj", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glagent-", "glcbt-", "gldt-", "glft-", "glimt-", "glpat-", "glptt-", "glrt-", "glsoat-", "xox", "glsa_", "glc_", "aiza", "age-secret-key-1", "npm_", "hvs.", "hvb.", "dt0", "nrak-"},
	},
	{ // SendGrid's have two dots.
		head:  regexp.MustCompile(`\bSG\.`),
		value: regexp.MustCompile(`^([\w-]{16,}\.[\w-]{20,})`),
		needs: []string{"sg."},
	},
	{ // OpenAI's have digits and capitals.
		head:  regexp.MustCompile(`\bsk-`),
		value: regexp.MustCompile(`^([\w-]{20,})`),
		plain: func(text string) bool { return !strings.ContainsAny(text, digits) || strings.ToLower(text) == text },
		needs: []string{"sk-"},
	},
}

// signed is in the parameters of a scheme that signs a request.
var signed = regexp.MustCompile(`(?i)(response|signature|mac)=`)

var schemeValue = regexp.MustCompile(`^([\w.~+/=:-]{6,})`)

// aWord is what prose has where a secret could be: letters alone, or the two of a compound.
var aWord = regexp.MustCompile(`^([A-Z]?[a-z]+|[A-Z]+)[.,:;]?$`)

var aPort = regexp.MustCompile(`^\d{1,5}\b`)

func isWordOrPort(text string) bool { return isWord(text) || aPort.MatchString(text) }

const digits = "0123456789"

var (
	number = regexp.MustCompile(`^\d+[.,:;]?$`)
	// prose has words with hyphens, versions and checksums.
	prose = regexp.MustCompile(`^(?i)([a-z]+(-[a-z]+)+|[a-z]*v?\d+(\.\d+)+|(md5|sha\d+)[:=-].*)[.,:;]?$`)
)

func isProse(text string) bool { return isWord(text) || prose.MatchString(text) }

func isWord(text string) bool { return aWord.MatchString(text) }

// secretField is a["b"] or body.b.
var secretField = regexp.MustCompile(`[\w\])]\[\s*\\*["']([^"'\]\\]+)\\*["']\s*\]|\b(?:attributes|body|cache)\.((?:\w+\.)*\w+)`)

func isAboutSecretField(line string) bool {
	for _, field := range secretField.FindAllStringSubmatch(line, -1) {
		if Name(field[1] + field[2]) {
			return true
		}
	}
	return false
}
