// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

const (
	firstUUID = "GPU-00000000-0000-0000-0000-000000000000"
	otherUUID = "GPU-00000000-0000-0000-0000-000000000009"
	otherGPU  = "gpu_added 0 model=h100 uuid=" + otherUUID + " pci=00000000:01:00.0 serial=9"
)

// ownersOf lists the XIDs as code, hw.id, numbers of the instance and hw.parent.
func ownersOf(sink *consumertest.LogsSink) (out []string) {
	for _, record := range xidRecords(sink) {
		a := record.Attributes().AsRaw()
		out = append(out, fmt.Sprint(a["gpu.xid.code"], " ", a["hw.id"], " ", a["gpu.mig.gi"], " ", a["hw.parent"], " ", a["dcgm.entity.id"]))
	}
	return out
}

// counted lists gpu.xid.errors of the newest batch as hw.id, code and value.
func (s *simulation) counted() (out []string) {
	batches := s.sink.AllMetrics()
	for m, point := range points(batches[len(batches)-1]) {
		if m.Name() == "gpu.xid.errors" {
			a := point.Attributes().AsRaw()
			out = append(out, fmt.Sprint(a["hw.id"], " ", a["gpu.xid.code"], " ", point.IntValue()))
		}
	}
	slices.Sort(out)
	return out
}

// An XID is of whoever had DCGM's number when it came, though it is read when another one has it.
func TestXIDIsOfWhoeverHadTheNumberThen(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		events []string
		want   func(instance string) string
	}{
		"GPU that is replaced":                    {nil, []string{"xid gpu=0 code=48", "advance 1s", "gpu_removed gpu=0", otherGPU}, func(string) string { return "48 " + firstUUID + " <nil> <nil> <nil>" }},
		"GPU that is removed":                     {nil, []string{"xid gpu=0 code=79", "advance 1s", "gpu_removed gpu=0"}, func(string) string { return "79 " + firstUUID + " <nil> <nil> <nil>" }},
		"instance of another layout":              {nil, []string{"xid gpu=0 gi=0 code=94", "advance 1s", "mig_reconfigure gpu=0 layout=1g.10gb,1g.10gb"}, func(id string) string { return "94 " + id + " 9 " + firstUUID + " <nil>" }},
		"instance of the same layout once more":   {nil, []string{"xid gpu=0 gi=0 code=94", "advance 1s", "mig_reconfigure gpu=0 layout=1g.10gb,3g.40gb"}, func(id string) string { return "94 " + id + " 9 " + firstUUID + " <nil>" }},
		"instance when MIG is turned off":         {nil, []string{"xid gpu=0 gi=0 code=94", "advance 500ms", "mig_reconfigure gpu=0 layout=none"}, func(id string) string { return "94 " + id + " 9 " + firstUUID + " <nil>" }},
		"instance in a GPU that is removed":       {nil, []string{"xid gpu=0 gi=0 code=94", "advance 500ms", "gpu_removed gpu=0"}, func(id string) string { return "94 " + id + " 9 " + firstUUID + " <nil>" }},
		"instance in a GPU that is forgotten too": {func(cfg *Config) { cfg.ForgetAfter = time.Minute }, []string{"xid gpu=0 gi=0 code=94", "advance 500ms", "gpu_removed gpu=0"}, func(id string) string { return "94 " + id + " 9 " + firstUUID + " <nil>" }},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, parted, tt.change, func(s *simulation) {
				s.pass(interval)
				_, ids := s.instanceSeries("hw.gpu.memory.usage")
				s.sim.Send(tt.events...)
				for range 9 {
					s.pass(interval)
				}
				want := tt.want(ids["9"])
				require.Equal(s.t, []string{want}, ownersOf(s.records))
				fields := strings.Fields(want)
				require.Equal(s.t, []string{fields[1] + " " + fields[0] + " 1"}, s.counted())
			})
		})
	}
}

// Where the Collector was not there when a number changed hands, nobody knows whose an XID from that time is.
func TestXIDOfNobodyKnowsWhomIsNotTheNewcomers(t *testing.T) {
	store := &extension{values: map[string][]byte{}}
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, parted, time.Now())
		sink := &consumertest.LogsSink{}
		run := func() *simulation {
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay = interval, 0
			withStorage(cfg)
			s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
			s.extend(store)
			s.gpuReceiver.logs = sink
			s.start()
			s.settle()
			s.pass(interval)
			return s
		}
		s := run()
		_, ids := s.instanceSeries("hw.gpu.memory.usage")
		s.stop()
		sim.Send("advance 5s", "xid gpu=0 gi=0 code=94", "xid gpu=1 code=13", "xid gpu=0 gi=1 code=43", "advance 4s", "mig_reconfigure gpu=0 layout=1g.10gb,1g.10gb")
		time.Sleep(9 * time.Second)
		s = run()
		defer s.stop()
		require.NotContains(t, strings.Join(ownersOf(sink), "\n"), ids["9"])
		require.ElementsMatch(t, []string{
			"94 <nil> <nil> " + firstUUID + " 0", "43 <nil> <nil> " + firstUUID + " 1", "13 GPU-00000000-0000-0000-0000-000000000001 <nil> <nil> <nil>",
		}, ownersOf(sink))
		require.Equal(t, []string{"GPU-00000000-0000-0000-0000-000000000001 13 1"}, s.counted())
		uids := map[any]bool{}
		for _, record := range xidRecords(sink) {
			uids[record.Attributes().AsRaw()["log.record.uid"]] = true
		}
		require.Len(t, uids, 3)
		require.Contains(t, xidRecords(sink)[0].Body().Str(), "on what was DCGM's gi")
	})
}

