// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const (
	fullDistribution = "otelcol-tracecore"
	// compatibility is where the components of otelcol-contrib are listed.
	compatibility = "https://" + repository + "blob/main/docs/compatibility.md"
	// line is the release of otelcol-contrib that the full distribution takes the place of.
	line = "0.152.0"
)

// unknownType is upstream's error for a component that a build lacks. Its list of all valid
// types has no order and holds a hundred names in the full distribution.
var unknownType = regexp.MustCompile(`(?:'(\w+)s' )?unknown type: "([^"]*)" for id: ("[^"]*") \(valid values: \[([^\]]*)\]\)`)

// nameMissingTypes makes cmd say of an unknown type whether otelcol-contrib has it, and if
// not, which one may have been meant.
func nameMissingTypes(cmd *cobra.Command, binary string) {
	if cmd.RunE == nil {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err == nil || !unknownType.MatchString(err.Error()) {
			return err
		}
		return rewritten{error: err, text: rewriteUnknownTypes(err.Error(), binary)}
	}
}

// rewritten is an error with a better text.
type rewritten struct {
	error

	text string
}

// Error implements error.
func (r rewritten) Error() string { return r.text }

// Unwrap gives back the error as it was.
func (r rewritten) Unwrap() error { return r.error }

func rewriteUnknownTypes(text, binary string) string {
	return unknownType.ReplaceAllStringFunc(text, func(match string) string {
		groups := unknownType.FindStringSubmatch(match)
		kind, typ, id, valid := groups[1], groups[2], groups[3], strings.Fields(groups[4])
		head, _, _ := strings.Cut(match, "unknown type")
		return fmt.Sprintf(`%sunknown type: %q for id: %s: %s`, head, typ, id, adviceOn(kind, typ, valid, binary))
	})
}

// article goes before the kinds of components.
var article = map[string]string{"receiver": "a", "processor": "a", "exporter": "an", "connector": "a", "extension": "an"}

// adviceOn says what is known of a type that the build does not have: first whether it has the
// component by another spelling, then what contrib has or had by this name, and only of a name that
// nobody knows which one may be misspelled.
func adviceOn(kind, typ string, valid []string, binary string) string {
	if name := cmp.Or(calledHere(kind, typ, valid), respelled(kind, typ, valid)); name != "" {
		return fmt.Sprintf("the %s is called %q", kind, name)
	}
	for _, advice := range []func(kind, typ, binary string) string{adviceOnContrib, adviceOnRemoved, adviceOnLater} {
		if text := advice(kind, typ, binary); text != "" {
			return text
		}
	}
	meant := ""
	if near := nearest(typ, valid); near != "" {
		meant = fmt.Sprintf("; did you mean %q?", cmp.Or(calledHere(kind, near, valid), near))
	}
	return fmt.Sprintf(`no %s of this name is known%s (%q lists what there is)`, kind, meant, binary+" components")
}

// calledHere returns the valid name of contrib's component that a name means. A module may be named
// otherwise than its component, and its name may be a deprecated alias of another one.
func calledHere(kind, name string, valid []string) string {
	component, known := inContrib(kind, name)
	if !known || !slices.Contains(valid, component.here) {
		return ""
	}
	return component.here
}

// respelled returns the valid name that differs in spelling alone. Of a name and its deprecated
// alias it is the one with more words.
func respelled(kind, typ string, valid []string) (name string) {
	for _, candidate := range valid {
		if isSame(kind, typ, candidate) && (name == "" || strings.Count(candidate, "_") > strings.Count(name, "_")) {
			name = candidate
		}
	}
	return name
}

func adviceOnContrib(kind, typ, binary string) string {
	component, known := inContrib(kind, typ)
	if !known || component.since != line {
		return ""
	}
	elsewhere := ""
	if component.here != "" && binary != fullDistribution {
		elsewhere = ", but " + fullDistribution + " does"
	}
	return fmt.Sprintf("%q is %s %s of otelcol-contrib %s that this build does not carry%s: see %s", component.name, article[kind], kind, line, elsewhere, compatibility)
}

func adviceOnRemoved(kind, typ, _ string) string {
	component, known := removed(kind, typ)
	switch {
	case !known:
		return ""
	case component.instead == "":
		return fmt.Sprintf("upstream removed this %s in %s, and nothing replaces it", kind, component.release)
	default:
		return fmt.Sprintf("upstream removed this %s in %s; use the %s", kind, component.release, component.instead)
	}
}

func adviceOnLater(kind, typ, _ string) string {
	component, known := inContrib(kind, typ)
	switch {
	case !known:
		return ""
	case component.since == "never":
		return fmt.Sprintf("%q is %s %s of contrib's repository that otelcol-contrib does not carry", component.name, article[kind], kind)
	default:
		return fmt.Sprintf("%q is %s %s of otelcol-contrib %s that %s did not have", component.name, article[kind], kind, component.since, line)
	}
}

// nearest returns the candidate that a misspelling most likely means: at most two letters differ,
// and of a short name one. Names that differ by more are those of other components.
func nearest(name string, candidates []string) string {
	best, fewest := "", min(len(name)/3, 2)+1
	for _, candidate := range candidates {
		d := distance(compact(name), compact(candidate))
		if d < fewest || d == fewest && best != "" && candidate < best {
			best, fewest = candidate, d
		}
	}
	return best
}

// distance returns how many bytes have to be inserted, deleted or replaced to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
