// SPDX-License-Identifier: Apache-2.0

//go:build unix

package stdoutexporter

import (
	"context"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"golang.org/x/sys/unix"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/metadata"
)

// redirectStderr points file descriptor 2 at file until the test ends.
func redirectStderr(t *testing.T, file *os.File) {
	t.Helper()
	saved, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Dup2(int(file.Fd()), 2))
	t.Cleanup(func() {
		_ = unix.Dup2(saved, 2)
		_ = unix.Close(saved)
	})
}

// pipeStderr points file descriptor 2 at a pipe and returns the end to read from. It waits for writes that are still stuck when the test
// ends: there is one writer per descriptor, which would meet the next test.
func pipeStderr(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		_, _ = io.Copy(io.Discard, reader)
		_ = reader.Close()
	})
	redirectStderr(t, writer)
	require.NoError(t, writer.Close())
	return reader
}

// statusHost remembers the statuses a component reports.
type statusHost struct {
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *statusHost) statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	var statuses []componentstatus.Status
	for _, event := range h.events {
		statuses = append(statuses, event.Status())
	}
	return statuses
}

func stderrConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.Target = targetStderr
	return cfg
}

// startLogs starts an exporter of logs that is shut down at the end of the test.
func startLogs(t *testing.T, cfg *Config, host component.Host) exporter.Logs {
	t.Helper()
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.WithoutCancel(t.Context()))) })
	return e
}
