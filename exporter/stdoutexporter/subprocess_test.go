// SPDX-License-Identifier: Apache-2.0

//go:build unix

package stdoutexporter

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/testdata"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/metadata"
)

// modeVariable makes the test binary a process that exports until its standard output breaks. Its value is the mode of "on_broken_pipe".
const modeVariable = "STDOUTEXPORTER_TEST_ON_BROKEN_PIPE"

func TestExportUntilStdoutBreaks(t *testing.T) {
	mode := os.Getenv(modeVariable)
	if mode == "" {
		t.Skip("is the other process of TestClosedStdoutDoesNotKillTheProcess")
	}
	cfg := createDefaultConfig().(*Config)
	cfg.OnBrokenPipe = mode
	host := &statusHost{}
	e, err := NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host))
	for err == nil {
		err = e.ConsumeLogs(t.Context(), testdata.GenerateLogs(1))
	}
	require.Eventually(t, func() bool { return len(host.statuses()) > 0 }, 10*time.Second, time.Millisecond)
	fmt.Fprintln(os.Stderr, host.statuses(), err)
	require.NoError(t, e.Shutdown(context.Background()))
	os.Exit(42)
}

func TestClosedStdoutDoesNotKillTheProcess(t *testing.T) {
	for mode, want := range map[string]string{
		onBrokenPipeError: "[StatusPermanentError] Permanent error: write to stdout: broken pipe\n",
		onBrokenPipeStop:  "[StatusFatalError] Permanent error: write to stdout: broken pipe\n",
	} {
		t.Run(mode, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestExportUntilStdoutBreaks$")
			command.Env = append(os.Environ(), modeVariable+"="+mode)
			var stderr bytes.Buffer
			command.Stderr = &stderr
			stdout, err := command.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, command.Start())
			line, err := bufio.NewReader(stdout).ReadBytes('\n')
			require.NoError(t, err)
			_, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(line)
			require.NoError(t, err)
			require.NoError(t, stdout.Close())

			var exit *exec.ExitError
			require.ErrorAs(t, command.Wait(), &exit)
			require.Equal(t, 42, exit.ExitCode(), "state %s, stderr %s", exit, &stderr)
			require.Equal(t, want, stderr.String())
		})
	}
}
