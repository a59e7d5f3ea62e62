// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"

	"github.com/tracecoreai/tracecore/internal/hostidentity"
)

func TestConfigurationsCanNameTheHost(t *testing.T) {
	name, err := os.Hostname()
	require.NoError(t, err)
	for resource, want := range map[string][2]string{
		"host.name=gpu-7,host.id=i-0123":   {"gpu-7", "i-0123"},
		"host.name=1201,host.id=123e45":    {"1201", "123e45"},
		"host.name=true,host.id=00000001":  {"true", "00000001"},
		"host.id=i-0123":                   {name, "i-0123"},
		"host.name=gpu-7,host.id=":         {"gpu-7", "gpu-7"},
		"service.name=demo,host.id=i-0123": {name, "i-0123"},
	} {
		t.Run(resource, func(t *testing.T) {
			t.Setenv("HOST_NAME", "")
			t.Setenv("HOST_ID", "")
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", resource)
			require.Equal(t, map[string]any{"name": want[0], "id": want[1], "both": want[0] + "/" + want[1]}, resolve(t))
		})
	}
	t.Setenv("HOST_NAME", "0017")
	t.Setenv("HOST_ID", "mine")
	require.Equal(t, map[string]any{"name": "0017", "id": "mine", "both": "0017/mine"}, resolve(t), "what is set stays, as text")
}

func TestHostWithoutMachineIDHasItsNameForOne(t *testing.T) {
	for host, want := range map[hostidentity.Host][2]string{
		{Name: "vm", ID: "i-1"}: {"vm", "i-1"},
		{Name: "vm"}:            {"vm", "vm"},
		{}:                      {"", ""},
	} {
		require.Equal(t, map[string]string{"HOST_NAME": want[0], "HOST_ID": want[1]}, variablesOf(host))
	}
}

func resolve(t *testing.T) map[string]any {
	t.Helper()
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs:              []string{`yaml:{name: "${env:HOST_NAME}", id: "${env:HOST_ID:-none}", both: "${env:HOST_NAME}/${env:HOST_ID}"}`},
		DefaultScheme:     "env",
		ProviderFactories: nameHost([]confmap.ProviderFactory{envprovider.NewFactory(), yamlprovider.NewFactory()}),
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(t.Context())
	require.NoError(t, err)
	return conf.ToStringMap()
}
