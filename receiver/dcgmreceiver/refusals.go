// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/watching"
)

// refusalMessages are logged once for each field.
var refusalMessages = map[watching.Refusal]string{
	watching.UnknownField:     "host engine does not know some fields, other sources take their place where there are any",
	watching.RefusedProfiling: "profiling cannot be watched, its metrics are absent; it needs root or NVreg_RestrictProfilingToAdminUsers=0 at the host engine, and no other profiler on GPUs before Hopper",
	watching.RefusedField:     "host engine refuses to watch some fields, other sources take their place where there are any",
}

// noteRefused counts the fields that are not watched, and logs each once. All but unknown ones are asked for again.
// That the host engine has too few groups is reported of all together.
func (c *watcher) noteRefused(refused []dcgm.Refusal) {
	for kind, some := range watching.ByKind(refused) {
		switch kind {
		case watching.UnknownField:
			c.logRefused(zap.InfoLevel, kind, some)
		case watching.RefusedField, watching.RefusedProfiling:
			c.self.IncError(kindWatch)
			c.logRefused(zap.WarnLevel, kind, some)
		case watching.BeyondGroups:
		}
	}
}

func (c *watcher) logRefused(level zapcore.Level, kind watching.Refusal, refused []dcgm.Refusal) {
	var names []string
	for _, r := range refused {
		if !c.said[r.Field] {
			c.said[r.Field] = true
			names = append(names, watching.NameOf(r))
		}
	}
	if len(names) == 0 {
		return
	}
	fields := []zap.Field{zap.Strings("fields", names), zap.NamedError("reason", refused[0].Why)}
	if kind != watching.UnknownField {
		fields = append(fields, zap.Duration("retry", c.holder.Pause()))
	}
	c.logger.Log(level, refusalMessages[kind], fields...)
}

// countRefused counts the fields that the host engine knows and does not watch for the receiver.
func (c *watcher) countRefused() int64 {
	var n int64
	for _, kind := range c.refused {
		n += boolToInt(kind != watching.UnknownField)
	}
	return n
}

// identityFieldsToRead leaves out what is unknown, which fails the call.
func (c *watcher) identityFieldsToRead(kind dcgm.EntityKind) []dcgm.FieldID {
	return slices.DeleteFunc(slices.Clone(c.watches.Identity[kind]), func(f dcgm.FieldID) bool {
		kind, refused := c.refused[f]
		return refused && kind == watching.UnknownField
	})
}
