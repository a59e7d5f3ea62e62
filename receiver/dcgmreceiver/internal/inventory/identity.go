// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Identity is what every data point of an entity carries.
type Identity struct {
	ID     string // hw.id: the UUID
	Name   string // hw.name: the device file, such as nvidia0
	Model  string // hw.model
	Vendor string // hw.vendor
}

// Vendor is hw.vendor of whatever DCGM knows.
const Vendor = "nvidia"

// or returns what is known, and of what is not, what was known before.
func (i Identity) or(before Identity) Identity {
	return Identity{cmp.Or(i.ID, before.ID), cmp.Or(i.Name, before.Name), cmp.Or(i.Model, before.Model), cmp.Or(i.Vendor, before.Vendor)}
}

// renaming is another device file that an entity may have, and the timestamp of the sample that told it first.
type renaming struct {
	name string
	at   int64
}

// settle returns what an entity goes by after a sample of its device file at a timestamp. A UUID keeps its model, and
// keeps its device file until two samples in a row tell the same other one: all its series hang on them.
func (k *Known) settle(id Identity, entity dcgm.Entity, at int64) Identity {
	before := k.Identity
	id = id.or(before)
	if id.ID == ByNumber(entity) {
		return id
	}
	id.Model = cmp.Or(before.Model, id.Model)
	switch told := id.Name; {
	case !strings.HasPrefix(before.Name, Vendor) || told == before.Name:
		k.renamed = renaming{}
	case k.renamed.name != told:
		k.renamed = renaming{name: told, at: at}
		id.Name = before.Name
	case at <= k.renamed.at:
		id.Name = before.Name // That is the same sample once more.
	}
	return id
}

// placeholders are texts that drivers and tools give for what they do not know.
var placeholders = []string{"", "n/a", "none", "unknown", "unknown error", "not supported", "not available", "err!", "gpu is lost", "gpu requires reset"}

func isPlaceholder(text string) bool {
	return slices.Contains(placeholders, strings.ToLower(strings.Trim(text, " []<>")))
}
