// SPDX-License-Identifier: Apache-2.0

package catalog

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// switchSeries are those of NVSwitches, which the host engine samples by itself, once a minute.
var switchSeries = []Row{
	row("gpu.nvswitch.reset.required", Slow, nil, of(864, truth)),
	row("gpu.nvswitch.temperature", Slow, nil, of(858, asIs)),
	row("gpu.nvswitch.temperature.limit", Slow, values{"high.degraded"}, of(859, notZero)),
	row("gpu.nvswitch.temperature.limit", Slow, values{"high.critical"}, of(860, notZero)),
	row("gpu.nvswitch.power", Slow, values{"vdd"}, of(705, notZero)),
	row("gpu.nvswitch.power", Slow, values{"dvdd"}, of(706, notZero)),
	row("gpu.nvswitch.power", Slow, values{"hvdd"}, of(707, notZero)),
}

// notZero is for what a host engine answers with 0 where the NVSwitch has no sensor.
func notZero(s dcgm.Sample) (Number, bool) {
	n, known := asIs(s)
	return n, known && s.Float() != 0
}
