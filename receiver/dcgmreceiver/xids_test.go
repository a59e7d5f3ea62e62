// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/events"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// xidsOf lists XIDs as time on the node, device and code, those that were replayed with an r.
func xidsOf(sink *consumertest.LogsSink, origin time.Time) []string {
	var out []string
	for _, record := range xidRecords(sink) {
		attributes := record.Attributes().AsRaw()
		text := fmt.Sprintf("%s %v %v", record.Timestamp().AsTime().Sub(origin), attributes["hw.name"], attributes["gpu.xid.code"])
		if attributes["gpu.xid.replayed"] == true {
			text += " r"
		}
		out = append(out, text)
	}
	return out
}

// xidRecords are the records of XIDs alone.
func xidRecords(sink *consumertest.LogsSink) []plog.LogRecord {
	return slices.DeleteFunc(recordsOf(sink), func(record plog.LogRecord) bool { return record.EventName() != "gpu.xid" })
}

func recordsOf(sink *consumertest.LogsSink) (out []plog.LogRecord) {
	for _, logs := range sink.AllLogs() {
		records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		for i := range records.Len() {
			out = append(out, records.At(i))
		}
	}
	return out
}

func (s *simulation) xids() []string { return xidsOf(s.records, s.origin) }

// errorsOf is the value of gpu.xid.errors, "" where there is none.
func (s *simulation) errorsOf(device string, code int) string {
	value, _, _ := strings.Cut(s.now()[fmt.Sprintf("gpu.xid.errors{gpu.xid.code=%d hw.name=%s}", code, device)], " ")
	return value
}

func TestXIDHasARecordThatSaysWhatToDo(t *testing.T) {
	simulate(t, steady+"at 5s xid gpu=0 code=79\n", nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		records := xidRecords(s.records)
		require.Len(t, records, 1)
		record := records[0]
		require.Equal(t, "gpu.xid", record.EventName())
		require.Equal(t, s.origin.Add(5*time.Second), record.Timestamp().AsTime().Local())
		require.Equal(t, plog.SeverityNumberFatal, record.SeverityNumber())
		require.Equal(t, "FATAL", record.SeverityText())
		attributes := record.Attributes().AsRaw()
		require.Regexp(t, `^[0-9a-f-]{36}$`, attributes["log.record.uid"])
		delete(attributes, "log.record.uid")
		require.Equal(t, map[string]any{
			"hw.id": "GPU-00000000-0000-0000-0000-000000000000", "hw.name": "nvidia0", "hw.model": "NVIDIA H100 80GB HBM3", "hw.vendor": "nvidia",
			"gpu.pci.bus_id": "00000000:01:00.0", "gpu.xid.code": int64(79), "gpu.xid.mnemonic": xid.Default().XID(79).Mnemonic,
			"gpu.xid.meaning": xid.Default().XID(79).Meaning, "gpu.xid.action": "RESTART_BM", "gpu.xid.investigatory_action": "CONTACT_SUPPORT",
		}, attributes)
		require.Equal(t, "XID 79 on nvidia0 (GPU-00000000-0000-0000-0000-000000000000); "+xid.Default().XID(79).Meaning+"; NVIDIA's action: RESTART_BM", record.Body().Str())
		resource := s.records.AllLogs()[0].ResourceLogs().At(0)
		require.Equal(t, s.sink.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes().AsRaw(), resource.Resource().Attributes().AsRaw())

		require.Equal(t, "1 at 10s since 0s", s.now()["gpu.xid.errors{gpu.xid.code=79 hw.name=nvidia0}"])
		seconds, err := strconv.ParseFloat(strings.Fields(s.now()["gpu.xid.last{gpu.xid.code=79 hw.name=nvidia0}"])[0], 64)
		require.NoError(t, err)
		require.InDelta(t, s.origin.Add(5*time.Second).Unix(), seconds, 100, "as far as the text of a golden file has digits")
	})
}

func TestOverridesChangeRecords(t *testing.T) {
	change := func(cfg *Config) {
		cfg.XIDs = map[string]xid.Override{"13": {Severity: "fatal", Action: "RESET_GPU"}}
	}
	simulate(t, steady+"at 5s xid gpu=0 code=13\nat 6s xid gpu=0 code=9999\n", change, func(s *simulation) {
		t := s.t
		s.pass(interval)
		records := xidRecords(s.records)
		require.Len(t, records, 2)
		require.Equal(t, plog.SeverityNumberFatal, records[0].SeverityNumber())
		require.Equal(t, "RESET_GPU", records[0].Attributes().AsRaw()["gpu.xid.action"])
		require.Equal(t, plog.SeverityNumberWarn, records[1].SeverityNumber())
		require.Equal(t, int64(9999), records[1].Attributes().AsRaw()["gpu.xid.code"], "a code that nobody knows has its number")
		require.NotContains(t, records[1].Attributes().AsRaw(), "gpu.xid.meaning")
		require.Equal(t, "1", s.errorsOf("nvidia0", 9999))
	})
}

