// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShippedRulesAreWhole(t *testing.T) {
	set, err := Shipped()
	require.NoError(t, err)
	for _, rule := range set.Rules() {
		require.NotEmpty(t, rule.Source, rule.Name)
	}
}

func names(set *Set) []string {
	var all []string
	for _, rule := range set.Rules() {
		all = append(all, rule.Name)
	}
	return all
}

const own = `
rules:
  - name: site.alarm
    contains: ["ALARM"]
    pattern: '^ALARM (?P<reason>\w+)(?: (?P<reason2>\w+))?'
    severity: fatal
  - name: network.link
    kind: site.link
    contains: ["Link is Down"]
    pattern: 'Link is (?P<state>Down)'
    severity: info
  - name: process.segfault
    disabled: true
`

func TestUsersRulesAreMergedOverShippedOnes(t *testing.T) {
	shippedSet, err := Shipped()
	require.NoError(t, err)
	set, err := New("own.yaml", []byte(own))
	require.NoError(t, err)

	want := slices.DeleteFunc(names(shippedSet), func(name string) bool { return name == "process.segfault" })
	require.Equal(t, append([]string{"site.alarm"}, want...), names(set), "new rules come first, others in their place")

	match := set.Match([]byte("ALARM heat"))
	require.Equal(t, "site.alarm", match.Rule.Kind)
	require.Equal(t, []Capture{{"reason", "heat"}}, match.Captures)
	match = set.Match([]byte("ixgbe eth0: NIC Link is Down"))
	require.Equal(t, "site.link", match.Rule.Kind)
	require.Equal(t, []Capture{{"state", "Down"}}, match.Captures)
	match = set.Match([]byte("a[1]: segfault at 0 in b[1]"))
	require.Nil(t, match.Rule)
}

