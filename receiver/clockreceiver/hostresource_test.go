// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

func TestResourceNamesTheHost(t *testing.T) {
	t.Setenv("HOST_NAME", "")
	t.Setenv("HOST_ID", "")
	name, err := os.Hostname()
	require.NoError(t, err)
	machine, _ := os.ReadFile("/etc/machine-id") // A container may have none.
	id := strings.TrimSpace(string(machine))
	for env, want := range map[string]map[string]any{
		"":                                    {"host.name": name, "host.id": id},
		"host.name=gpu-7,host.id=i-0123":      {"host.name": "gpu-7", "host.id": "i-0123"},
		"host.name=gpu-7,k8s.node.name=gpu-7": {"host.name": "gpu-7", "host.id": id},
		"host.id=,not an attribute":           {"host.name": name, "host.id": ""},
	} {
		if want["host.id"] == "" { // What is not known is absent.
			delete(want, "host.id")
		}
		t.Run(env, func(t *testing.T) {
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", env)
			require.Equal(t, want, resourceOf(t, everySecond()))
		})
	}
	cfg := everySecond()
	cfg.MetricsBuilderConfig.ResourceAttributes.HostName.Enabled = false
	cfg.MetricsBuilderConfig.ResourceAttributes.HostID.Enabled = false
	require.Empty(t, resourceOf(t, cfg), "both are switched off")
}

func TestResourceNamesTheHostAsVariablesDo(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=gpu-7,host.id=i-0123")
	t.Setenv("HOST_NAME", "foo")
	t.Setenv("HOST_ID", "123")
	require.Equal(t, map[string]any{"host.name": "foo", "host.id": "123"}, resourceOf(t, everySecond()))
}

// resourceOf returns the attributes of the resource that a receiver's first batch has.
func resourceOf(t *testing.T, cfg *Config) (attributes map[string]any) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sink := &consumertest.MetricsSink{}
		r := newRig(t, cfg, sink)
		r.start(t)
		time.Sleep(time.Second + time.Millisecond)
		r.stop(t)
		require.NotEmpty(t, sink.AllMetrics())
		attributes = sink.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw()
	})
	return attributes
}
