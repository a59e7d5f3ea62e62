// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// switched is steady with two NVSwitches.
const switched = steady + `switches 2 ports=4
field 705,858 switch:* const 40 each=1
field 864 switch:* const 0
field 866,868,869 switch:* const 0
field 867 switch:* const 193 each=1
field 863 switch:* const 0 each=1
field 878 switch:0 const 205376746160128
field 878 switch:1 const 205376746160129
field 1524 switch:* const 96.10.57
field 856,857 switch:* event
`

const switchUUID = "205376746160129" // of nvswitch1

// sxidRecords are the records of SXIDs alone.
func sxidRecords(sink *consumertest.LogsSink) []plog.LogRecord {
	return slices.DeleteFunc(recordsOf(sink), func(record plog.LogRecord) bool { return record.EventName() != "gpu.sxid" })
}

// sxids lists SXIDs as time on the node, NVSwitch, code and fatality, those that were replayed with an r.
func (s *simulation) sxids() (out []string) {
	for _, record := range sxidRecords(s.records) {
		a := record.Attributes().AsRaw()
		text := fmt.Sprintf("%s %v %v %v", record.Timestamp().AsTime().Sub(s.origin), a["hw.name"], a["gpu.sxid.code"], a["gpu.sxid.fatal"])
		if a["gpu.sxid.replayed"] == true {
			text += " r"
		}
		out = append(out, text)
	}
	return out
}

// sxidCounts are the newest values of gpu.sxid.errors.
func (s *simulation) sxidCounts() (out []string) {
	for series, value := range s.now() {
		if attributes, is := strings.CutPrefix(series, "gpu.sxid.errors{"); is {
			number, _, _ := strings.Cut(value, " ")
			out = append(out, strings.TrimSuffix(attributes, "}")+" = "+number)
		}
	}
	slices.Sort(out)
	return out
}

func TestSXIDHasARecordAndACountThatSayWhatToDo(t *testing.T) {
	change := func(cfg *Config) {
		cfg.SXIDs = map[string]xid.Override{"20001": {Severity: "warn", Action: "CHECK_MECHANICALS"}}
	}
	simulate(t, switched+"at 5s sxid switch=1 code=12028\nat 6s sxid switch=1 code=20001 type=non_fatal\n", change, func(s *simulation) {
		t := s.t
		s.pass(interval)
		records := sxidRecords(s.records)
		require.Len(t, records, 2)
		attributes := records[0].Attributes().AsRaw()
		require.Regexp(t, `^[0-9a-f-]{36}$`, attributes["log.record.uid"])
		delete(attributes, "log.record.uid")
		known := xid.Default().SXID(12028, true)
		require.Equal(t, map[string]any{
			"hw.id": switchUUID, "hw.name": "nvswitch1", "hw.model": "NVSwitch", "hw.vendor": "nvidia", "gpu.pci.bus_id": "00000000:C2:00.0",
			"gpu.sxid.code": int64(12028), "gpu.sxid.fatal": true, "gpu.sxid.mnemonic": known.Mnemonic, "gpu.sxid.meaning": known.Meaning,
			"gpu.sxid.action": known.Action, "gpu.sxid.investigatory_action": known.InvestigatoryAction,
		}, attributes)
		require.Equal(t, plog.SeverityNumberError, records[0].SeverityNumber())
		require.Equal(t, "SXID 12028 on nvswitch1 ("+switchUUID+"); "+known.Meaning+"; NVIDIA's action: "+known.Action, records[0].Body().Str())
		require.Equal(t, plog.SeverityNumberWarn, records[1].SeverityNumber(), "as configured")
		require.Equal(t, "CHECK_MECHANICALS", records[1].Attributes().AsRaw()["gpu.sxid.action"])
		require.Equal(t, []string{
			"gpu.sxid.code=12028 gpu.sxid.fatal=true hw.name=nvswitch1 = 1", "gpu.sxid.code=20001 gpu.sxid.fatal=false hw.name=nvswitch1 = 1",
		}, s.sxidCounts())
		require.Contains(t, s.now(), "gpu.sxid.last{gpu.sxid.code=12028 gpu.sxid.fatal=true hw.name=nvswitch1}")
		require.Empty(t, xidRecords(s.records))
	})
}

