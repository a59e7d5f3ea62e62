// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"context"

	"go.opentelemetry.io/collector/confmap"
)

// memory keeps what every source answered. Once it is started, every source answers as before, so
// that what is explained is what was validated, even if it is a pipe or has changed in between.
// A Collector that runs has to read its configuration again.
type memory struct {
	answers map[string]answer
	started bool
}

type answer struct {
	retrieved *confmap.Retrieved
	err       error
}

func (m *memory) start() { m.started = true }

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
	if known, ok := p.memory.answers[uri]; ok && p.memory.started {
		return known.retrieved, known.err
	}
	if p.memory.started {
		watcher = nil
	}
	retrieved, err := p.Provider.Retrieve(ctx, uri, watcher)
	p.memory.answers[uri] = answer{retrieved, err}
	return retrieved, err
}
