// SPDX-License-Identifier: Apache-2.0

package hostidentity

import (
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostIsWhatIsSaidFirst(t *testing.T) {
	const machine = "0123456789abcdef0123456789ABCDEF"
	for name, tt := range map[string]struct {
		system, named, env map[string]string
		want               Host
	}{
		"machine id":               {system: map[string]string{"host.name": "vm", "host.id": machine}, want: Host{"vm", machine}},
		"machine id with hyphens":  {system: map[string]string{"host.name": "vm", "host.id": "01234567-89ab-cdef-0123-456789abcdef"}, want: Host{"vm", "01234567-89ab-cdef-0123-456789abcdef"}},
		"no machine id":            {system: map[string]string{"host.name": "vm"}, want: Host{Name: "vm"}},
		"machine without id yet":   {system: map[string]string{"host.name": "vm", "host.id": "uninitialized"}, want: Host{Name: "vm"}},
		"text before a machine id": {system: map[string]string{"host.name": "vm", "host.id": "id-" + machine}, want: Host{Name: "vm"}},
		"text after a machine id":  {system: map[string]string{"host.name": "vm", "host.id": machine + "-id"}, want: Host{Name: "vm"}},
		"machine id cut off":       {system: map[string]string{"host.name": "vm", "host.id": machine[1:]}, want: Host{Name: "vm"}},
		"named host id is any":     {system: map[string]string{"host.name": "vm", "host.id": "uninitialized"}, named: map[string]string{"host.id": "i-1"}, want: Host{"vm", "i-1"}},
		"named as unknown":         {system: map[string]string{"host.name": "vm", "host.id": machine}, named: map[string]string{"host.id": ""}, want: Host{Name: "vm"}},
		"variables before all":     {system: map[string]string{"host.name": "vm", "host.id": machine}, named: map[string]string{"host.name": "gpu-7", "host.id": "i-1"}, env: map[string]string{"HOST_NAME": "foo", "HOST_ID": "123"}, want: Host{"foo", "123"}},
		"nothing knows which host": {system: map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			system := maps.Clone(tt.system)
			require.Equal(t, tt.want, choose(tt.system, tt.named, func(key string) string { return tt.env[key] }))
			require.Equal(t, system, tt.system, "it belongs to the caller")
		})
	}
}

func TestHostHasItsNameWhereNothingSaysAnother(t *testing.T) {
	for _, variable := range []string{NameVariable, IDVariable, "OTEL_RESOURCE_ATTRIBUTES"} {
		t.Setenv(variable, "")
	}
	name, err := os.Hostname()
	require.NoError(t, err)
	host, _ := Detect(t.Context()) // A container may have no machine id.
	require.Equal(t, name, host.Name)
}

func TestWhatIsMalformedIsAnErrorAndTheRestIsKnown(t *testing.T) {
	t.Setenv(NameVariable, "")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=gpu-7,not an attribute")
	host, err := Detect(t.Context())
	require.Error(t, err)
	require.Equal(t, "gpu-7", host.Name)
}

type builder map[string]string

func (b builder) SetHostName(name string) { b["host.name"] = name }
func (b builder) SetHostID(id string)     { b["host.id"] = id }

func TestWhatIsNotKnownIsAbsent(t *testing.T) {
	for host, want := range map[Host]builder{
		{"gpu-7", "i-1"}: {"host.name": "gpu-7", "host.id": "i-1"},
		{Name: "gpu-7"}:  {"host.name": "gpu-7"},
		{ID: "i-1"}:      {"host.id": "i-1"},
		{}:               {},
	} {
		got := builder{}
		host.AddTo(got)
		require.Equal(t, want, got)
	}
}
