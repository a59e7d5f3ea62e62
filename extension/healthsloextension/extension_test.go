// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
)

// fakeHost has extensions, and keeps the statuses reported to it.
type fakeHost struct {
	extensions map[component.ID]component.Component
	statuses   chan *componentstatus.Event
}

func (h *fakeHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *fakeHost) Report(event *componentstatus.Event) { h.statuses <- event }

// subject is an extension with all that a test wants to look at.
type subject struct {
	*healthSLO
	host   *fakeHost
	logs   *observer.ObservedLogs
	client *http.Client
	scheme string
}

func newSubject(t *testing.T, configure func(*Config)) *subject {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	set := extensiontest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	set.Logger = zap.New(core)
	cfg := createDefaultConfig().(*Config)
	cfg.HTTP.NetAddr.Endpoint = "127.0.0.1:0"
	if configure != nil {
		configure(cfg)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &subject{
		healthSLO: newHealthSLO(set, cfg),
		host:      &fakeHost{extensions: map[component.ID]component.Component{}, statuses: make(chan *componentstatus.Event, 1)},
		logs:      logs,
		client:    &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		scheme:    "http",
	}
}

func (s *subject) start(t *testing.T) {
	t.Helper()
	require.NoError(t, s.Start(t.Context(), s.host))
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
}

func started(t *testing.T, configure func(*Config)) *subject {
	t.Helper()
	s := newSubject(t, configure)
	s.start(t)
	return s
}

// address is where the extension says it listens.
func (s *subject) address(t *testing.T) string {
	t.Helper()
	entries := s.logs.FilterMessage("Health endpoints are listening").All()
	require.NotEmpty(t, entries)
	return entries[len(entries)-1].ContextMap()["address"].(string)
}

func (s *subject) do(t *testing.T, method, path, accept string) (response *http.Response, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.scheme+"://"+s.address(t)+path, http.NoBody)
	require.NoError(t, err)
	request.Header.Set("Accept", accept)
	response, err = s.client.Do(request)
	require.NoError(t, err)
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(content)
}

func (s *subject) requireProbe(t *testing.T, path string, code int, body string) {
	t.Helper()
	response, got := s.do(t, http.MethodGet, path, "")
	require.Equal(t, body, got)
	require.Equal(t, code, response.StatusCode)
}

func TestProbesFollowTheLifecycle(t *testing.T) {
	s := newSubject(t, nil)
	exporter := componentstatus.NewInstanceID(component.MustNewID("otlp_grpc"), component.KindExporter)
	s.ComponentStatusChanged(exporter, componentstatus.NewEvent(componentstatus.StatusStarting))

	s.start(t)
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	s.requireProbe(t, "/readyz", http.StatusServiceUnavailable, "starting\n")

	require.NoError(t, s.Ready())
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	s.requireProbe(t, "/readyz", http.StatusOK, "ok\n")

	s.ComponentStatusChanged(exporter, componentstatus.NewRecoverableErrorEvent(errors.New("again")))
	s.requireProbe(t, "/readyz", http.StatusOK, "ok\n")
	s.ComponentStatusChanged(exporter, componentstatus.NewPermanentErrorEvent(errors.New("no more")))
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	s.requireProbe(t, "/readyz", http.StatusServiceUnavailable, "component exporter:otlp_grpc: permanent error: no more\n")

	require.NoError(t, s.NotReady())
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	s.requireProbe(t, "/readyz", http.StatusServiceUnavailable, "draining\ncomponent exporter:otlp_grpc: permanent error: no more\n")

	require.NoError(t, s.Shutdown(t.Context()))
	_, err := net.Dial("tcp", s.address(t))
	require.ErrorContains(t, err, "connection refused")
	require.Contains(t, s.state.Liveness(time.Now()), "shutting down")
	s.ComponentStatusChanged(exporter, componentstatus.NewEvent(componentstatus.StatusStopped))
}

func TestPortInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := other.Addr().String()
	s := newSubject(t, func(cfg *Config) { cfg.HTTP.NetAddr.Endpoint = address })
	require.EqualError(t, s.Start(t.Context(), s.host),
		`health_slo: "http::endpoint": listen on `+address+`: listen tcp `+address+`: bind: address already in use`)
	require.NoError(t, s.Shutdown(t.Context()))

	require.NoError(t, other.Close())
	s.start(t)
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
}

func TestStartAndShutdownAreIdempotent(t *testing.T) {
	s := newSubject(t, nil)
	require.NoError(t, s.Shutdown(t.Context()))
	for range 3 {
		require.NoError(t, s.Start(t.Context(), s.host))
		address := s.address(t)
		require.NoError(t, s.Start(t.Context(), s.host))
		require.Equal(t, address, s.address(t))
		s.requireProbe(t, "/readyz", http.StatusServiceUnavailable, "starting\n")
		require.NoError(t, s.Shutdown(t.Context()))
		require.NoError(t, s.Shutdown(t.Context()))
	}
}

func TestShutdownDelayKeepsReceivingWhileNotReady(t *testing.T) {
	f := func(delay time.Duration, wasReady bool, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(t, func(cfg *Config) { cfg.ShutdownDelay = delay })
			s.state.Start(time.Now())
			if wasReady {
				require.NoError(t, s.Ready())
			}
			begin := time.Now()
			drained := make(chan error, 1)
			go func() { drained <- errors.Join(s.NotReady(), s.NotReady()) }()
			synctest.Wait()
			require.Equal(t, health.Verdict{"draining"}, s.state.Readiness())
			require.True(t, s.state.Liveness(time.Now()).OK())
			require.NoError(t, <-drained)
			require.Equal(t, want, time.Since(begin))
		})
	}
	f(0, true, 0)
	f(5*time.Second, true, 5*time.Second)
	f(5*time.Second, false, 0)
}

func TestSuspendedProcessIsHealthyAgain(t *testing.T) {
	s := started(t, nil)
	s.state.Beat(time.Now().Add(-time.Hour))
	s.requireProbe(t, "/healthz", http.StatusServiceUnavailable, "process loop stuck for 1h0m0s\n")
	require.Eventually(t, func() bool { return s.state.Liveness(time.Now()).OK() }, 5*health.BeatInterval, health.BeatInterval/20)
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSubject(t, nil)
		s.state.Start(time.Now())
		done := make(chan struct{})
		go s.beat(done)
		for range 1000 {
			time.Sleep(health.BeatInterval * 7 / 10)
			require.True(t, s.state.Liveness(time.Now()).OK())
		}
		close(done)
		time.Sleep(health.StaleAfter + health.BeatInterval)
		require.False(t, s.state.Liveness(time.Now()).OK())
	})
}
