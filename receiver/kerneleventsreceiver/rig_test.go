// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
)

// machine is a host whose kernel log is a file. It outlives the receivers that read it.
type machine struct {
	t       testing.TB
	path    string
	boot    string
	gpus    string
	pstore  string
	stored  map[string][]byte
	mu      sync.Mutex
	steps   time.Duration // of the wall clock
	written int
}

func newMachine(tb testing.TB) *machine {
	tb.Helper()
	dir := tb.TempDir()
	m := &machine{t: tb, path: filepath.Join(dir, "kmsg"), boot: "boot-1", gpus: driverFolder(tb), pstore: filepath.Join(dir, "pstore"), stored: map[string][]byte{}}
	m.write("")
	return m
}

var epoch = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func (m *machine) now() (time.Time, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return epoch.Add(m.steps), 1000 * time.Second
}

// write appends to the log as it is.
func (m *machine) write(text string) {
	m.t.Helper()
	file, err := os.OpenFile(m.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(m.t, err)
	_, err = file.WriteString(text)
	require.NoError(m.t, err)
	require.NoError(m.t, file.Close())
}

// log appends records, a millisecond apart and the first 1000 s after boot.
func (m *machine) log(lines ...string) {
	m.t.Helper()
	for _, line := range lines {
		m.write(fmt.Sprintf("4,%d,%d,-;%s\n", m.written, 1_000_000_000+1000*m.written, line))
		m.written++
	}
}

const xid79 = "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus."

func xidLine(code int) string {
	return fmt.Sprintf("NVRM: Xid (PCI:0000:3b:00): %d, pid=1, name=a", code)
}

// rig is a receiver on a machine, and what comes out of it.
type rig struct {
	*machine
	cfg      *Config
	receiver *kernelReceiver
	logs     *consumertest.LogsSink
	metrics  *consumertest.MetricsSink
	refuse   func() error // of logs
	host     *host
	logged   *observer.ObservedLogs
	only     string // "logs" or "metrics" for a single pipeline
	pipes    []component.Component
}

type host struct {
	extensions map[component.ID]component.Component
	mu         sync.Mutex
	reported   []componentstatus.Status
	last       error
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reported = append(h.reported, event.Status())
	h.last = event.Err()
}

// statuses returns what was reported; both pipelines are told.
func (h *host) statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Compact(slices.Clone(h.reported))
}

func (m *machine) rig(configure ...func(*Config)) *rig {
	r := &rig{machine: m, cfg: createDefaultConfig().(*Config), logs: new(consumertest.LogsSink), metrics: new(consumertest.MetricsSink), host: &host{}}
	r.cfg.Path = m.path
	r.cfg.StartAt = startBoot
	for _, c := range configure {
		c(r.cfg)
	}
	if r.cfg.Storage != nil {
		r.host.extensions = map[component.ID]component.Component{*r.cfg.Storage: keeper{m: m}}
	}
	return r
}

// stored makes the receiver keep its position.
func stored(cfg *Config) {
	cfg.StartAt = startStored
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
}

func (r *rig) start() *rig {
	r.t.Helper()
	set := receivertest.NewNopSettings(metadata.Type)
	var core zapcore.Core
	core, r.logged = observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	r.pipelines(set)
	for _, pipe := range r.pipes {
		require.NoError(r.t, pipe.Start(r.t.Context(), r.host))
	}
	return r
}

// pipelines makes the receiver of a logs and a metrics pipeline, on the machine.
func (r *rig) pipelines(set receiver.Settings) {
	r.t.Helper()
	f := NewFactory()
	if r.only != "metrics" {
		next, err := consumer.NewLogs(func(ctx context.Context, logs plog.Logs) error {
			if r.refuse != nil {
				if err := r.refuse(); err != nil {
					return err
				}
			}
			return r.logs.ConsumeLogs(ctx, logs)
		})
		require.NoError(r.t, err)
		pipe, err := f.CreateLogs(r.t.Context(), set, r.cfg, next)
		require.NoError(r.t, err)
		r.pipes = append(r.pipes, pipe)
	}
	if r.only != "logs" {
		pipe, err := f.CreateMetrics(r.t.Context(), set, r.cfg, r.metrics)
		require.NoError(r.t, err)
		r.pipes = append(r.pipes, pipe)
	}
	r.receiver = r.pipes[0].(*receiverloop.Instance[*kernelReceiver]).Receiver
	r.receiver.system = system{now: r.now, bootID: func() string { return r.boot }, gpus: r.gpus, pstore: r.pstore}
}

func (r *rig) stop() {
	r.t.Helper()
	for _, pipe := range r.pipes {
		require.NoError(r.t, pipe.Shutdown(context.Background()))
	}
}

// kill ends the receiver without any of what a stop does.
func (r *rig) kill() {
	r.t.Helper()
	before := maps.Clone(r.stored)
	sink := r.logs
	r.logs = new(consumertest.LogsSink)
	r.stop()
	r.logs = sink
	r.stored = before
}

func (r *rig) records() []plog.LogRecord {
	var records []plog.LogRecord
	for _, logs := range r.logs.AllLogs() {
		for _, rl := range logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, record := range sl.LogRecords().All() {
					records = append(records, record)
				}
			}
		}
	}
	return records
}

// bodies returns the first line of each event.
func (r *rig) bodies() []string {
	bodies := []string{}
	for _, record := range r.records() {
		body, _, _ := strings.Cut(record.Body().Str(), "\n")
		bodies = append(bodies, body)
	}
	return bodies
}

// points returns the newest data points of a metric, by their attributes.
func (r *rig) points(name string) map[string]int64 {
	points := map[string]int64{}
	all := r.metrics.AllMetrics()
	if len(all) == 0 {
		return points
	}
	for _, rm := range all[len(all)-1].ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, metric := range sm.Metrics().All() {
				if metric.Name() == name {
					addPoints(points, metric)
				}
			}
		}
	}
	return points
}

func addPoints(points map[string]int64, metric pmetric.Metric) {
	for _, point := range metric.Sum().DataPoints().All() {
		raw := point.Attributes().AsRaw()
		var values []string
		for _, key := range slices.Sorted(maps.Keys(raw)) {
			values = append(values, fmt.Sprint(raw[key]))
		}
		points[strings.Join(values, " ")] = point.IntValue()
	}
}

// keeper is a storage extension that keeps in memory.
type keeper struct {
	component.StartFunc
	component.ShutdownFunc
	m *machine
}

func (k keeper) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return client{k.m}, nil
}

type client struct{ m *machine }

func (c client) Get(_ context.Context, key string) ([]byte, error) { return c.m.stored[key], nil }

func (c client) Set(_ context.Context, key string, value []byte) error {
	c.m.stored[key] = value
	return nil
}

func (c client) Delete(context.Context, string) error               { return nil }
func (c client) Batch(context.Context, ...*storage.Operation) error { return nil }
func (c client) Close(context.Context) error                        { return nil }

// settle lets the receiver read what there is, and push it with the metrics of a moment later.
func settle() { time.Sleep(30 * time.Second); synctest.Wait() }
