// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/tracecoreai/tracecore/internal/hostidentity"
)

// hostVariables say which host this is, so that a configuration can put that on resources.
var hostVariables = []string{hostidentity.NameVariable, hostidentity.IDVariable}

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
	if !slices.Contains(hostVariables, variable) {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	host, _ := hostidentity.Detect(ctx) // It returns what is known.
	value := variablesOf(host)[variable]
	if value == "" {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	return confmap.NewRetrieved(value)
}

// variablesOf gives a host without a machine id, as most containers are, its name for an id.
func variablesOf(host hostidentity.Host) map[string]string {
	return map[string]string{hostidentity.NameVariable: host.Name, hostidentity.IDVariable: cmp.Or(host.ID, host.Name)}
}
