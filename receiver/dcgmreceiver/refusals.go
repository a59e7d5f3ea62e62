// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// refusalKind is a kind of reason for which a field is not watched.
type refusalKind uint8

const (
	unknownField     refusalKind = iota // by this library or host engine; nothing but another one changes that
	refusedProfiling                    // the next plan may have it
	refusedField
	beyondGroups // the host engine has too few groups of fields
)

func kindOfRefusal(r dcgm.Refusal) refusalKind {
	switch {
	case errors.Is(r.Why, dcgm.ErrUnknownField):
		return unknownField
	case errors.Is(r.Why, dcgm.ErrNoGroup):
		return beyondGroups
	case dcgm.IsProfiling(r.Field):
		return refusedProfiling
	default:
		return refusedField
	}
}

// refusalMessages are logged once for each field.
var refusalMessages = map[refusalKind]string{
	unknownField:     "host engine does not know some fields, other sources take their place where there are any",
	refusedProfiling: "profiling cannot be watched, its metrics are absent; it needs root or NVreg_RestrictProfilingToAdminUsers=0 at the host engine, and no other profiler on GPUs before Hopper",
	refusedField:     "host engine refuses to watch some fields, other sources take their place where there are any",
}

// fieldsByKind sorts refused fields by the kind of their reason.
func fieldsByKind(refused []dcgm.Refusal) map[refusalKind][]dcgm.Refusal {
	byKind := map[refusalKind][]dcgm.Refusal{}
	for _, r := range refused {
		kind := kindOfRefusal(r)
		byKind[kind] = append(byKind[kind], r)
	}
	return byKind
}

func idsOf(refused []dcgm.Refusal) []dcgm.FieldID {
	var ids []dcgm.FieldID
	for _, r := range refused {
		ids = append(ids, r.Field)
	}
	return ids
}

// namesOf returns DCGM's names and numbers, as in gpu_temp (150).
func namesOf(refused []dcgm.Refusal) []string {
	var names []string
	for _, r := range refused {
		if r.Name == "" {
			names = append(names, fmt.Sprint(r.Field))
			continue
		}
		names = append(names, fmt.Sprintf("%s (%d)", r.Name, r.Field))
	}
	return names
}

// noteRefused counts the fields that are not watched, and logs each once. All but unknown ones are asked for again at
// the next plan.
func (c *collector) noteRefused(refused []dcgm.Refusal) {
	for kind, some := range fieldsByKind(refused) {
		for _, r := range some {
			c.refused[r.Field] = kind
		}
		switch kind {
		case unknownField:
			c.logRefused(zap.InfoLevel, kind, some)
		case beyondGroups:
			c.noteNoGroup(fmt.Errorf("%w of fields, see dcgmi fieldgroup --list: %d fields are not watched: %w", dcgm.ErrNoGroup, len(some), some[0].Why))
		default:
			c.incomplete = true
			c.self.IncError(kindWatch)
			c.logRefused(zap.WarnLevel, kind, some)
		}
	}
}

func (c *collector) logRefused(level zapcore.Level, kind refusalKind, refused []dcgm.Refusal) {
	refused = slices.DeleteFunc(slices.Clone(refused), func(r dcgm.Refusal) bool { return c.said[r.Field] })
	if len(refused) == 0 {
		return
	}
	for _, r := range refused {
		c.said[r.Field] = true
	}
	fields := []zap.Field{zap.Strings("fields", namesOf(refused)), zap.NamedError("reason", refused[0].Why)}
	if kind != unknownField {
		fields = append(fields, zap.Duration("retry", c.replanPause))
	}
	c.logger.Log(level, refusalMessages[kind], fields...)
}

// countRefused counts the fields that the host engine knows and does not watch for the receiver.
func (c *collector) countRefused() int64 {
	var n int64
	for _, kind := range c.refused {
		n += boolToInt(kind != unknownField)
	}
	return n
}

// identityFieldsToRead leaves out what is unknown, which fails the call.
func (c *collector) identityFieldsToRead() []dcgm.FieldID {
	return slices.DeleteFunc(slices.Clone(inventory.Fields), func(f dcgm.FieldID) bool {
		kind, refused := c.refused[f]
		return refused && kind == unknownField
	})
}
