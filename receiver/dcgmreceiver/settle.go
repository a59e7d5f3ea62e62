// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// renaming is another device file that a GPU may have, and the timestamp of the sample that told it first.
type renaming struct {
	name string
	at   int64
}

// settle returns what a GPU goes by after a sample of its device file at a timestamp. A UUID keeps its model, and
// keeps its device file until two samples in a row tell the same other one: all its series hang on them.
func (g *gpu) settle(id identity, entity dcgm.Entity, at int64) identity {
	known := g.identity
	id = id.or(known)
	if id.id == unidentified(entity) {
		return id
	}
	id.model = cmp.Or(known.model, id.model)
	switch told := id.name; {
	case !strings.HasPrefix(known.name, vendor) || told == known.name:
		g.renamed = renaming{}
	case g.renamed.name != told:
		g.renamed = renaming{name: told, at: at}
		id.name = known.name
	case at <= g.renamed.at:
		id.name = known.name // That is the same sample once more.
	}
	return id
}

// placeholders are texts that drivers and tools give for what they do not know.
var placeholders = []string{"", "n/a", "none", "unknown", "unknown error", "not supported", "not available", "err!", "gpu is lost", "gpu requires reset"}

func isPlaceholder(text string) bool {
	return slices.Contains(placeholders, strings.ToLower(strings.Trim(text, " []<>")))
}
