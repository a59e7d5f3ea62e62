// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"context"

	"go.opentelemetry.io/collector/confmap"
)

// memory makes every source answer once, so that what is explained is what was validated,
// even if it is a pipe or has changed in between. It is off until it is started: a Collector
// that runs has to read its configuration anew.
type memory struct {
	answers map[string]answer // nil while it is off
}

type answer struct {
	retrieved *confmap.Retrieved
	err       error
}

func (m *memory) start() {
	if m.answers == nil {
		m.answers = map[string]answer{}
	}
}

// wrap returns factories of the same providers with a memory.
func (m *memory) wrap(factories []confmap.ProviderFactory) []confmap.ProviderFactory {
	var wrapped []confmap.ProviderFactory
	for _, factory := range factories {
		wrapped = append(wrapped, confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
			return rememberingProvider{Provider: factory.Create(set), memory: m}
		}))
	}
	return wrapped
}

type rememberingProvider struct {
	confmap.Provider

	memory *memory
}

// Retrieve implements [confmap.Provider].
func (p rememberingProvider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	if p.memory.answers == nil {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	known, ok := p.memory.answers[uri]
	if !ok {
		known.retrieved, known.err = p.Provider.Retrieve(ctx, uri, nil)
		p.memory.answers[uri] = known
	}
	return known.retrieved, known.err
}
