// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"cmp"
	"context"
	"os"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/otel/sdk/resource"
)

// hostVariables say which host this is, so that a configuration can put that on resources.
var hostVariables = map[string]func(map[string]string) string{
	"HOST_NAME": func(known map[string]string) string { return known["host.name"] },
	// A host without a machine id, as most containers are, has its name for an id.
	"HOST_ID": func(known map[string]string) string { return cmp.Or(known["host.id"], known["host.name"]) },
}

// nameHost returns factories of the same providers, where ${env:HOST_NAME} and ${env:HOST_ID}
// have a value if nobody set them. They are always text: YAML reads the name 1201 as a number.
func nameHost(factories []confmap.ProviderFactory) []confmap.ProviderFactory {
	var wrapped []confmap.ProviderFactory
	for _, factory := range factories {
		wrapped = append(wrapped, confmap.NewProviderFactory(func(set confmap.ProviderSettings) confmap.Provider {
			provider := factory.Create(set)
			if provider.Scheme() != "env" {
				return provider
			}
			return hostProvider{provider}
		}))
	}
	return wrapped
}

type hostProvider struct{ confmap.Provider }

// Retrieve implements [confmap.Provider].
func (p hostProvider) Retrieve(ctx context.Context, uri string, watcher confmap.WatcherFunc) (*confmap.Retrieved, error) {
	variable, _, _ := strings.Cut(strings.TrimPrefix(uri, "env:"), ":-")
	fallback, ours := hostVariables[variable]
	if !ours {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	value := cmp.Or(os.Getenv(variable), fallback(detectHost(ctx)))
	if value == "" {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	return confmap.NewRetrieved(value)
}

// detectHost takes what OTEL_RESOURCE_ATTRIBUTES names, else what the operating system knows.
func detectHost(ctx context.Context) map[string]string {
	host, _ := resource.New(ctx, resource.WithHost(), resource.WithHostID(), resource.WithFromEnv()) // It returns what it knows.
	known := map[string]string{}
	for _, kv := range host.Attributes() {
		known[string(kv.Key)] = kv.Value.AsString()
	}
	return known
}
