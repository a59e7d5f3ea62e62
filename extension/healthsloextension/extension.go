// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/readings"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/restarts"
	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
)

// shutdownTimeout is what probes in flight get to finish. They are answered from memory: what
// is still open after it is a client that does not read, and must not hold up a reload.
const shutdownTimeout = time.Second

var (
	_ extensioncapabilities.Dependent       = (*healthSLO)(nil)
	_ extensioncapabilities.PipelineWatcher = (*healthSLO)(nil)
	_ componentstatus.Watcher               = (*healthSLO)(nil)
	_ gpureport.Observer                    = (*healthSLO)(nil)
)

// healthSLO connects the Collector's lifecycle to a [health.State], and that to HTTP.
type healthSLO struct {
	set   extension.Settings
	cfg   *Config
	state health.State

	readings readings.Store

	server    *http.Server // nil unless started
	samples   *samples
	telemetry *metadata.TelemetryBuilder
	done      chan struct{} // closed by Shutdown
	wg        sync.WaitGroup
}

func newHealthSLO(set extension.Settings, cfg *Config) *healthSLO {
	return &healthSLO{set: set, cfg: cfg}
}

// Dependencies are the extensions the server calls on each request: they start before it and
// stop after it.
func (h *healthSLO) Dependencies() []component.ID {
	var ids []component.ID
	if h.cfg.HTTP.Auth.HasValue() {
		ids = append(ids, h.cfg.HTTP.Auth.Get().AuthenticatorID)
	}
	for _, middleware := range h.cfg.HTTP.Middlewares {
		ids = append(ids, middleware.ID)
	}
	return ids
}

// Start binds the listener, so that a port in use stops the Collector here.
func (h *healthSLO) Start(ctx context.Context, host component.Host) error {
	if h.server != nil {
		return nil
	}
	samples := newSamples(h.set, h.cfg, &h.state)
	server, err := h.newServer(ctx, host, served{samples.View, samples.node, samples.metrics})
	if err != nil {
		return fmt.Errorf("%s: %w", h.set.ID, err)
	}
	listener, err := listen(ctx, &h.cfg.HTTP, h.set.Logger)
	if err != nil {
		return fmt.Errorf("%s: %w", h.set.ID, err)
	}
	telemetry, err := reportBuildInfo(h.set.TelemetrySettings, h.set.BuildInfo)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: report build info: %w", h.set.ID, err), listener.Close())
	}
	if err := samples.start(telemetry, &h.wg, h.reportsGauges(host)); err != nil {
		telemetry.Shutdown()
		return errors.Join(fmt.Errorf("%s: register gauges: %w", h.set.ID, err), listener.Close())
	}

	h.logListening(listener.Addr())
	h.server, h.samples, h.telemetry, h.done = server, samples, telemetry, make(chan struct{})
	h.state.Start(time.Now())
	h.wg.Go(func() { h.beat(h.done) })
	h.wg.Go(func() { h.serve(server, listener, host) })
	return nil
}

// reportsGauges warns if another instance does.
func (h *healthSLO) reportsGauges(host component.Host) bool {
	owner := gaugesOwner(h.set.ID, host.GetExtensions())
	if owner == h.set.ID {
		return true
	}
	h.set.Logger.Warn("Another health_slo extension reports the gauges: those of this one, its objectives included, show on its status page alone",
		zap.Stringer("this", h.set.ID), zap.Stringer("reports", owner))
	return false
}

func (h *healthSLO) logListening(addr net.Addr) {
	h.set.Logger.Info("Health endpoints are listening", zap.Stringer("address", addr),
		zap.String("metrics", h.cfg.Paths.Metrics), zap.String("healthz", h.cfg.Paths.Healthz), zap.String("readyz", h.cfg.Paths.Readyz), zap.String("gpus", h.cfg.Paths.GPUs))
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && !h.cfg.HTTP.TLS.HasValue() {
		h.set.Logger.Warn("Health endpoints are served over plain HTTP to other hosts: set http::tls or a loopback http::endpoint",
			zap.Stringer("address", addr))
	}
}

// beat shows that goroutines of this process get to run.
func (h *healthSLO) beat(done <-chan struct{}) {
	ticker := time.NewTicker(health.BeatInterval)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			h.state.Beat(time.Now())
		}
	}
}

// serve reports a server that dies as a permanent error, not a fatal one: that would end the
// Collector, and pipelines work without their probes. Whoever probes sees the closed port.
func (h *healthSLO) serve(server *http.Server, listener net.Listener, host component.Host) {
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		h.set.Logger.Error("Health endpoints are gone until the Collector restarts or reloads", zap.Error(err))
		componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(fmt.Errorf("serve health endpoints: %w", err)))
	}
}

// Ready is called when every pipeline has started.
func (h *healthSLO) Ready() error {
	h.state.Ready(time.Now())
	if h.samples != nil {
		h.samples.Kick()
	}
	return nil
}

// NotReady is called before receivers stop, which wait for its return. The delay is for those
// who send to them because of readiness, so there is none if the Collector never was ready.
func (h *healthSLO) NotReady() error {
	if h.state.Drain(time.Now()) && h.cfg.ShutdownDelay > 0 {
		h.set.Logger.Info("Not ready any more, receiving until the shutdown delay is over", zap.Duration("shutdown_delay", h.cfg.ShutdownDelay))
		time.Sleep(h.cfg.ShutdownDelay)
	}
	return nil
}

// ComponentStatusChanged is called with the reporter's mutex held, at any time of the
// extension's life and of others': it must not block nor report a status.
func (h *healthSLO) ComponentStatusChanged(source *componentstatus.InstanceID, event *componentstatus.Event) {
	h.state.Observe(source, event)
	restarts.Process.Observe(source, event)
}

// Shutdown ends the server within the context or shutdownTimeout, whichever is shorter.
func (h *healthSLO) Shutdown(ctx context.Context) error {
	if h.server == nil {
		return nil
	}
	h.state.Stop(time.Now())
	close(h.done)
	h.samples.cancel()
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	err := h.server.Shutdown(ctx)
	if err != nil {
		err = h.server.Close()
	}
	h.wg.Wait()
	h.telemetry.Shutdown()
	h.server = nil
	return err
}
