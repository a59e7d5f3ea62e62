// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

func TestMetricsOfAResourceMayBeLeftOut(t *testing.T) {
	node := []filter.Config{{Strict: "node-1"}}
	for name, tt := range map[string]struct {
		host metadata.ResourceAttributeConfig
		has  map[string]any
		want bool
	}{
		"without filters":       {metadata.ResourceAttributeConfig{}, map[string]any{"host.name": "node-1"}, true},
		"included":              {metadata.ResourceAttributeConfig{MetricsInclude: node}, map[string]any{"host.name": "node-1"}, true},
		"not included":          {metadata.ResourceAttributeConfig{MetricsInclude: node}, map[string]any{"host.name": "node-2"}, false},
		"excluded":              {metadata.ResourceAttributeConfig{MetricsExclude: node}, map[string]any{"host.name": "node-1"}, false},
		"not excluded":          {metadata.ResourceAttributeConfig{MetricsExclude: node}, map[string]any{"host.name": "node-2"}, true},
		"without the attribute": {metadata.ResourceAttributeConfig{MetricsInclude: node, MetricsExclude: node}, map[string]any{"host.id": "node-1"}, true},
		"included and excluded": {metadata.ResourceAttributeConfig{MetricsInclude: node, MetricsExclude: node}, map[string]any{"host.name": "node-1"}, false},
	} {
		attributes := pcommon.NewMap()
		require.NoError(t, attributes.FromRaw(tt.has))
		require.Equal(t, tt.want, newResourceFilters(metadata.ResourceAttributesConfig{HostName: tt.host}).keep(attributes), name)
	}
}
