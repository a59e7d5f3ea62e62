// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// resolve returns the configuration with every reference in it expanded. Where that fails,
// it returns what can be expanded, and what is wrong with the rest by its key.
func resolve(ctx context.Context, set confmap.ResolverSettings, sources []source, converters converters) (*confmap.Conf, map[string]error) {
	conf, err := resolveAll(ctx, set)
	if err == nil {
		return conf, nil
	}
	merged, conf := confmap.New(), confmap.New()
	faults := map[string]error{}
	for _, s := range sources {
		if s.conf != nil {
			faults[s.Label] = merged.Merge(s.conf)
		}
	}
	for _, key := range merged.AllKeys() {
		one, err := resolveAll(ctx, withOnly(set, key, merged.Get(key)))
		if err == nil {
			err = conf.Merge(one)
		}
		faults[converters.follow(ctx, strings.Split(key, confmap.KeyDelimiter)).String()] = err
	}
	if err := converters.convert(ctx, conf); err != nil {
		faults[""] = err
	}
	return conf, faults
}

func resolveAll(ctx context.Context, set confmap.ResolverSettings) (conf *confmap.Conf, err error) {
	resolver, err := confmap.NewResolver(set)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resolver.Shutdown(ctx)) }()
	return resolver.Resolve(ctx)
}

// onlyScheme is the scheme of a source of a single key.
const onlyScheme = "tracecore-only"

// withOnly returns settings that resolve nothing but value, at key.
func withOnly(set confmap.ResolverSettings, key string, value any) confmap.ResolverSettings {
	only := only{key: value}
	set.URIs = []string{onlyScheme + ":"}
	set.ConverterFactories = nil
	set.ProviderFactories = append(slices.Clip(set.ProviderFactories),
		confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return only }))
	return set
}

// only is a provider of itself.
type only map[string]any

// Scheme implements [confmap.Provider].
func (o only) Scheme() string { return onlyScheme }

// Retrieve implements [confmap.Provider].
func (o only) Retrieve(_ context.Context, uri string, _ confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if uri != onlyScheme+":" {
		return nil, fmt.Errorf("scheme %q is not supported", onlyScheme)
	}
	return confmap.NewRetrieved(map[string]any(o))
}

// Shutdown implements [confmap.Provider].
func (o only) Shutdown(context.Context) error { return nil }
