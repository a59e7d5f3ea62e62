// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	_ "embed" // for the list of contrib's components
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// contribTypes lists what otelcol-contrib 0.152.0 carries, a kind and a type per line, without
// underscores: upstream moves those between releases and keeps both names working. A third word
// says that the full distribution carries it, too.
//
//go:embed contrib-0.152.0.txt
var contribTypes string

const (
	fullDistribution = "otelcol-tracecore"
	carriedMark      = " carried"
	// compatibility is where the components of otelcol-contrib are listed.
	compatibility = "https://" + repository + "blob/main/docs/compatibility.md"
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

func adviceOn(kind, typ string, valid []string, binary string) string {
	if i := slices.IndexFunc(valid, func(v string) bool { return letters(v) == letters(typ) }); i >= 0 {
		return fmt.Sprintf("the %s is called %q", kind, valid[i])
	}
	if instead := removed[kind+" "+letters(typ)]; instead != "" {
		return fmt.Sprintf("upstream removed this %s: %s", kind, instead)
	}
	if known, carried := inContrib(kind, typ); known {
		elsewhere := ""
		if carried && binary != fullDistribution {
			elsewhere = ", but " + fullDistribution + " does"
		}
		return fmt.Sprintf(`%q is %s %s of otelcol-contrib 0.152.0 that this build does not carry%s: see %s`, typ, article[kind], kind, elsewhere, compatibility)
	}
	meant := ""
	if near := nearest(typ, valid); near != "" {
		meant = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Sprintf(`no %s of this name is known%s (%q lists what there is)`, kind, meant, binary+" components")
}

// inContrib says whether otelcol-contrib carries a component, and whether the full distribution
// does.
func inContrib(kind, typ string) (known, carried bool) {
	component := kind + " " + letters(typ)
	for line := range strings.Lines(contribTypes) {
		name, isCarried := strings.CutSuffix(strings.TrimSuffix(line, "\n"), carriedMark)
		if name == component {
			return true, isCarried
		}
	}
	return false, false
}

// letters are what is left of a name where it does not matter how its words are joined.
func letters(name string) string { return strings.ReplaceAll(name, "_", "") }

// typos is how many edits a mistyped name is away from what was meant, at most. Names that differ
// in more, such as logstransform and transform, mean different things.
const typos = 2

// nearest returns the candidate that takes the fewest edits, if those leave most of it alone.
func nearest(name string, candidates []string) string {
	best, fewest := "", min(typos, len(name)/3)+1
	for _, candidate := range candidates {
		if d := distance(letters(name), letters(candidate)); d < fewest || d == fewest && best != "" && candidate < best {
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
