// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/service"
)

// decoder decodes a configuration component by component, so that a mistake in one leaves the
// others explained. faults holds what is wrong, by key.
type decoder struct {
	conf   *confmap.Conf
	faults map[string]error
}

// decode returns what the service would be started with, as far as it can be decoded.
func decode(conf *confmap.Conf, factories otelcol.Factories) (*otelcol.Config, map[string]error) {
	d := decoder{conf: conf, faults: map[string]error{}}
	cfg := &otelcol.Config{
		Receivers:  decodeSection(d, "receivers", factories.Receivers),
		Processors: decodeSection(d, "processors", factories.Processors),
		Exporters:  decodeSection(d, "exporters", factories.Exporters),
		Connectors: decodeSection(d, "connectors", factories.Connectors),
		Extensions: decodeSection(d, "extensions", factories.Extensions),
	}
	cfg.Service = d.service(factories)
	for key := range conf.ToStringMap() {
		if !slices.Contains(sections, key) {
			d.faults[key] = fmt.Errorf("unknown section, must be one of %s", strings.Join(sections, ", "))
		}
	}
	return cfg, d.faults
}

func (d decoder) service(factories otelcol.Factories) service.Config {
	fresh := func() any {
		cfg := &service.Config{}
		if factories.Telemetry != nil {
			cfg.Telemetry = factories.Telemetry.CreateDefaultConfig()
		}
		return cfg
	}
	cfg, ok := d.decode("service", fresh).(*service.Config)
	if !ok {
		return service.Config{}
	}
	return *cfg
}

func decodeSection[F component.Factory](d decoder, section string, factories map[component.Type]F) map[component.ID]component.Config {
	configs := map[component.ID]component.Config{}
	sub, err := d.conf.Sub(section)
	if err != nil {
		d.faults[section] = errors.New("must be a mapping of components")
		return configs
	}
	for name := range sub.ToStringMap() {
		key := section + confmap.KeyDelimiter + name
		var id component.ID
		if err := id.UnmarshalText([]byte(name)); err != nil {
			d.faults[key] = err
			continue
		}
		factory, ok := factories[id.Type()]
		if !ok {
			d.faults[key] = fmt.Errorf("unknown type: %q", id.Type())
			continue
		}
		cfg := d.decode(key, func() any { return factory.CreateDefaultConfig() })
		if cfg == nil {
			continue
		}
		// One that can't be encoded would keep all others from being shown.
		if err := confmap.New().Marshal(cfg); err != nil {
			d.faults[key] = fmt.Errorf("can't be shown: %w", err)
			continue
		}
		configs[id] = cfg
	}
	return configs
}

// decode decodes what is at key into what fresh returns. If that fails, keys that fail alone
// are left out; if it fails even then, there is no configuration.
func (d decoder) decode(key string, fresh func() any) any {
	sub, err := d.conf.Sub(key)
	if err != nil {
		d.faults[key] = errors.New("must be a mapping")
		return nil
	}
	cfg := fresh()
	if sub.Unmarshal(&cfg) == nil {
		return cfg
	}
	d.blame(key, sub, fresh)
	for _, leaf := range sub.AllKeys() {
		if d.faults[key+confmap.KeyDelimiter+leaf] != nil {
			sub.Delete(leaf)
		}
	}
	cfg = fresh()
	if err := sub.Unmarshal(&cfg); err != nil {
		d.faults[key] = err
		return nil
	}
	return cfg
}

// blame finds the leaves of conf that fail alone. It halves what fails, so that it decodes
// little more often than there are mistakes.
func (d decoder) blame(key string, conf *confmap.Conf, fresh func() any) {
	cfg := fresh()
	err := conf.Unmarshal(&cfg)
	if err == nil {
		return
	}
	leaves := conf.AllKeys()
	if len(leaves) < 2 {
		for _, leaf := range leaves {
			d.faults[key+confmap.KeyDelimiter+leaf] = err
		}
		return
	}
	half := len(leaves) / 2
	d.blame(key, without(conf, leaves[half:]), fresh)
	d.blame(key, without(conf, leaves[:half]), fresh)
}

// without returns a copy. It is made by deletion, as only so values keep the text that they
// were expanded from.
func without(conf *confmap.Conf, leaves []string) *confmap.Conf {
	rest, err := conf.Sub("")
	if err != nil {
		return confmap.New() // Never: the whole is a map.
	}
	for _, leaf := range leaves {
		rest.Delete(leaf)
	}
	return rest
}
