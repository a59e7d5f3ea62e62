// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

const (
	transmit = metadata.AttributeNetworkIoDirectionTransmit
	receive  = metadata.AttributeNetworkIoDirectionReceive
	current  = metadata.AttributeGpuPcieLinkBoundCurrent
	most     = metadata.AttributeGpuPcieLinkBoundMax
)

// pcieSeries falls back on rates: the counters 1091 and 1092 came with GPM.
var pcieSeries = []series{
	{metric: "hw.gpu.io", sources: []source{counted(1091, asIs), integral(1009, asIs)}, record: with((*builder).RecordHwGpuIoDataPoint, transmit)},
	{metric: "hw.gpu.io", sources: []source{counted(1092, asIs), integral(1010, asIs)}, record: with((*builder).RecordHwGpuIoDataPoint, receive)},
	{metric: "gpu.pcie.replays", tier: slow, sources: []source{counted(202, asIs)}, record: plain((*builder).RecordGpuPcieReplaysDataPoint)},
	{metric: "gpu.pcie.link.generation", tier: slow, sources: []source{of(237, asIs)}, record: with((*builder).RecordGpuPcieLinkGenerationDataPoint, current)},
	{metric: "gpu.pcie.link.generation", tier: slow, sources: []source{of(235, asIs)}, record: with((*builder).RecordGpuPcieLinkGenerationDataPoint, most)},
	{metric: "gpu.pcie.link.width", tier: slow, sources: []source{of(238, asIs)}, record: with((*builder).RecordGpuPcieLinkWidthDataPoint, current)},
	{metric: "gpu.pcie.link.width", tier: slow, sources: []source{of(236, asIs)}, record: with((*builder).RecordGpuPcieLinkWidthDataPoint, most)},
}

// nvlinkSeries has the errors of three generations: 409 to 439 before NVLink 5 with 498 and
// 499 for the same quantities in newer drivers, and 1204 on from NVLink 5 on.
var nvlinkSeries = []series{
	{metric: "gpu.nvlink.io", sources: []source{nvlink5(1201), integral(1011, asIs)}, record: with((*builder).RecordGpuNvlinkIoDataPoint, transmit)},
	{metric: "gpu.nvlink.io", sources: []source{nvlink5(1203), integral(1012, asIs)}, record: with((*builder).RecordGpuNvlinkIoDataPoint, receive)},
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeCrcFlit, 409),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeCrcData, 419),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeReplay, 429, 499),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeRecovery, 439, 498),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeEcc, 1220),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeMalformed, 1204),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeBufferOverrun, 1205),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeRx, 1206),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeRxRemote, 1207),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeRxGeneral, 1208),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeIntegrity, 1209),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeTxDiscard, 1210),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeSymbol, 1214),
	nvlinkErrors(metadata.AttributeGpuNvlinkErrorTypeEffective, 1219),
	{metric: "gpu.nvlink.recoveries", tier: slow, sources: []source{counted(1211, asIs)}, record: with((*builder).RecordGpuNvlinkRecoveriesDataPoint, metadata.AttributeGpuNvlinkRecoveryResultSuccessful)},
	{metric: "gpu.nvlink.recoveries", tier: slow, sources: []source{counted(1212, asIs)}, record: with((*builder).RecordGpuNvlinkRecoveriesDataPoint, metadata.AttributeGpuNvlinkRecoveryResultFailed)},
}

// nvlink5 is a counter that came with NVLink 5. Before that, host engines have answered 0.
func nvlink5(id dcgm.FieldID) source {
	s := counted(id, asIs)
	s.from = blackwell
	return s
}

func nvlinkErrors(what metadata.AttributeGpuNvlinkErrorType, ids ...dcgm.FieldID) series {
	var sources []source
	for _, id := range ids {
		sources = append(sources, counted(id, asIs))
	}
	return series{metric: "gpu.nvlink.errors", tier: slow, sources: sources, record: with((*builder).RecordGpuNvlinkErrorsDataPoint, what)}
}

