// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/selftelemetrytest"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// Periods of the tests' receivers.
const (
	interval   = 10 * time.Second
	slowPeriod = time.Minute
)

// statusHost is a host that remembers what components report.
type statusHost struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *statusHost) statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []componentstatus.Status
	for _, event := range h.events {
		out = append(out, event.Status())
	}
	return out
}

// firstError is the error of the first event, nil before there is one.
func (h *statusHost) firstError() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return nil
	}
	return h.events[0].Err()
}

// rig is a receiver whose every output is captured.
type rig struct {
	*gpuReceiver
	t    *testing.T
	host *statusHost
	self *selftelemetrytest.Receiver
	logs *observer.ObservedLogs
	sink *consumertest.MetricsSink

	records *consumertest.LogsSink
}

func newRig(t *testing.T, cfg *Config, next consumer.Metrics) *rig {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	set := receivertest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	sink := &consumertest.MetricsSink{}
	if next == nil {
		next = sink
	}
	r, err := newGPUReceiver(cfg, set)
	require.NoError(t, err)
	records := &consumertest.LogsSink{}
	r.metrics, r.logs = next, records
	self := &selftelemetrytest.Receiver{}
	r.loop.Self, r.collector.self = self, self
	return &rig{gpuReceiver: r, t: t, host: &statusHost{Host: componenttest.NewNopHost()}, self: self, logs: logs, sink: sink, records: records}
}

func (r *rig) start() {
	r.t.Helper()
	require.NoError(r.t, r.Start(r.t.Context(), r.host))
}

func (r *rig) stop() {
	r.t.Helper()
	require.NoError(r.t, r.Shutdown(context.Background()))
}

// last returns the series of the newest batch.
func (r *rig) last(origin time.Time) seriesText {
	r.t.Helper()
	batches := r.sink.AllMetrics()
	require.NotEmpty(r.t, batches)
	return render(batches[len(batches)-1], origin)
}

// collectOnce is a tick of a receiver that is not running.
func (r *gpuReceiver) collectOnce(ctx context.Context) { r.deliver(ctx, r.collection(ctx, time.Now())) }