func TestBadRulesAreRefusedByNameAndLine(t *testing.T) {
	rule := func(lines ...string) string {
		return "rules:\n  - name: bad.one\n    " + strings.Join(lines, "\n    ") + "\n"
	}
	const contains, pattern, severity = `contains: ["abc"]`, `pattern: '^abc$'`, `severity: info`
	for name, tt := range map[string]struct{ yaml, want string }{
		"no regexp":               {rule(contains, `pattern: '('`, severity), `own.yaml:2: rule "bad.one": "pattern": error parsing regexp`},
		"matches everything":      {rule(contains, `pattern: '.*'`, severity), `own.yaml:2: rule "bad.one": "pattern": matches everything`},
		"matches any character":   {rule(contains, `pattern: '.'`, severity), `"pattern": matches everything`},
		"no pattern":              {rule(contains, severity), `"pattern": matches everything`},
		"unknown capture":         {rule(contains, `pattern: 'a(?P<colour>b)'`, severity), `"pattern": capture "colour" is not known`},
		"unknown detail capture":  {rule(contains, pattern, `details: ['a(?P<colour>b)']`, severity), `"details": capture "colour" is not known`},
		"more that is anything":   {rule(contains, pattern, `more: ['x*']`, severity), `"more": matches everything`},
		"end that is no regexp":   {rule(contains, pattern, `end: '['`, severity), `"end": error parsing regexp`},
		"unknown device":          {rule(contains, pattern, `device: [colour]`, severity), `"device": capture "colour" is not known`},
		"no contains":             {rule(pattern, severity), `"contains": must have texts of at least 3 characters`},
		"short contains":          {rule(`contains: ["ab"]`, pattern, severity), `"contains": must have texts of at least 3 characters`},
		"no severity":             {rule(contains, pattern), `"severity": must be one of info, warn, error, fatal, got ""`},
		"bad severity":            {rule(contains, pattern, `severity: awful`), `"severity": must be one of info, warn, error, fatal, got "awful"`},
		"bad severities":          {rule(contains, pattern, severity, `severities: [{when: 'xyz', severity: awful}]`), `"severities::severity": must be one of`},
		"severities for all":      {rule(contains, pattern, severity, `severities: [{severity: info}]`), `"severities::when": matches everything`},
		"unknown key":             {rule(contains, pattern, severity, `colour: red`), `"colour" is no key of a rule`},
		"wrong type":              {rule(`contains: {a: b}`, pattern, severity), `rule "bad.one": yaml: unmarshal errors`},
		"bad name":                {"rules:\n  - name: Bad Name\n    " + contains, `own.yaml:2: rule "Bad Name": "name": must be words`},
		"bad kind":                {rule(`kind: "x y"`, contains, pattern, severity), `"kind": must be words`},
		"unused device":           {rule(contains, pattern, severity, `device: [pci]`), `"device": neither "pattern" nor "details" captures "pci"`},
		"unknown same":            {rule(contains, pattern, severity, `more: ['^def']`, `same: [colour]`), `"same": capture "colour" is not known`},
		"unused same":             {rule(contains, pattern, severity, `more: ['^def']`, `same: [pci]`), `"same": neither "pattern" nor "details" captures "pci"`},
		"more for any words":      {rule(contains, pattern, severity, `more: ['^[A-Z]']`), `"more": "^[A-Z]" matches lines of other origin, such as "Linux version`},
		"end for any words":       {rule(contains, pattern, severity, `more: ['^def']`, `end: ': '`), `"end": ": " matches lines of other origin, such as "NET: `},
		"end without more":        {rule(contains, pattern, severity, `end: '^def'`), `"end": is of use only with "more"`},
		"same without more":       {rule(contains, `pattern: 'abc (?P<pci>.+)'`, severity, `same: [pci]`), `"same": is of use only with "more"`},
		"within without more":     {rule(contains, pattern, severity, `within: 5s`), `"within": is of use only with "more"`},
		"within is short":         {rule(contains, pattern, severity, `more: ['^def']`, `within: 5ns`), `"within": must be at least 100ms and at most 1m0s, got 5ns`},
		"within is long":          {rule(contains, pattern, severity, `more: ['^def']`, `within: 1h`), `"within": must be at least 100ms and at most 1m0s, got 1h0m0s`},
		"within is no time":       {rule(contains, pattern, severity, `more: ['^def']`, `within: soon`), `rule "bad.one": yaml: unmarshal errors`},
		"more of what is ignored": {rule(contains, pattern, `ignore: true`, `more: ['^def']`), `"more": is of no use with "ignore"`},
		"key of severities":       {rule(contains, pattern, severity, `severities: [{whenever: x, severity: info}]`), `rule "bad.one": "severities": "whenever" is no key of a severity`},
		"disabled is unknown":     {"rules:\n  - name: no.such\n    disabled: true\n", `own.yaml:2: rule "no.such": "disabled": no shipped rule has this name`},
		"empty":                   {"", `own.yaml: "rules": must be a list of rules, the file is empty`},
		"comments alone":          {"# nothing\n", `own.yaml: "rules": must be a list of rules, the file is empty`},
		"no rules":                {"rules:\n", `own.yaml: "rules": must be a list of rules, there is none`},
		"two documents":           {"rules: []\n---\n" + rule(contains, pattern, severity), `own.yaml: must be one YAML document`},
		"contains is impossible":  {rule(`contains: ["abcdef"]`, `pattern: '^abc [def]+$'`, severity), `"contains": no line that "pattern" matches can have "abcdef"`},
		"twice":                   {rule(contains, pattern, severity) + "  - name: bad.one\n    disabled: true\n", `own.yaml:6: rule "bad.one": there is another rule of this name`},
		"no list":                 {"rules: 1\n", "own.yaml: yaml: unmarshal errors"},
		"other keys":              {"rule: []\n", "own.yaml: yaml: unmarshal errors:\n  line 1: field rule not found"},
		"too many":                {"rules:\n" + many(256, "abc"), "own.yaml: there are"},
		"too long":                {"rules:\n" + many(150, strings.Repeat("x", 150)), `own.yaml: the texts of "contains" are too many or too long`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New("own.yaml", []byte(tt.yaml))
			require.ErrorContains(t, err, tt.want)
		})
	}
	_, err := New("own.yaml", []byte(rule(contains)+"  - name: other\n    "+contains+"\n"))
	require.ErrorContains(t, err, `"bad.one"`)
	require.ErrorContains(t, err, `"other"`, "all rules that are bad are named")
}

func many(n int, text string) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "  - {name: many.n%d, contains: [\"%d%s\"], pattern: '^y.*x$', severity: info}\n", i, i, text)
	}
	return all.String()
}

func TestFirstCaptureOfANameStays(t *testing.T) {
	set, err := New("own.yaml", []byte(`
rules:
  - name: site.alarm
    contains: ["ALARM"]
    pattern: '^ALARM(?: in (?P<disk>\w+))?'
    details: ['disk (?P<disk>\w+)', 'count (?P<count>\d+)', 'nothing (?P<state>\w+)']
    severity: error
    severities: [{when: 'harmless', severity: info}, {when: 'count 0', severity: warn}]
`))
	require.NoError(t, err)
	match := set.Match([]byte("ALARM in sda, disk sdb, count 0"))
	require.Equal(t, []Capture{{"disk", "sda"}, {"count", "0"}}, match.Captures)
	require.Equal(t, "sda", Find(match.Captures, "disk"))
	require.Empty(t, Find(match.Captures, "state"))
	require.Equal(t, "warn", match.Rule.SeverityOf([]string{"x", "count 0"}))
	require.Equal(t, "info", match.Rule.SeverityOf([]string{"x", "harmless, count 0"}))
	require.Equal(t, "error", match.Rule.SeverityOf([]string{"x"}))
}

