// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResourceNamesTheHost(t *testing.T) {
	t.Setenv("HOST_NAME", "")
	t.Setenv("HOST_ID", "")
	name, err := os.Hostname()
	require.NoError(t, err)
	machine, _ := os.ReadFile("/etc/machine-id") // A container may have none.
	id := strings.TrimSpace(string(machine))
	for env, want := range map[string]map[string]any{
		"":                               {"host.name": name, "host.id": id},
		"host.name=gpu-7,host.id=i-0123": {"host.name": "gpu-7", "host.id": "i-0123"},
	} {
		if want["host.id"] == "" { // What is not known is absent.
			delete(want, "host.id")
		}
		want["tracecore.simulated"] = true
		t.Run(env, func(t *testing.T) {
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", env)
			require.Equal(t, want, resourceOf(t, nil))
		})
	}
	require.Equal(t, map[string]any{"tracecore.simulated": true}, resourceOf(t, func(cfg *Config) {
		cfg.MetricsBuilderConfig.ResourceAttributes.HostName.Enabled = false
		cfg.MetricsBuilderConfig.ResourceAttributes.HostID.Enabled = false
	}), "both are switched off")
}

func TestResourceNamesTheHostAsVariablesDo(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=gpu-7,host.id=i-0123")
	t.Setenv("HOST_NAME", "foo")
	t.Setenv("HOST_ID", "123")
	require.Equal(t, map[string]any{"host.name": "foo", "host.id": "123", "tracecore.simulated": true}, resourceOf(t, nil))
}

// resourceOf returns the attributes of the resource that a receiver's first batch has.
func resourceOf(t *testing.T, change func(*Config)) (attributes map[string]any) {
	t.Helper()
	simulate(t, steady, change, func(s *simulation) {
		attributes = s.sink.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw()
	})
	return attributes
}
