// SPDX-License-Identifier: Apache-2.0

// Package explain says of every setting of a Collector what its value is and where it comes
// from, without giving away secrets.
package explain

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/redact"
)

// Origins of a value.
const (
	// Default is a value nobody set.
	Default = "default"
	// Explicit is a value that a source sets.
	Explicit = "explicit"
	// Derived is a value of an element of a list that has another shape than its settings: the
	// component made it of those, or it is a default.
	Derived = "derived"
	// Note is no value: it is about a key of a source that the effective configuration lacks,
	// or about a source.
	Note = "note"
)

// Leaf is a setting of the effective configuration, or a note.
type Leaf struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
	// Source, Line and Text are where an explicit value is written, and how, before references
	// in it were expanded; of a derived value, where its element is. Line is 0 where the source
	// has none.
	Source string `json:"source"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
	// Note is the text of a note.
	Note string `json:"note,omitempty"`
}

// Explanation explains a configuration.
type Explanation struct {
	Leaves []Leaf
	Notes  []Leaf
	// Effective is the configuration with its defaults, and with secrets: it is not to be shown.
	Effective map[string]any

	hide *hider
}

// Hide returns text without the secrets of the configuration, and without others that announce
// themselves.
func (e *Explanation) Hide(text string) string { return redact.Text(e.hide.known(text)) }

// HideError returns err with a text without the secrets of the configuration.
func (e *Explanation) HideError(err error) error {
	if err == nil || e.Hide(err.Error()) == err.Error() {
		return err
	}
	return errors.New(e.Hide(err.Error()))
}

// Explain explains the configuration that uris make. It explains what it can: what can't be
// retrieved, resolved or decoded is noted.
func Explain(ctx context.Context, set otelcol.CollectorSettings, uris []URI) *Explanation {
	j := join{faults: map[string]error{}, used: map[string]bool{}, secrets: secrets{}}
	resolver := resolverSettings(set, uris)
	sources, err := retrieve(ctx, resolver, uris)
	j.sources = sources
	j.fault("", err)
	for _, uri := range uris {
		j.secrets.addFound(uri.URI)
	}

	converters := newConverters(resolver)
	conf, faults := resolve(ctx, resolver, j.sources, converters)
	for i := range j.sources {
		j.sources[i].convert(ctx, converters)
	}
	j.resolved = conf.ToStringMap()
	j.addFaults(faults)
	factories, err := set.Factories()
	j.fault("", err)
	cfg, faults := decode(conf, factories)
	j.addFaults(faults)
	effective := confmap.New()
	j.fault("", effective.Marshal(cfg))
	j.effective = effective.ToStringMap()
	j.defaults = defaults(conf, factories)
	return j.explanation()
}

// defaults returns what the components of a configuration are when nothing is set.
func defaults(conf *confmap.Conf, factories otelcol.Factories) map[string]any {
	bare := map[string]any{}
	for section, components := range conf.ToStringMap() {
		named, _ := components.(map[string]any)
		names := map[string]any{}
		for name := range named {
			names[name] = nil
		}
		if section != "service" {
			bare[section] = names
		}
	}
	cfg, _ := decode(confmap.NewFromStringMap(bare), factories)
	encoded := confmap.New()
	if encoded.Marshal(cfg) != nil {
		return nil
	}
	return encoded.ToStringMap()
}

// resolverSettings completes the settings as upstream's commands do.
func resolverSettings(set otelcol.CollectorSettings, uris []URI) confmap.ResolverSettings {
	resolver := set.ConfigProviderSettings.ResolverSettings
	resolver.URIs = nil
	for _, uri := range uris {
		resolver.URIs = append(resolver.URIs, uri.URI)
	}
	if resolver.DefaultScheme == "" {
		resolver.DefaultScheme = "env"
	}
	// What the providers have to say is logged when the configuration is validated.
	resolver.ProviderSettings.Logger = zap.NewNop()
	return resolver
}

// appends says whether lists of several sources are appended to each other, which makes it
// unknown where an element comes from.
func appends() (on bool) {
	featuregate.GlobalRegistry().VisitAll(func(g *featuregate.Gate) {
		on = on || g.ID() == "confmap.enableMergeAppendOption" && g.IsEnabled()
	})
	return on
}
