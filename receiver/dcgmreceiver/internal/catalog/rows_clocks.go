// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

var clockSeries = []Row{
	row("gpu.clock.frequency", Normal, values{"sm"}, of(1603, asIs), of(100, megahertz)),
	row("gpu.clock.frequency", Normal, values{"memory"}, of(1604, asIs), of(101, megahertz)),
	row("gpu.clock.frequency", Normal, values{"video"}, of(1605, asIs), of(102, megahertz)),
	row("gpu.performance_state", Normal, nil, of(190, asIs)),
}

var clockDetails = []Row{
	row("gpu.clock.limit", Slow, values{"sm", "max"}, of(1608, asIs), of(113, megahertz)),
	row("gpu.clock.limit", Slow, values{"memory", "max"}, of(1609, asIs), of(114, megahertz)),
	row("gpu.clock.limit", Slow, values{"video", "max"}, of(1610, asIs), of(115, megahertz)),
	row("gpu.clock.limit", Slow, values{"sm", "application"}, of(1606, asIs), of(110, megahertz)),
	row("gpu.clock.limit", Slow, values{"memory", "application"}, of(1607, asIs), of(111, megahertz)),
}

// throttleSeries has what holds the clocks down now, then for how long: violations, and the
// reasons that newer drivers time.
var throttleSeries = slices.Concat(throttleStates(), []Row{
	throttleTime(240, "power"),
	throttleTime(241, "thermal"),
	throttleTime(242, "sync_boost"),
	throttleTime(243, "board_limit"),
	throttleTime(244, "low_util"),
	throttleTime(245, "reliability"),
	throttleTime(246, "app_clock"),
	throttleTime(247, "base_clock"),
	throttleTime(1420, "sw_power_cap"),
	throttleTime(1421, "sync_boost_event"),
	throttleTime(1422, "sw_thermal"),
	throttleTime(1423, "hw_thermal"),
	throttleTime(1424, "hw_power_brake"),
})

func throttleStates() []Row {
	var out []Row
	for _, r := range ClocksEventReasons {
		out = append(out, row("gpu.throttle.active", Normal, values{r.Reason}, of(FieldClocksEventReasons, bit(r.Bit))))
	}
	return out
}

func throttleTime(id dcgm.FieldID, reason string) Row {
	return row("gpu.throttle.time", Normal, values{reason}, counted(id, nanoseconds))
}
