// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"errors"
	"fmt"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Refusal is a kind of reason for which a field is not watched.
type Refusal uint8

// Kinds of refusals. Those after the first may end.
const (
	UnknownField     Refusal = iota // by this library or host engine; nothing but another one changes that
	RefusedProfiling                // of GPUs, as where another client holds it
	RefusedField
	BeyondGroups // the host engine has too few groups of fields
)

// KindOf returns the kind of a refusal.
func KindOf(r dcgm.Refusal) Refusal {
	switch {
	case errors.Is(r.Why, dcgm.ErrUnknownField):
		return UnknownField
	case errors.Is(r.Why, dcgm.ErrNoGroup):
		return BeyondGroups
	case dcgm.IsProfiling(r.Field) && !catalog.LevelOf(r.Field).Has(dcgm.Link):
		return RefusedProfiling
	default:
		return RefusedField
	}
}

// ByKind sorts refused fields by the kind of their reason.
func ByKind(refused []dcgm.Refusal) map[Refusal][]dcgm.Refusal {
	kinds := map[Refusal][]dcgm.Refusal{}
	for _, r := range refused {
		kinds[KindOf(r)] = append(kinds[KindOf(r)], r)
	}
	return kinds
}

// NameOf returns DCGM's name and number of a field, as in gpu_temp (150).
func NameOf(r dcgm.Refusal) string {
	if r.Name == "" {
		return fmt.Sprint(r.Field)
	}
	return fmt.Sprintf("%s (%d)", r.Name, r.Field)
}