func TestBurstOfEqualXIDsLosesNone(t *testing.T) {
	for name, burst := range map[string][]string{
		"one a second, as the thread of a host engine takes them": {"xid gpu=0 code=31 count=1000"},
		"within a second": {"xid gpu=0 code=31 count=1000 spread=1ms"},
		"mixed":           {"xid gpu=0 code=31 count=500 spread=1ms", "xid gpu=0 code=43 count=500 spread=1ms"},
	} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, func(cfg *Config) { cfg.CollectionInterval = time.Minute }, func(s *simulation) {
				t := s.t
				s.sim.Send(burst...)
				for range 20 {
					s.pass(time.Minute)
				}
				records := xidRecords(s.records)
				require.Len(t, records, 1000)
				uids := map[any]bool{}
				for _, record := range records {
					uids[record.Attributes().AsRaw()["log.record.uid"]] = true
				}
				require.Len(t, uids, 1000)
				if name == "mixed" {
					require.Equal(t, []string{"500", "500"}, []string{s.errorsOf("nvidia0", 31), s.errorsOf("nvidia0", 43)})
					return
				}
				require.Equal(t, "1000", s.errorsOf("nvidia0", 31))
			})
		})
	}
}

func TestXIDsBeyondTheBoundOfCodesAreOneSeries(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		for code := range 70 {
			s.sim.Send(fmt.Sprintf("xid gpu=0 code=%d spread=1ms", code+1))
		}
		s.pass(interval)
		var codes int
		for series := range s.now() {
			if strings.HasPrefix(series, "gpu.xid.errors{gpu.xid.code=") {
				codes++
			}
		}
		require.Equal(t, 64, codes)
		require.Regexp(t, "^6 ", s.now()["gpu.xid.errors{hw.name=nvidia0 otel.metric.overflow=true}"])
		require.Len(t, xidRecords(s.records), 70, "records have no bound")
	})
}

func TestXIDsHeldBeforeTheFirstConnectionAreReplayed(t *testing.T) {
	simulate(t, steady+"at 0s engine_dies for 1s\n", nil, func(s *simulation) {
		s.sim.Send("advance 1s", "xid gpu=0 code=79")
		s.pass(3 * interval)
		require.Equal(s.t, []string{"1s nvidia0 79 r"}, s.xids())
		require.Empty(s.t, s.errorsOf("nvidia0", 79))
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Equal(s.t, "1", s.errorsOf("nvidia0", 79))
	})
}

func TestXIDsAreCountedOverRestartsOfTheHostEngine(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.sim.Send("xid gpu=0 code=31")
		s.pass(interval)
		s.sim.Send("engine_dies for 5s")
		s.pass(2 * interval)
		s.sim.Send("xid gpu=0 code=31")
		s.pass(lastBackoff)
		s.pass(interval)
		require.Len(t, s.xids(), 2)
		require.Equal(t, "2", s.errorsOf("nvidia0", 31))
		for _, text := range s.xids() {
			require.NotContains(t, text, " r")
		}
	})
}

// The GPU is lost with its XID, and stays in the counters.
func TestXIDOfAGPUThatIsLostIsSeen(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.sim.Send("xid gpu=0 code=79", "gpu_lost gpu=0")
		s.pass(interval)
		require.Equal(t, []string{"0s nvidia0 79"}, s.xids())
		for range 3 {
			require.Regexp(t, "^0 ", s.now()["gpu.up{hw.name=nvidia0}"])
			require.Equal(t, "1", s.errorsOf("nvidia0", 79))
			s.pass(slowPeriod)
		}
	})
}

func TestLogsPipelineNeedsNoMetricsPipelineAndTheOtherWayRound(t *testing.T) {
	simulateWith(t, steady, nil, func(r *rig) { r.metrics = nil }, func(s *simulation) {
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Equal(s.t, []string{"0s nvidia0 79"}, s.xids())
		require.Empty(s.t, s.sink.AllMetrics())
	})
	simulateWith(t, steady, nil, func(r *rig) { r.gpuReceiver.logs = nil }, func(s *simulation) {
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Empty(s.t, s.records.AllLogs())
		require.Equal(s.t, "1", s.errorsOf("nvidia0", 79))
	})
}

func TestXIDsAreNotReadWhereNobodyWantsThem(t *testing.T) {
	off := func(cfg *Config) {
		cfg.MetricsBuilderConfig.Metrics.GpuXidErrors.Enabled = false
		cfg.MetricsBuilderConfig.Metrics.GpuXidLast.Enabled = false
	}
	simulateWith(t, steady, off, func(r *rig) { r.gpuReceiver.logs = nil }, func(s *simulation) {
		s.pass(interval)
		require.Empty(s.t, s.collector.eventWatches(events.FieldXID))
	})
}

