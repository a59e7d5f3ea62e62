// SPDX-License-Identifier: Apache-2.0

//go:build unix

package stdoutexporter

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
)

func TestStatusIsReportedOnChange(t *testing.T) {
	host := &statusHost{}
	s := statusReporter{host: host}
	s.ok()
	require.Empty(t, host.statuses(), "the service reports that the start succeeded")
	s.failing(errors.New("full"))
	s.failing(errors.New("full"))
	s.ok()
	s.ok()
	s.failing(errors.New("full"))
	s.brokenPipe(errors.New("gone"), false)
	s.brokenPipe(errors.New("gone"), true)
	s.failing(errors.New("full"))
	s.ok()
	require.Equal(t, []componentstatus.Status{
		componentstatus.StatusRecoverableError,
		componentstatus.StatusOK,
		componentstatus.StatusRecoverableError,
		componentstatus.StatusPermanentError,
	}, host.statuses())
}

func TestFatalErrorWaitsForTheCollectorToRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &statusHost{}
		s := statusReporter{host: host}
		s.brokenPipe(errors.New("gone"), true)
		time.Sleep(time.Second - time.Nanosecond)
		require.Empty(t, host.statuses())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, []componentstatus.Status{componentstatus.StatusFatalError}, host.statuses())
		require.EqualError(t, host.events[0].Err(), "gone")
	})
}

func TestFatalErrorDuringShutdownIsNotReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &statusHost{}
		s := statusReporter{host: host}
		s.brokenPipe(errors.New("gone"), true)
		s.close()
		time.Sleep(2 * fatalDelay)
		require.Empty(t, host.statuses())
	})
}