var nvlinkDetails = slices.Concat([]series{
	{metric: "gpu.nvlink.throughput", sources: []source{of(449, kilobinary)}, record: plain((*builder).RecordGpuNvlinkThroughputDataPoint)},
	{metric: "gpu.nvlink.packets", sources: []source{counted(1200, asIs)}, record: with((*builder).RecordGpuNvlinkPacketsDataPoint, transmit)},
	{metric: "gpu.nvlink.packets", sources: []source{counted(1202, asIs)}, record: with((*builder).RecordGpuNvlinkPacketsDataPoint, receive)},
	{metric: "gpu.nvlink.ber", tier: slow, sources: []source{of(1216, asIs)}, record: with((*builder).RecordGpuNvlinkBerDataPoint, metadata.AttributeGpuNvlinkBerTypeSymbol)},
	{metric: "gpu.nvlink.ber", tier: slow, sources: []source{of(1218, asIs)}, record: with((*builder).RecordGpuNvlinkBerDataPoint, metadata.AttributeGpuNvlinkBerTypeEffective)},
}, fecSeries())

// fecSeries are the fields 1404 to 1419 in the order of their bins.
func fecSeries() []series {
	var out []series
	for bin := range dcgm.FieldID(16) {
		attribute := metadata.AttributeGpuNvlinkFecBin0 + metadata.AttributeGpuNvlinkFecBin(bin)
		out = append(out, series{metric: "gpu.nvlink.fec.history", tier: slow, sources: []source{counted(1404+bin, asIs)}, record: with((*builder).RecordGpuNvlinkFecHistoryDataPoint, attribute)})
	}
	return out
}

var c2cSeries = []series{
	{metric: "gpu.c2c.io", gpm: true, sources: []source{c2cRate(1076)}, record: with((*builder).RecordGpuC2cIoDataPoint, transmit)},
	{metric: "gpu.c2c.io", gpm: true, sources: []source{c2cRate(1078)}, record: with((*builder).RecordGpuC2cIoDataPoint, receive)},
	{metric: "gpu.c2c.errors", tier: slow, sources: []source{counted(1400, asIs)}, record: with((*builder).RecordGpuC2cErrorsDataPoint, metadata.AttributeGpuC2cErrorTypeInterrupt)},
	{metric: "gpu.c2c.errors", tier: slow, sources: []source{counted(1401, asIs)}, record: with((*builder).RecordGpuC2cErrorsDataPoint, metadata.AttributeGpuC2cErrorTypeReplay)},
	{metric: "gpu.c2c.errors", tier: slow, sources: []source{counted(1402, asIs)}, record: with((*builder).RecordGpuC2cErrorsDataPoint, metadata.AttributeGpuC2cErrorTypeReplayB2b)},
	{metric: "gpu.c2c.links", tier: slow, sources: []source{c2cLinks(1)}, record: with((*builder).RecordGpuC2cLinksDataPoint, metadata.AttributeGpuC2cLinkStateActive)},
	{metric: "gpu.c2c.links", tier: slow, sources: []source{c2cLinks(0)}, record: with((*builder).RecordGpuC2cLinksDataPoint, metadata.AttributeGpuC2cLinkStateInactive)},
}

// c2cRate needs the number of links beside the rate, which is 0 on GPUs without any.
func c2cRate(id dcgm.FieldID) source {
	return source{
		fields: []dcgm.FieldID{id, 285},
		kind:   rate,
		value: func(s []dcgm.Sample) (number, bool) {
			n, _ := asIs(s[0])
			if s[1].Float() > mostLinks {
				return impossible()
			}
			return n, s[1].Int() > 0
		},
	}
}

// c2cLinks is the number of links in a state: 0 is inactive and 1 active, for all of them.
func c2cLinks(state int64) source {
	return source{
		fields: []dcgm.FieldID{285, 286},
		kind:   level,
		value: func(s []dcgm.Sample) (number, bool) {
			here, _ := boolean(s[1].Int() == state)
			if s[0].Float() < 0 || s[0].Float() > mostLinks {
				return impossible()
			}
			n, _ := integer(s[0].Int() * here.i)
			known := s[1].Int() == 0 || s[1].Int() == 1
			return n, known && s[0].Int() > 0
		},
	}
}