// fussy takes no logs for a while.
type fussy struct {
	consumertest.LogsSink

	mu     sync.Mutex
	refuse error
	calls  int
}

func (f *fussy) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.refuse != nil {
		return f.refuse
	}
	return f.LogsSink.ConsumeLogs(ctx, logs)
}

// refuses has logs refused from now on, and returns how often it was called before.
func (f *fussy) refuses(with error) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.calls
	f.refuse, f.calls = with, 0
	return calls
}

func TestRecordsWaitForAPipelineThatRefusesThem(t *testing.T) {
	next := &fussy{refuse: errors.New("queue is full")}
	simulateWith(t, steady, nil, func(r *rig) { r.gpuReceiver.logs = next }, func(s *simulation) {
		t := s.t
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Equal(t, 1, next.refuses(errors.New("queue is full")))
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
		s.sim.Send("xid gpu=0 code=31")
		s.pass(interval)
		next.refuses(nil)
		s.pass(interval)
		require.Equal(t, []string{"0s nvidia0 79", "10s nvidia0 31"}, xidsOf(&next.LogsSink, s.origin))
		require.Equal(t, componentstatus.StatusOK, s.host.statuses()[1])

		next.refuses(consumererror.NewPermanent(errors.New("not for me")))
		s.sim.Send("xid gpu=0 code=45")
		s.pass(interval)
		s.pass(interval)
		require.Equal(t, 1, next.refuses(nil), "what is refused for ever is not offered again")
	})
}

// extension is a storage extension in memory.
type extension struct {
	component.StartFunc
	component.ShutdownFunc
	opened []string

	mu     sync.Mutex
	values map[string][]byte
	fail   error
}

func (e *extension) breaks(with error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fail = with
}

func (e *extension) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	e.opened = append(e.opened, fmt.Sprintf("%s %s %q", kind, id, name))
	return e, nil
}

func (e *extension) Batch(_ context.Context, ops ...*storage.Operation) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return e.fail
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = e.values[op.Key]
		case storage.Set:
			e.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(e.values, op.Key)
		}
	}
	return nil
}

func (e *extension) Get(context.Context, string) ([]byte, error) { return nil, errors.ErrUnsupported }
func (e *extension) Set(context.Context, string, []byte) error   { return errors.ErrUnsupported }
func (e *extension) Delete(context.Context, string) error        { return errors.ErrUnsupported }
func (e *extension) Close(context.Context) error                 { return nil }

// extendedHost is a host with extensions.
type extendedHost struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h extendedHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

var storageID = component.MustNewID("file_storage")

func withStorage(cfg *Config) { cfg.Storage = &storageID }

func (r *rig) extend(e component.Component) {
	r.host.Host = extendedHost{r.host.Host, map[component.ID]component.Component{storageID: e}}
}

func TestEventsGoOnAfterARestartOfTheCollector(t *testing.T) {
	store := &extension{values: map[string][]byte{}}
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, steady, time.Now())
		origin := time.Now()
		sink := &consumertest.LogsSink{}
		var last *simulation
		for i := range 5 { // Each receiver is killed: what it did not write is gone.
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval, cfg.InitialDelay = interval, 0
			withStorage(cfg)
			s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: origin}
			s.extend(store)
			s.gpuReceiver.logs = sink
			s.start()
			s.settle()
			sim.Send(fmt.Sprintf("xid gpu=0 code=%d", 10+i))
			s.pass(interval)
			killed := maps.Clone(store.values)
			s.stop()
			store.values = killed
			sim.Send("xid gpu=1 code=31") // while nobody reads
			sim.Advance(time.Second)
			time.Sleep(time.Second)
			last = s
		}
		require.Len(t, xidsOf(sink, origin), 9)
		require.Equal(t, "4", last.errorsOf("nvidia1", 31))
		for i := range 5 {
			require.Equal(t, "1", last.errorsOf("nvidia0", 10+i))
		}
		require.Regexp(t, `^Receiver dcgm/\S+ ""$`, store.opened[0])
	})
}

func TestStorageThatIsMissingEndsTheStart(t *testing.T) {
	for name, tt := range map[string]struct {
		extensions map[component.ID]component.Component
		want       string
	}{
		"missing":     {nil, `"storage": extension "file_storage" is not among "service::extensions"`},
		"another one": {map[component.ID]component.Component{storageID: struct{ component.Component }{}}, `"storage": extension "file_storage" is no storage extension`},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			withStorage(cfg)
			r := newRig(t, cfg, nil)
			r.host.Host = extendedHost{r.host.Host, tt.extensions}
			require.EqualError(t, r.Start(t.Context(), r.host), tt.want)
			require.NoError(t, r.Shutdown(context.Background()))
		})
	}
}

