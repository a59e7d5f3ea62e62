// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// steady is a node on which nothing moves but what a test moves, so that what a fault
// changes is all that changes. GPU 1 is the witness.
const steady = `
include models/h100.model
gpu 0 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000000 pci=00000000:01:00.0 serial=1
gpu 1 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000001 pci=00000000:02:00.0 serial=2
field 155 * const 400
field 156 * counter base=1000000 rate=400000
field 140,150 * const 40
field 1001-1008,1013-1016 * const 0.5
field 1009-1012 * const 1000000
field 1091,1092 * counter base=5000 rate=100
field 310 * counter base=7 rate=0
`

// act is what happens at one instant of a fault, and how long is waited until the next.
type act struct {
	title  string
	events []string
	wait   time.Duration
}

// faults are the stories of all faults: the golden file of each has the whole node before
// it, and what changes from act to act.
var faults = map[string][]act{
	"xid":      {{"GPU 0 has XID 13, which is an application's", []string{"xid gpu=0 code=13"}, interval}},
	"ecc":      {{"two corrected and one uncorrected error", []string{"ecc gpu=0 type=sbe count=2", "ecc gpu=0 type=dbe count=1"}, interval}},
	"throttle": {{"GPU 0 is too hot for 20 s", []string{"throttle gpu=0 reason=hw_thermal for 20s"}, interval}, {"it still is", nil, interval}, {"it has cooled", nil, interval}},
	"row-remap": {
		{"a row is remapped at the next reset", []string{"row_remap gpu=0 type=uncorrected count=1 pending"}, interval},
		{"GPU 0 is reset", []string{"reset gpu=0"}, interval},
		{"another one could not be", []string{"row_remap gpu=0 type=uncorrected count=1 failed"}, interval},
	},
	"recovery": {
		{"GPU 0 asks to be reset", []string{"recovery gpu=0 action=gpu_reset"}, interval},
		{"for a reboot", []string{"recovery gpu=0 action=node_reboot"}, interval},
		{"to be drained", []string{"recovery gpu=0 action=drain_p2p"}, interval},
		{"and to be reset then", []string{"recovery gpu=0 action=drain_and_reset"}, interval},
		{"for nothing", []string{"recovery gpu=0 action=none"}, interval},
	},
	"health": {
		{"its health is checked", nil, slowPeriod},
		{"NVLink 3 of GPU 0 has errors", []string{"field gpu=0 id=409 value=200"}, slowPeriod},
		{"and is down", []string{"link gpu=0 link=3 state=down"}, slowPeriod},
		{"and up", []string{"link gpu=0 link=3 state=up"}, slowPeriod},
	},
	"xid-79": {
		{"GPU 0 falls off the bus", []string{"xid gpu=0 code=79", "gpu_lost gpu=0"}, interval},
		{"it stays away", nil, interval},
		{"it is back and asks for a reset", []string{"gpu_restored gpu=0", "recovery gpu=0 action=gpu_reset"}, interval},
		{"it is reset", []string{"reset gpu=0", "recovery gpu=0 action=none"}, interval},
	},
	"xid-119": {
		{"the host engine calls the driver no longer", []string{"xid gpu=0 code=119", "field gpu=* id=1-229,231-1612 value=stale"}, 4 * interval},
		{"it is restarted", []string{"engine_dies for 5s", "unfield gpu=* id=1-229,231-1612"}, 2 * slowPeriod},
	},
	"xid-mig": {
		{"GPU 0 is partitioned", []string{"mig_reconfigure gpu=0 layout=1g.10gb,1g.10gb"}, slowPeriod},
		{"an instance has an XID, and a compute instance another one", []string{"xid gpu=0 gi=1 code=95", "xid gpu=0 ci=0 code=43"}, interval},
		{"the instance is gone", []string{"mig_reconfigure gpu=0 layout=none"}, slowPeriod},
		{"GPU 0 is reset", []string{"reset gpu=0"}, 2 * interval},
	},
	"xid-burst": {
		{"a thousand equal codes within a second", []string{"xid gpu=0 code=31 count=1000 spread=1ms"}, interval},
		{"a thousand mixed ones", []string{"xid gpu=0 code=31 count=400 spread=2500us", "xid gpu=0 code=43 count=400 spread=2500us", "xid gpu=1 code=43 count=200 spread=5ms"}, interval},
	},
	"xid-engine": {
		{"GPU 0 has XID 31", []string{"xid gpu=0 code=31"}, interval},
		{"the host engine dies with an XID that nobody has read", []string{"xid gpu=0 code=43", "engine_dies"}, interval},
		{"an XID comes while it is dead", []string{"xid gpu=0 code=45"}, interval},
		{"it is back", []string{"engine_returns"}, 2 * slowPeriod},
		{"GPU 0 has XID 31 again", []string{"xid gpu=0 code=31"}, 2 * slowPeriod},
	},
	"gpu-lost":  {{"GPU 0 falls off the bus", []string{"gpu_lost gpu=0"}, interval}, {"it stays away", nil, interval}, {"it is back", []string{"gpu_restored gpu=0"}, interval}, {"with two samples again", nil, interval}},
	"reset":     {{"GPU 0 is reset", []string{"reset gpu=0"}, interval}, {"and counts from its reset", nil, interval}},
	"detach":    {{"GPU 0 is unbound", []string{"gpu_detached gpu=0"}, interval}, {"and bound", []string{"gpu_attached gpu=0"}, interval}, {"its watches are rebuilt", nil, 2 * slowPeriod}},
	"hot-plug":  {{"a GPU comes", []string{"gpu_added 2 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0 serial=3"}, interval}, {"with two samples", nil, interval}, {"it goes", []string{"gpu_removed gpu=2"}, interval}},
	"mig":       {{"GPU 0 is partitioned", []string{"mig_reconfigure gpu=0 layout=1g.10gb,1g.10gb"}, slowPeriod}, {"and is whole again", []string{"mig_reconfigure gpu=0 layout=none"}, slowPeriod}},
	"profiling": {{"a profiler takes GPU 0's counters", []string{"profiling_paused gpu=0"}, interval}, {"until they are stale", nil, 3 * interval}, {"it is done", []string{"profiling_resumed gpu=0"}, interval}, {"with two samples again", nil, interval}},
	"engine":    {{"the host engine dies", []string{"engine_dies"}, interval}, {"it stays dead", nil, 2 * slowPeriod}, {"it is back", []string{"engine_returns"}, 2 * slowPeriod}},
	"stale":     {{"the driver stops to answer for one field", []string{"field gpu=0 id=155 value=stale"}, interval}, {"its last value is too old", nil, 3 * interval}, {"it answers again", []string{"unfield gpu=0 id=155"}, interval}},
	"implausible": {{"GPU 0 answers what no board can have", []string{
		"field gpu=0 id=150 value=82505", "field gpu=0 id=140 value=4278190080", "field gpu=0 id=155 value=-5", "field gpu=0 id=156 value=-1", "field gpu=0 id=252 value=9000000000000",
		"field gpu=0 id=310 value=-7", "field gpu=0 id=1001 value=7.5", "field gpu=0 id=1009 value=-1000000", "field gpu=0 id=1011 value=1e15", "field gpu=0 id=112 value=4278190080", "field gpu=0 id=1523 value=82505", "field gpu=0 id=395 value=82505",
	}, interval}, {"it answers as ever", []string{"unfield gpu=0 id=150", "unfield gpu=0 id=140", "unfield gpu=0 id=155", "unfield gpu=0 id=156", "unfield gpu=0 id=252", "unfield gpu=0 id=310", "unfield gpu=0 id=1001", "unfield gpu=0 id=1009", "unfield gpu=0 id=1011", "unfield gpu=0 id=112", "unfield gpu=0 id=1523", "unfield gpu=0 id=395"}, interval}},
	"blank": {{"values of every sort of blank", []string{"field gpu=0 id=155 value=blank", "field gpu=0 id=150 value=not_supported", "field gpu=0 id=140 value=not_permissioned", "field gpu=0 id=100 value=status:-3"}, interval}, {"all is well", []string{"unfield gpu=0 id=155", "unfield gpu=0 id=150", "unfield gpu=0 id=140", "unfield gpu=0 id=100"}, interval}},
}

