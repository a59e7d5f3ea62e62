// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
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

func TestHostIsWhatIsSaidFirst(t *testing.T) {
	const machine = "0123456789abcdef0123456789ABCDEF"
	for name, tt := range map[string]struct {
		system, named, env map[string]string
		wantName, wantID   string
	}{
		"machine id":               {system: map[string]string{"host.name": "vm", "host.id": machine}, wantName: "vm", wantID: machine},
		"machine id with hyphens":  {system: map[string]string{"host.name": "vm", "host.id": "01234567-89ab-cdef-0123-456789abcdef"}, wantName: "vm", wantID: "01234567-89ab-cdef-0123-456789abcdef"},
		"no machine id":            {system: map[string]string{"host.name": "vm"}, wantName: "vm", wantID: "vm"},
		"machine without id yet":   {system: map[string]string{"host.name": "vm", "host.id": "uninitialized"}, wantName: "vm", wantID: "vm"},
		"machine id cut off":       {system: map[string]string{"host.name": "vm", "host.id": machine[1:]}, wantName: "vm", wantID: "vm"},
		"named host id is any":     {system: map[string]string{"host.name": "vm", "host.id": "uninitialized"}, named: map[string]string{"host.id": "i-1"}, wantName: "vm", wantID: "i-1"},
		"variables before all":     {system: map[string]string{"host.name": "vm", "host.id": machine}, named: map[string]string{"host.name": "gpu-7", "host.id": "i-1"}, env: map[string]string{"HOST_NAME": "foo", "HOST_ID": "123"}, wantName: "foo", wantID: "123"},
		"name set, no machine id":  {system: map[string]string{"host.name": "vm"}, env: map[string]string{"HOST_NAME": "foo"}, wantName: "foo", wantID: "foo"},
		"nothing knows which host": {system: map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			host := chooseHost(tt.system, tt.named, func(key string) string { return tt.env[key] })
			require.Equal(t, map[string]string{"HOST_NAME": tt.wantName, "HOST_ID": tt.wantID}, host)
		})
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