// The automaton finds what strings.Contains finds.
func FuzzAutomaton(f *testing.F) {
	f.Add("abc", "bc", "c", "xabcabc")
	f.Add("aab", "ab", "aaab", "aaaab")
	f.Add("NVRM: Xid", "Xid", "NVRM", "x NVRM: NVRM: Xid")
	f.Fuzz(func(t *testing.T, a, b, c, line string) {
		texts := []string{a, b, c}
		automaton := newAutomaton()
		var want candidateSet
		for i, text := range texts {
			if text == "" {
				return
			}
			automaton.add(text, i*70)
			if strings.Contains(line, text) {
				want.add(i * 70)
			}
		}
		automaton.build()
		var got candidateSet
		require.Equal(t, want != candidateSet{}, automaton.scan([]byte(line), &got))
		require.Equal(t, want, got)
		require.True(t, slices.IsSorted(slices.Collect(got.all())))
	})
}

func BenchmarkMatch(b *testing.B) {
	set, err := Shipped()
	require.NoError(b, err)
	for _, bm := range []struct{ name, line string }{
		{"unmatched", "audit: type=1400 audit(1700000000.123:456): apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\""},
		{"unmatched, with a text of a rule", "nvme nvme0: 32/0/0 default/read/poll queues"},
		{"XID", "NVRM: Xid (PCI:0000:3b:00): 31, pid=4711, name=python3, Ch 00000012, intr 00000000. MMU Fault: ENGINE GRAPHICS"},
		{"link", "mlx5_core 0000:5e:00.0 ibs2f0: Link down"},
		{"AER", "pcieport 0000:3a:00.0: AER: Corrected error received: 0000:3b:00.0"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			line := []byte(bm.line)
			for b.Loop() {
				set.Match(line)
			}
		})
	}
}

func TestALineWithoutARuleCostsNoAllocation(t *testing.T) {
	set, err := Shipped()
	require.NoError(t, err)
	line := []byte("audit: type=1400 audit(1700000000.123:456): apparmor=\"STATUS\" operation=\"profile_load\"")
	require.Zero(t, testing.AllocsPerRun(100, func() { set.Match(line) }))
}

func TestSidesOfAnAlternationAreTheExpression(t *testing.T) {
	set, err := Shipped()
	require.NoError(t, err)
	corpus, err := os.ReadFile("../../testdata/corpus.tsv")
	require.NoError(t, err)
	lines := strings.Split(string(corpus), "\n")
	sides, matched := 0, 0
	for _, rule := range set.Rules() {
		for i := range rule.Severities {
			s := &rule.Severities[i]
			sides += len(s.sides)
			for _, line := range lines {
				want := regexp.MustCompile(s.When).MatchString(line)
				require.Equal(t, want, s.holds(line), "%s: %q", s.When, line)
				if want {
					matched++
				}
			}
		}
	}
	require.Greater(t, sides, 20)
	require.Greater(t, matched, 40)
	for text, want := range map[string]int{`ab|cd`: 2, `(?i)up|down`: 2, `(a|b)`: 1, `^a|b$|c`: 3, `abc`: 1, `abc|abd`: 1} {
		require.Len(t, alternatives(&expression{Regexp: regexp.MustCompile(text)}), want, text)
	}
}

func TestWhatLinesOfAnExpressionCanHave(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{`^xyz$`, "abc", false},
		{`^xyz$`, "xyz", true},
		{`^xyz$`, "yz", true},
		{`^xyz`, "abc", true},
		{`xyz$`, "abc", true},
		{`xyz`, "abc", true},
		{`^x.*z$`, "abc", true},
		{`^x.?z$`, "abc", false},
		{`^(?i:xyz)$`, "XYZ", true},
		{`^xyz$`, "XYZ", false},
		{`^(?:xyz|a[ab]b?c)$`, "abc", true},
		{`^aabaac$`, "abaac", true},
		{`^(?:aab)+c$`, "aabaabc", true},
		{`^\w+: \d{1,3}$`, ": 12", true},
		{`^\w+: \d{1,3}$`, ": 1234", false},
		{`^xyz$|abc`, "qqq", true},
		{`^\bxyz\b$`, "xyz", true},
		{`^xéz$`, "éz", true},
		{`^(?:[a-d]{1,60}y){1,16}$`, strings.Repeat("abcd", 32), true}, // too much to search
	} {
		require.Equal(t, tt.want, canHave(tt.pattern, tt.text), "%s %s", tt.pattern, tt.text)
	}
}