// jittery are the lines of a story that depend on when the receiver reconnects, which has jitter.
var jittery = map[string]*regexp.Regexp{
	"engine":     reconnecting,
	"xid-119":    reconnecting,
	"xid-engine": reconnecting,
}

var reconnecting = regexp.MustCompile(`(?m)^  (dcgm\.values\.dropped|gpu\.nvlink\.io)\{.*\n`)

func steadyLines(story, text string) string {
	if re := jittery[story]; re != nil {
		return re.ReplaceAllString(text, "")
	}
	return text
}

// recordLines are the records from one on, equal ones once with how many they are.
func (s *simulation) recordLines(from int) string {
	var lines strings.Builder
	records := recordsOf(s.records)[from:]
	counts, order := map[string]int{}, []string(nil)
	for _, record := range records {
		text := recordText(record)
		if counts[text]++; counts[text] == 1 {
			order = append(order, text)
		}
	}
	slices.Sort(order)
	for _, text := range order {
		fmt.Fprintf(&lines, "  %d record %s\n", counts[text], text)
	}
	return lines.String()
}

// recordText leaves out who the GPU is but for its name, and what the message of an XID says.
func recordText(record plog.LogRecord) string {
	parts := []string{record.EventName(), record.SeverityText()}
	attributes := record.Attributes().AsRaw()
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		if !slices.Contains([]string{"hw.id", "hw.model", "hw.vendor", "gpu.pci.bus_id", "log.record.uid", "gpu.xid.meaning", "gpu.xid.mnemonic"}, key) {
			parts = append(parts, fmt.Sprintf("%s=%v", key, attributes[key]))
		}
	}
	return strings.Join(parts, " ")
}

