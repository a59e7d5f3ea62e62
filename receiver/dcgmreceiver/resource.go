// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// resourceFilters are metrics_include and metrics_exclude of resource attributes.
type resourceFilters []resourceFilter

type resourceFilter struct {
	key    string
	filter filter.Filter
	keeps  bool // what matches is kept, else left out
}

func newResourceFilters(cfg metadata.ResourceAttributesConfig) resourceFilters {
	var filters resourceFilters
	for key, attribute := range map[string]metadata.ResourceAttributeConfig{
		"host.id": cfg.HostID, "host.name": cfg.HostName, "tracecore.simulated": cfg.TracecoreSimulated,
	} {
		if len(attribute.MetricsInclude) > 0 {
			filters = append(filters, resourceFilter{key, filter.CreateFilter(attribute.MetricsInclude), true})
		}
		if len(attribute.MetricsExclude) > 0 {
			filters = append(filters, resourceFilter{key, filter.CreateFilter(attribute.MetricsExclude), false})
		}
	}
	return filters
}

// keep reports whether metrics of a resource are kept. A filter says nothing of a resource without its attribute.
func (f resourceFilters) keep(attributes pcommon.Map) bool {
	for _, r := range f {
		value, has := attributes.Get(r.key)
		if has && r.filter.Matches(value.AsString()) != r.keeps {
			return false
		}
	}
	return true
}
