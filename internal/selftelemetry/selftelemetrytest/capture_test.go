// SPDX-License-Identifier: Apache-2.0

package selftelemetrytest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/goleak"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReceiverRemembersEveryReport(t *testing.T) {
	var r Receiver
	r.IncError(selftelemetry.KindRead)
	r.IncError(selftelemetry.KindRead)
	r.IncEmissions(2)
	r.IncEmissions(-5)
	r.ObserveLatency(time.Second)
	r.SetDegraded(true)
	r.SetDegraded(false)
	r.MarkActivity()
	r.Shutdown()
	require.Equal(t, Report{
		Errors:     map[selftelemetry.Kind]int64{selftelemetry.KindRead: 2},
		Emissions:  2,
		Latencies:  []time.Duration{time.Second},
		Degraded:   []bool{true, false},
		Activities: 1,
		Shutdowns:  1,
	}, r.Report())
}

func TestExporterRemembersEveryReport(t *testing.T) {
	var e Exporter
	e.IncCallSuccess()
	e.IncCallFailure(selftelemetry.KindDownstream)
	e.IncCallFailure(selftelemetry.KindInit)
	require.EqualValues(t, 1, e.Successes())
	require.EqualValues(t, 2, e.Failures())
	require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindDownstream: 1, selftelemetry.KindInit: 1}, e.FailuresByKind())
}

func TestHostRemembersEveryStatus(t *testing.T) {
	var h Host
	componentstatus.ReportStatus(&h, componentstatus.NewRecoverableErrorEvent(errors.New("away")))
	componentstatus.ReportStatus(&h, componentstatus.NewEvent(componentstatus.StatusOK))
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, h.Statuses())
	require.Empty(t, h.GetExtensions())
}
