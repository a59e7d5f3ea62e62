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
	Name   string // hw.name: the device file, such as nvidia0; of an NVSwitch DCGM's number, such as nvswitch0
	Model  string // hw.model
	Vendor string // hw.vendor
	Parent string // hw.parent: the UUID of the GPU that a MIG instance is in; "" for a GPU
	MIG    MIG
}

// MIG is what a MIG instance is, "" of a GPU. A GPU instance and its first compute instance have the same UUID.
type MIG struct {
	Profile string // gpu.mig.profile, as the engine names it, such as 1g.10gb
	GI      string // gpu.mig.gi: NVML's number of the GPU instance
	CI      string // gpu.mig.ci: NVML's number of the compute instance; "" of a GPU instance
}

// Vendor is hw.vendor of whatever DCGM knows.
const Vendor = "nvidia"

// or returns what is known, and of what is not, what was known before.
func (i Identity) or(before Identity) Identity {
	return Identity{
		ID:     cmp.Or(i.ID, before.ID),
		Name:   cmp.Or(i.Name, before.Name),
		Model:  cmp.Or(i.Model, before.Model),
		Vendor: cmp.Or(i.Vendor, before.Vendor),
		Parent: cmp.Or(i.Parent, before.Parent),
		MIG:    MIG{cmp.Or(i.MIG.Profile, before.MIG.Profile), cmp.Or(i.MIG.GI, before.MIG.GI), cmp.Or(i.MIG.CI, before.MIG.CI)},
	}
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