func TestEqualSXIDsAreCountedUnlessTheHostEngineRepeatsThem(t *testing.T) {
	simulate(t, switched, nil, func(s *simulation) {
		t := s.t
		s.sim.Send("sxid switch=0 code=20001 type=non_fatal", "advance 1s", "sxid switch=0 code=20001 type=non_fatal", "sxid switch=0 code=20001")
		s.pass(interval)
		require.Equal(t, []string{
			"gpu.sxid.code=20001 gpu.sxid.fatal=false hw.name=nvswitch0 = 2", "gpu.sxid.code=20001 gpu.sxid.fatal=true hw.name=nvswitch0 = 1",
		}, s.sxidCounts())
		for range 4 { // As the host engine looks.
			s.pass(30 * time.Second)
			s.sim.Send("sxid switch=0 code=20001")
		}
		s.pass(interval)
		require.Contains(t, s.sxidCounts(), "gpu.sxid.code=20001 gpu.sxid.fatal=true hw.name=nvswitch0 = 1")
		require.Len(t, sxidRecords(s.records), 3)
		s.pass(5 * time.Minute)
		s.sim.Send("sxid switch=0 code=20001", "sxid switch=1 code=20001")
		s.pass(interval)
		require.Contains(t, s.sxidCounts(), "gpu.sxid.code=20001 gpu.sxid.fatal=true hw.name=nvswitch0 = 2", "it was gone in between")
		require.Contains(t, s.sxidCounts(), "gpu.sxid.code=20001 gpu.sxid.fatal=true hw.name=nvswitch1 = 1")
	})
}

func TestSXIDsHeldBeforeTheFirstConnectionAreReplayed(t *testing.T) {
	simulate(t, switched+"at 0s engine_dies for 1s\n", nil, func(s *simulation) {
		s.sim.Send("advance 1s", "sxid switch=0 code=11012", "advance 1s")
		s.pass(3 * interval)
		require.Equal(s.t, []string{"1s nvswitch0 11012 true r"}, s.sxids())
		require.Empty(s.t, s.sxidCounts())
	})
}

func TestSXIDsBeyondTheBoundOfCodesAreOneSeries(t *testing.T) {
	simulate(t, switched, nil, func(s *simulation) {
		for code := range 70 {
			s.sim.Send(fmt.Sprintf("sxid switch=0 code=%d", 30000+code), "advance 10ms")
		}
		s.pass(interval)
		require.Len(s.t, sxidRecords(s.records), 70)
		require.Len(s.t, s.sxidCounts(), 65)
		require.Contains(s.t, s.sxidCounts(), "hw.name=nvswitch0 otel.metric.overflow=true = 6")
	})
}

func TestSXIDsGoOnAfterARestartOfTheCollector(t *testing.T) {
	store := &extension{values: map[string][]byte{}}
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, switched, time.Now())
		sink, origin := &consumertest.LogsSink{}, time.Now()
		run := func() *simulation {
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay = interval, 0
			withStorage(cfg)
			s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: origin}
			s.extend(store)
			s.gpuReceiver.logs, s.records = sink, sink
			s.start()
			s.settle()
			s.pass(interval)
			return s
		}
		s := run()
		sim.Send("sxid switch=1 code=11012")
		s.pass(interval)
		s.stop()
		sim.Send("sxid switch=1 code=12028 type=non_fatal")
		s = run()
		defer s.stop()
		require.Equal(t, []string{"nvswitch1 11012 true", "nvswitch1 12028 false"}, withoutTimes(s.sxids()))
		require.Equal(t, []string{
			"gpu.sxid.code=11012 gpu.sxid.fatal=true hw.name=nvswitch1 = 1", "gpu.sxid.code=12028 gpu.sxid.fatal=false hw.name=nvswitch1 = 1",
		}, s.sxidCounts())
	})
}

