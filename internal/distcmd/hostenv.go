// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"cmp"
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/otel/sdk/resource"
)

// hostVariables say which host this is, so that a configuration can put that on resources.
var hostVariables = []string{"HOST_NAME", "HOST_ID"}

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
	value := detectHost(ctx)[variable]
	if value == "" {
		return p.Provider.Retrieve(ctx, uri, watcher)
	}
	return confmap.NewRetrieved(value)
}

// machineID is what the operating system gives a host, with or without hyphens. A machine that has not come up yet
// may have another text in its place, such as "uninitialized".
var machineID = regexp.MustCompile(`^(?i:[0-9a-f]-?){32}$`)

// detectHost returns the variables: what they say, else what OTEL_RESOURCE_ATTRIBUTES names, else what the
// operating system knows. The clock and DCGM receivers do the same.
func detectHost(ctx context.Context) map[string]string {
	system, _ := resource.New(ctx, resource.WithHost(), resource.WithHostID()) // Both return what they know.
	named, _ := resource.New(ctx, resource.WithFromEnv())
	return chooseHost(attributesOf(system), attributesOf(named), os.Getenv)
}

func chooseHost(system, named map[string]string, getenv func(string) string) map[string]string {
	if !machineID.MatchString(system["host.id"]) {
		delete(system, "host.id")
	}
	maps.Copy(system, named)
	name := cmp.Or(getenv("HOST_NAME"), system["host.name"])
	// A host without a machine id, as most containers are, has its name for an id.
	return map[string]string{"HOST_NAME": name, "HOST_ID": cmp.Or(getenv("HOST_ID"), system["host.id"], name)}
}

func attributesOf(r *resource.Resource) map[string]string {
	attributes := map[string]string{}
	for _, kv := range r.Attributes() {
		attributes[string(kv.Key)] = kv.Value.AsString()
	}
	return attributes
}
