// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

var memorySeries = []Row{
	row("hw.gpu.memory.usage", Normal, nil, of(252, mib)),
	row("hw.gpu.memory.limit", Slow, nil, of(250, mib)),
	row("hw.gpu.memory.utilization", Normal, nil, of(254, asIs), usedOfUsable),
	row("gpu.memory.usage", Normal, values{"used"}, of(252, mib)),
	row("gpu.memory.usage", Normal, values{"free"}, of(251, mib)),
	row("gpu.memory.usage", Normal, values{"reserved"}, of(253, mib)),
	row("gpu.memory.bandwidth.utilization", Normal, nil, of(1005, ratio), of(204, percentBusy)),
}

// usedOfUsable is what field 254 is in later versions.
var usedOfUsable = Source{
	Fields: []dcgm.FieldID{252, 250, 253},
	Kind:   Level,
	Value: func(s []dcgm.Sample) (Number, bool) {
		for _, size := range s {
			if n, _ := mib(size); n.F < 0 || n.F > mostMemory {
				return impossible()
			}
		}
		used, usable := s[0].Float(), s[1].Float()-s[2].Float()
		if usable <= 0 {
			return Number{}, false
		}
		return float(used / usable)
	},
}

var memoryDetails = []Row{
	row("gpu.bar1.usage", Normal, nil, of(1601, asIs), of(92, mib)),
	row("gpu.bar1.limit", Slow, nil, of(1600, asIs), of(90, mib)),
	row("gpu.pcie.errors.correctable", Slow, nil, counted(1501, asIs)),
}
