// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// errorSeries never adds up volatile and aggregate, which count the same errors. Faults are
// sampled with the fastest: who waits a minute for them loses a minute of a job.
var errorSeries = []Row{
	row("hw.errors", Normal, values{"gpu", "corrected"}, counted(312, asIs)),
	row("hw.errors", Normal, values{"gpu", "uncorrected"}, counted(313, asIs)),
	row("gpu.ecc.errors", Normal, values{"corrected", "volatile", "total"}, counted(310, asIs)),
	row("gpu.ecc.errors", Normal, values{"uncorrected", "volatile", "total"}, counted(311, asIs)),
	row("gpu.ecc.errors", Normal, values{"corrected", "aggregate", "total"}, counted(312, asIs)),
	row("gpu.ecc.errors", Normal, values{"uncorrected", "aggregate", "total"}, counted(313, asIs)),
	row("gpu.ecc.mode", Slow, values{"current"}, of(300, truth)),
	row("gpu.ecc.mode", Slow, values{"pending"}, of(301, truth)),
	row("gpu.ecc.sram.threshold_exceeded", Normal, nil, of(346, truth)),
	row("gpu.memory.unrepairable", Normal, nil, of(1507, truth)),
}

// repairSeries is what repairs itself and what has to be done: rows are remapped from Ampere
// on, and pages retired before.
var repairSeries = slices.Concat([]Row{
	row("gpu.memory.rows.remapped", Normal, values{"corrected"}, counted(394, asIs)),
	row("gpu.memory.rows.remapped", Normal, values{"uncorrected"}, counted(393, asIs)),
	row("gpu.memory.rows.remap.failed", Normal, nil, of(395, truth)),
	row("gpu.memory.rows.remap.pending", Normal, nil, of(396, truth)),
	row("gpu.memory.pages.retired", Normal, values{"corrected"}, counted(390, asIs)),
	row("gpu.memory.pages.retired", Normal, values{"uncorrected"}, counted(391, asIs)),
	row("gpu.memory.pages.pending", Normal, nil, of(392, some)),
}, recoverySeries)

// recoverySeries are the states of nvmlDeviceGpuRecoveryAction_t.
var recoverySeries = stateSet("gpu.recovery.action", Normal, 1523, 0,
	"none",
	"gpu_reset",
	"node_reboot",
	"drain_p2p",
	"drain_and_reset",
)

var errorDetails = slices.Concat(bankSeries,
	located("device", 318, 319, 328, 329),
	located("sram", 342, 343, 344, 345),
	located("l2", 316, 317, 326, 327),
	located("l1", 314, 315, 324, 325),
	located("register", 320, 321, 330, 331),
	located("texture", 322, 323, 332, 333),
	located("shared", 334, 335, 338, 339),
	located("cbu", 336, 337, 340, 341),
)

// located are the errors of one location by lifetime and type: volatile corrected, volatile
// uncorrected, aggregate corrected and aggregate uncorrected.
func located(at string, volatileCorrected, volatileUncorrected, aggregateCorrected, aggregateUncorrected dcgm.FieldID) []Row {
	return []Row{
		row("gpu.ecc.location.errors", Slow, values{"corrected", "volatile", at}, counted(volatileCorrected, asIs)),
		row("gpu.ecc.location.errors", Slow, values{"uncorrected", "volatile", at}, counted(volatileUncorrected, asIs)),
		row("gpu.ecc.location.errors", Slow, values{"corrected", "aggregate", at}, counted(aggregateCorrected, asIs)),
		row("gpu.ecc.location.errors", Slow, values{"uncorrected", "aggregate", at}, counted(aggregateUncorrected, asIs)),
	}
}

var bankSeries = []Row{
	banks(385, "max"),
	banks(386, "high"),
	banks(387, "partial"),
	banks(388, "low"),
	banks(389, "none"),
}

func banks(id dcgm.FieldID, left string) Row {
	return row("gpu.memory.rows.remap.banks", Slow, values{left}, of(id, asIs))
}
