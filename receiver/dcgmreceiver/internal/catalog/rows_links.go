// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"strconv"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// pcieSeries falls back on rates: the counters 1091 and 1092 came with GPM.
var pcieSeries = []Row{
	row("hw.gpu.io", Normal, values{"transmit"}, counted(1091, asIs), integral(1009, asIs)),
	row("hw.gpu.io", Normal, values{"receive"}, counted(1092, asIs), integral(1010, asIs)),
	row("gpu.pcie.replays", Slow, nil, counted(202, asIs)),
	row("gpu.pcie.link.generation", Slow, values{"current"}, of(237, asIs)),
	row("gpu.pcie.link.generation", Slow, values{"max"}, of(235, asIs)),
	row("gpu.pcie.link.width", Slow, values{"current"}, of(238, asIs)),
	row("gpu.pcie.link.width", Slow, values{"max"}, of(236, asIs)),
}

// nvlinkSeries has the errors of three generations: 409 to 439 before NVLink 5 with 498 and
// 499 for the same quantities in newer drivers, and 1204 on from NVLink 5 on.
var nvlinkSeries = []Row{
	row("gpu.nvlink.io", Normal, values{"transmit"}, nvlink5(1201), integral(1011, asIs)),
	row("gpu.nvlink.io", Normal, values{"receive"}, nvlink5(1203), integral(1012, asIs)),
	nvlinkErrors("crc_flit", 409),
	nvlinkErrors("crc_data", 419),
	nvlinkErrors("replay", 429, 499),
	nvlinkErrors("recovery", 439, 498),
	nvlinkErrors("ecc", 1220),
	nvlinkErrors("malformed", 1204),
	nvlinkErrors("buffer_overrun", 1205),
	nvlinkErrors("rx", 1206),
	nvlinkErrors("rx_remote", 1207),
	nvlinkErrors("rx_general", 1208),
	nvlinkErrors("integrity", 1209),
	nvlinkErrors("tx_discard", 1210),
	nvlinkErrors("symbol", 1214),
	nvlinkErrors("effective", 1219),
	row("gpu.nvlink.recoveries", Slow, values{"successful"}, counted(1211, asIs)),
	row("gpu.nvlink.recoveries", Slow, values{"failed"}, counted(1212, asIs)),
}

// nvlink5 is a counter that came with NVLink 5. Before that, host engines have answered 0.
func nvlink5(id dcgm.FieldID) Source {
	s := counted(id, asIs)
	s.From = Blackwell
	return s
}

func nvlinkErrors(what string, ids ...dcgm.FieldID) Row {
	var sources []Source
	for _, id := range ids {
		sources = append(sources, counted(id, asIs))
	}
	return row("gpu.nvlink.errors", Slow, values{what}, sources...)
}

var nvlinkDetails = slices.Concat([]Row{
	row("gpu.nvlink.throughput", Normal, nil, of(449, kilobinary)),
	row("gpu.nvlink.packets", Normal, values{"transmit"}, counted(1200, asIs)),
	row("gpu.nvlink.packets", Normal, values{"receive"}, counted(1202, asIs)),
	row("gpu.nvlink.ber", Slow, values{"symbol"}, of(1216, asIs)),
	row("gpu.nvlink.ber", Slow, values{"effective"}, of(1218, asIs)),
}, fecSeries())

// fecSeries are the fields 1404 to 1419 in the order of their bins.
func fecSeries() []Row {
	var out []Row
	for bin := range dcgm.FieldID(16) {
		attribute := strconv.Itoa(int(bin))
		out = append(out, row("gpu.nvlink.fec.history", Slow, values{attribute}, counted(1404+bin, asIs)))
	}
	return out
}

var c2cSeries = []Row{
	onGPM(row("gpu.c2c.io", Normal, values{"transmit"}, c2cRate(1076))),
	onGPM(row("gpu.c2c.io", Normal, values{"receive"}, c2cRate(1078))),
	row("gpu.c2c.errors", Slow, values{"interrupt"}, counted(1400, asIs)),
	row("gpu.c2c.errors", Slow, values{"replay"}, counted(1401, asIs)),
	row("gpu.c2c.errors", Slow, values{"replay_b2b"}, counted(1402, asIs)),
	row("gpu.c2c.links", Slow, values{"active"}, c2cLinks(1)),
	row("gpu.c2c.links", Slow, values{"inactive"}, c2cLinks(0)),
}

// c2cRate needs the number of links beside the rate, which is 0 on GPUs without any.
func c2cRate(id dcgm.FieldID) Source {
	return Source{
		Fields: []dcgm.FieldID{id, 285},
		Kind:   Rate,
		Value: func(s []dcgm.Sample) (Number, bool) {
			n, _ := asIs(s[0])
			if s[1].Float() > mostLinks {
				return impossible()
			}
			return n, s[1].Int() > 0
		},
	}
}

// c2cLinks is the number of links in a state: 0 is inactive and 1 active, for all of them.
func c2cLinks(state int64) Source {
	return Source{
		Fields: []dcgm.FieldID{285, 286},
		Kind:   Level,
		Value: func(s []dcgm.Sample) (Number, bool) {
			here, _ := boolean(s[1].Int() == state)
			if s[0].Float() < 0 || s[0].Float() > mostLinks {
				return impossible()
			}
			n, _ := integer(s[0].Int() * here.I)
			known := s[1].Int() == 0 || s[1].Int() == 1
			return n, known && s[0].Int() > 0
		},
	}
}