func TestStorageThatFailsDegradesTheReceiverAndLosesNoEvent(t *testing.T) {
	store := &extension{values: map[string][]byte{}, fail: errors.New("disk is full")}
	simulateWith(t, steady, withStorage, func(r *rig) { r.extend(store) }, func(s *simulation) {
		t := s.t
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Equal(t, []string{"0s nvidia0 79"}, s.xids())
		require.ErrorContains(t, s.host.firstError(), "write the journal of events: disk is full")
		require.Positive(t, s.self.Report().Errors[kindStorage])
		store.breaks(nil)
		s.pass(interval)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
		require.NotEmpty(t, store.values)
	})
}

// TestRecordingOfARealHostEngineGivesItsXIDs reads the node of the recording at its pace, and compares with the samples that the real
// engine gave.
func TestRecordingOfARealHostEngineGivesItsXIDs(t *testing.T) {
	const lateness = 50 * time.Millisecond // of the recorded thread
	var want []string
	file, err := os.Open("internal/dcgm/testdata/dcgm-4.6.0-xid-since.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct {
			Kind      string
			Field     int
			Status    int
			Entity    int    `json:"entity_id"`
			Value     string // of field 230
			Timestamp int64  `json:"ts_us,string"`
		}
		if json.Unmarshal(lines.Bytes(), &row) == nil && row.Kind == "value_since" && row.Field == 230 && row.Status == 0 {
			want = append(want, fmt.Sprintf("%d nvidia%d %s", time.UnixMicro(row.Timestamp).Round(lateness).UnixMilli(), row.Entity, row.Value))
		}
	}
	require.Len(t, want, 16)
	const start = 1795979203
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Unix(start, 0)))
		sim := simtest.StartAt(t, "internal/dcgm/testdata/xid-since.scenario", time.Unix(start, 0))
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval, cfg.InitialDelay = 500*time.Millisecond, 0
		s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Unix(start, 0)}
		s.start()
		defer s.stop()
		s.settle()
		for range 120 {
			s.pass(500 * time.Millisecond)
		}
		var got []string
		for _, record := range xidRecords(s.records) {
			attributes := record.Attributes().AsRaw()
			got = append(got, fmt.Sprintf("%d %s %d", record.Timestamp().AsTime().Round(lateness).UnixMilli(), attributes["hw.name"], attributes["gpu.xid.code"]))
		}
		require.Equal(t, want, got)
	})
}

func TestGPUsAreFrozenAfterXID119UntilTheHostEngineIsRestarted(t *testing.T) {
	for name, values := range map[string]string{"values stand still": "stale", "values are blank": "blank"} {
		t.Run(name, func(t *testing.T) {
			simulate(t, steady, nil, func(s *simulation) {
				t := s.t
				s.sim.Send("xid gpu=0 code=119", "field gpu=* id=1-229,231-1612 value="+values)
				for range 3 {
					s.pass(interval)
				}
				for _, gpu := range []string{"nvidia0", "nvidia1"} {
					require.Regexp(t, "^1 ", s.now()["gpu.status{gpu.state=frozen hw.name="+gpu+"}"])
					require.Regexp(t, "^0 ", s.now()["gpu.up{hw.name="+gpu+"}"])
					require.Regexp(t, "^1 ", s.now()["hw.status{hw.name="+gpu+" hw.state=degraded}"])
					require.NotContains(t, s.now(), "hw.power{hw.name="+gpu+"}")
				}
				require.Equal(t, "1", s.errorsOf("nvidia0", 119))
				require.Contains(t, xidRecords(s.records)[0].Body().Str(), "restart nv-hostengine")
				require.Equal(t, 1, s.logs.FilterMessageSnippet("recover the GPU, then restart nv-hostengine").Len())

				s.sim.Send("engine_dies for 5s", "unfield gpu=* id=1-229,231-1612")
				s.pass(lastBackoff)
				s.pass(interval)
				require.Regexp(t, "^1 ", s.now()["gpu.status{gpu.state=ok hw.name=nvidia0}"])
				require.Contains(t, s.now(), "hw.power{hw.name=nvidia1}")
			})
		})
	}
}

func TestXID119OfAHostEngineThatGoesOnFreezesNothing(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		s.sim.Send("xid gpu=0 code=119")
		for range 12 {
			s.pass(interval)
			require.Regexp(s.t, "^0 ", s.now()["gpu.status{gpu.state=frozen hw.name=nvidia0}"])
		}
		s.sim.Send("field gpu=0 id=1-229,231-1612 value=stale")
		for range 4 {
			s.pass(interval)
			require.Regexp(s.t, "^0 ", s.now()["gpu.status{gpu.state=frozen hw.name=nvidia0}"], "that is another fault, long after")
		}
	})
}
