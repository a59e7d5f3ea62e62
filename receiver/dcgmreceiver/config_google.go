// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// counterpart says which metrics of this receiver carry what a metric of Google's dcgmreceiver
// does, and which of their points, where others go with the same switch.
type counterpart struct {
	metrics []string
	points  string
}

// googleMetrics are the metrics of Google's dcgmreceiver, gpu.dcgm.* and the older dcgm.gpu.*.
var googleMetrics = map[string]counterpart{
	"gpu.dcgm.utilization":                   {[]string{"hw.gpu.utilization"}, "hw.gpu.task=general"},
	"gpu.dcgm.sm.utilization":                {[]string{"gpu.sm.utilization"}, ""},
	"gpu.dcgm.sm.occupancy":                  {[]string{"gpu.sm.occupancy"}, ""},
	"gpu.dcgm.pipe.utilization":              {[]string{"gpu.pipe.utilization"}, ""},
	"gpu.dcgm.codec.encoder.utilization":     {[]string{"hw.gpu.utilization"}, "hw.gpu.task=encoder"},
	"gpu.dcgm.codec.decoder.utilization":     {[]string{"hw.gpu.utilization"}, "hw.gpu.task=decoder"},
	"gpu.dcgm.memory.bytes_used":             {[]string{"gpu.memory.usage", "hw.gpu.memory.usage"}, ""},
	"gpu.dcgm.memory.bandwidth_utilization":  {[]string{"gpu.memory.bandwidth.utilization"}, ""},
	"gpu.dcgm.pcie.io":                       {[]string{"hw.gpu.io"}, ""},
	"gpu.dcgm.nvlink.io":                     {[]string{"gpu.nvlink.io"}, ""},
	"gpu.dcgm.energy_consumption":            {[]string{"hw.energy"}, ""},
	"gpu.dcgm.temperature":                   {[]string{"hw.temperature"}, "hw.sensor_location=gpu"},
	"gpu.dcgm.clock.frequency":               {[]string{"gpu.clock.frequency"}, "gpu.clock.domain=sm"},
	"gpu.dcgm.clock.throttle_duration.time":  {[]string{"gpu.throttle.time"}, ""},
	"gpu.dcgm.ecc_errors":                    {[]string{"gpu.ecc.errors"}, "gpu.ecc.lifetime=volatile"},
	"gpu.dcgm.xid_errors":                    {},
	"dcgm.gpu.utilization":                   {[]string{"gpu.utilization.sampled", "hw.gpu.utilization"}, ""},
	"dcgm.gpu.memory.bytes_used":             {[]string{"gpu.memory.usage", "hw.gpu.memory.usage"}, ""},
	"dcgm.gpu.profiling.sm_utilization":      {[]string{"gpu.sm.utilization"}, ""},
	"dcgm.gpu.profiling.sm_occupancy":        {[]string{"gpu.sm.occupancy"}, ""},
	"dcgm.gpu.profiling.pipe_utilization":    {[]string{"gpu.pipe.utilization"}, ""},
	"dcgm.gpu.profiling.dram_utilization":    {[]string{"gpu.memory.bandwidth.utilization"}, ""},
	"dcgm.gpu.profiling.pcie_traffic_rate":   {[]string{"hw.gpu.io"}, ""},
	"dcgm.gpu.profiling.nvlink_traffic_rate": {[]string{"gpu.nvlink.io"}, ""},
}

// googleMetricsErr names every switch for a metric of Google's dcgmreceiver, and its counterpart.
func googleMetricsErr(conf *confmap.Conf) error {
	switches, _ := conf.Get("metrics").(map[string]any)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		if here, isGoogle := googleMetrics[name]; isGoogle {
			errs = append(errs, fmt.Errorf(`"metrics::%s": is a metric of Google's dcgmreceiver: %s`, name, here))
		}
	}
	return errors.Join(errs...)
}

// String says what to write in place of the other metric.
func (c counterpart) String() string {
	switch metrics := strings.Join(c.metrics, " and "); {
	case len(c.metrics) == 0:
		return "remove it, this receiver has no counterpart"
	case c.points != "":
		return fmt.Sprintf("use %s, points with %s", metrics, c.points)
	default:
		return "use " + metrics
	}
}