func withoutTimes(lines []string) (out []string) {
	for _, line := range lines {
		_, rest, _ := strings.Cut(line, " ")
		out = append(out, rest)
	}
	return out
}

func TestSwitchesHaveWhatTheHostEngineKnowsOfThem(t *testing.T) {
	simulate(t, switched, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		for series, want := range map[string]string{
			"gpu.nvswitch.up{hw.name=nvswitch1}":                             "1",
			"gpu.nvswitch.temperature{hw.name=nvswitch1}":                    "41",
			"gpu.nvswitch.power{gpu.nvswitch.rail=vdd hw.name=nvswitch1}":    "41",
			"gpu.nvswitch.reset.required{hw.name=nvswitch0}":                 "0",
			"gpu.nvswitch.links{gpu.nvlink.link.state=up hw.name=nvswitch0}": "4",
			"gpu.nvswitch.info{gpu.nvswitch.firmware.version=96.10.57 gpu.nvswitch.physical_id=1 gpu.pci.bus_id=00000000:C2:00.0 hw.name=nvswitch1}": "1",
		} {
			value, _, _ := strings.Cut(s.now()[series], " ")
			require.Equal(t, want, value, series)
		}
		for series := range s.now() {
			require.False(t, strings.Contains(series, "nvswitch") && strings.HasPrefix(series, "hw."), "what is of GPUs alone can be summed: %s", series)
		}
		require.Len(t, s.collector.gpus, 2)
		requireNoDuplicates(t, s)
	})
}

func TestSwitchWithoutAUUIDGoesByItsNumber(t *testing.T) {
	simulate(t, steady+"switches 1\nfield 856,857 switch:* event\n", nil, func(s *simulation) {
		for range 6 {
			s.pass(interval)
		}
		s.sim.Send("sxid switch=0 code=11012")
		s.pass(interval)
		records := sxidRecords(s.records)
		require.Len(s.t, records, 1)
		require.Equal(s.t, "nvswitch0", records[0].Attributes().AsRaw()["hw.id"])
		require.NotContains(s.t, records[0].Attributes().AsRaw(), "gpu.pci.bus_id")
		require.Equal(s.t, []string{"gpu.sxid.code=11012 gpu.sxid.fatal=true hw.name=nvswitch0 = 1"}, s.sxidCounts())
	})
}

func TestSwitchesAreNotListedWhereNobodyWantsThem(t *testing.T) {
	change := func(cfg *Config) {
		setEnabled(cfg, func(name string) bool { return name == "gpu.up" })
	}
	simulateWith(t, switched, change, func(r *rig) { r.gpuReceiver.logs = nil }, func(s *simulation) {
		s.pass(interval)
		require.NotContains(s.t, s.now().lines(), "nvswitch")
		require.Empty(s.t, s.collector.switches)
	})
}

// losing is a host engine that lists no second NVSwitch after a while.
type losing struct {
	dcgm.Source

	second bool
}

func (l *losing) Entities(ctx context.Context, kind dcgm.EntityKind) (dcgm.Entities, error) {
	found, err := l.Source.Entities(ctx, kind)
	if kind == dcgm.Switch && l.second && err == nil {
		found.All, found.Supported = found.All[:1], found.Supported[:1]
	}
	return found, err
}

func TestSwitchThatTheHostEngineNoLongerListsIsDown(t *testing.T) {
	stepwise(t, switched, func(src dcgm.Source) dcgm.Source { return &losing{Source: src} }, func(s *steps) {
		s.pass(interval)
		require.Regexp(s.t, "^1 ", s.now()["gpu.nvswitch.up{hw.name=nvswitch1}"])
		s.collector.src.(*losing).second = true
		s.pass(interval)
		require.Regexp(s.t, "^0 ", s.now()["gpu.nvswitch.up{hw.name=nvswitch1}"])
		require.NotContains(s.t, s.now(), "gpu.nvswitch.temperature{hw.name=nvswitch1}")
		require.Regexp(s.t, "^1 ", s.now()["gpu.nvswitch.up{hw.name=nvswitch0}"])
	})
}