// At the first connection ever a MIG instance that has a number may be another one than the one that had the XID.
func TestReplayedXIDsAreOfNoInstance(t *testing.T) {
	simulate(t, parted+"at 0s engine_dies for 1s\n", nil, func(s *simulation) {
		s.sim.Send("advance 1s", "xid gpu=0 gi=0 code=94", "xid gpu=0 code=48")
		s.pass(3 * interval)
		require.ElementsMatch(s.t, []string{"94 <nil> <nil> " + firstUUID + " 0", "48 " + firstUUID + " <nil> <nil> <nil>"}, ownersOf(s.records))
		require.Empty(s.t, s.counted())
	})
}

// A GPU that is lost tells nothing, and the Collector has started since it did.
func TestGPUThatWasLostBeforeARestartKeepsItsName(t *testing.T) {
	const lost, other = firstUUID, "GPU-00000000-0000-0000-0000-000000000001"
	for name, tt := range map[string]struct {
		events []string
		want   map[string]string
	}{
		"lost":                             {[]string{"gpu_lost gpu=0"}, map[string]string{"nvidia0": lost, "nvidia1": other}},
		"another GPU under its number":     {[]string{"gpu_removed gpu=0", otherGPU}, map[string]string{"nvidia0": otherUUID, "nvidia1": other}},
		"another one tells its UUID":       {[]string{"gpu_lost gpu=0", "field gpu=1 id=54 value=" + lost}, map[string]string{"nvidia0": "gpu0", "nvidia1": lost}},
		"both lost, in the order of old":   {[]string{"gpu_lost gpu=0", "gpu_lost gpu=1"}, map[string]string{"nvidia0": lost, "nvidia1": other}},
		"lost, and restored after a while": {[]string{"gpu_lost gpu=0", "advance 1m", "gpu_restored gpu=0"}, map[string]string{"nvidia0": lost, "nvidia1": other}},
	} {
		t.Run(name, func(t *testing.T) {
			store := &extension{values: map[string][]byte{}}
			synctest.Test(t, func(t *testing.T) {
				sim := simtest.StartAt(t, steady, time.Now())
				for _, events := range [][]string{nil, tt.events, nil} {
					sim.Send(events...)
					cfg := createDefaultConfig().(*Config)
					cfg.CollectionInterval, cfg.InitialDelay = interval, 0
					withStorage(cfg)
					s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
					s.extend(store)
					s.start()
					s.settle()
					s.pass(2 * interval)
					s.stop()
					if events != nil {
						require.Equal(t, tt.want, s.idsByName())
					}
				}
			})
		})
	}
}

// restarted runs a receiver for an interval before and one after some events, with the same storage, and returns the notices of the second.
func restarted(t *testing.T, scenario string, events ...string) (notices []string) {
	t.Helper()
	store := &extension{values: map[string][]byte{}}
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, scenario, time.Now())
		origin := time.Now()
		for i, some := range [][]string{nil, events, nil} {
			sim.Send(some...)
			sim.Advance(2 * time.Hour)
			time.Sleep(2 * time.Hour)
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay = interval, 0
			withStorage(cfg)
			s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: origin}
			s.extend(store)
			s.start()
			s.settle()
			s.pass(2 * interval)
			s.stop()
			if got := s.notices(); i == 0 {
				require.Empty(t, got)
			} else {
				notices = append(notices, got...)
			}
		}
	})
	return notices
}

func TestGPUsThatGoWhileTheCollectorIsDownAreReportedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		events []string
		want   []string
	}{
		"removed":     {[]string{"gpu_removed gpu=0"}, []string{"4h0m20s gpu.status ERROR nvidia0 gpu.state.previous=ok gpu.state=absent"}},
		"replaced":    {[]string{"gpu_removed gpu=0", otherGPU}, []string{"4h0m20s gpu.replaced WARN nvidia0 gpu.replacement.id=" + otherUUID}},
		"another one": {[]string{"gpu_added 2 model=h100 uuid=" + otherUUID + " pci=00000000:03:00.0 serial=9"}, nil},
		"none":        {nil, nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, restarted(t, steady, tt.events...)) })
	}
}