func TestFaultsChangeWhatTheyShouldAndNothingElse(t *testing.T) {
	for name, acts := range faults {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				t := s.t
				s.pass(interval)
				s.pass(interval)
				var story strings.Builder
				before := s.now()
				story.WriteString("before:\n" + before.lines())
				for _, act := range acts {
					said := len(recordsOf(s.records))
					s.sim.Send(act.events...)
					for range act.wait / interval {
						s.pass(interval)
					}
					after := s.now()
					story.WriteString(act.title + ":\n" + steadyLines(name, after.changes(before)) + s.recordLines(said))
					before = after
				}
				s.requireOneSeriesPerThing()
				requireGolden(t, "fault-"+name, story.String())
			})
		})
	}
}

// Numbers are DCGM's, and another GPU may get one: after a reset, or when one has been swapped.
func TestAnotherGPUUnderANumberIsNeverTakenForTheOneBefore(t *testing.T) {
	const before, after = "GPU-00000000-0000-0000-0000-000000000000", "GPU-00000000-0000-0000-0000-000000000009"
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		for _, swap := range [][2]string{{before, after}, {after, before}} {
			s.sim.Send("gpu_removed gpu=0", "gpu_added 0 model=h100 uuid="+swap[1]+" pci=00000000:01:00.0 serial=9")
			swapped := time.Now()
			for range 3 {
				s.pass(interval)
				batches := s.sink.AllMetrics()
				require.Empty(t, startsOf(batches[len(batches)-1], swap[0]), "nothing is said of a GPU whose slot another one has")
				starts := startsOf(batches[len(batches)-1], swap[1])
				require.Contains(t, starts, "hw.power")
				require.Contains(t, starts, "hw.energy")
				require.False(t, starts["hw.energy"].Before(swapped), "no counter continues over a swap")
			}
		}
		require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "2 ")
	})
}

// startsOf returns the start timestamps of a GPU's series by metric.
func startsOf(md pmetric.Metrics, id string) map[string]time.Time {
	starts := map[string]time.Time{}
	for m, point := range points(md) {
		if idOf(point) == id {
			starts[m.Name()] = point.StartTimestamp().AsTime()
		}
	}
	return starts
}
