// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// sum returns the value of an integer counter, 0 where it has counted nothing.
func (r *rig) sum(name string) int64 {
	m, err := r.tel.GetMetric(name)
	if err != nil {
		return 0
	}
	return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
}

func TestPushesAreCounted(t *testing.T) {
	refused := errors.New("refused")
	for signal, tt := range map[string]struct {
		push                    func(r *rig, err error) error
		accepted, refusedMetric string
		items                   int64
	}{
		"metrics": {
			func(r *rig, err error) error {
				return r.PushMetrics(consumeWith(t, func(context.Context) error { return err }), onePoint())
			},
			"otelcol_receiver_accepted_metric_points", "otelcol_receiver_failed_metric_points", 1,
		},
		"logs": {
			func(r *rig, err error) error {
				next, newErr := consumer.NewLogs(func(context.Context, plog.Logs) error { return err })
				require.NoError(t, newErr)
				logs := plog.NewLogs()
				records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
				records.AppendEmpty()
				records.AppendEmpty()
				return r.PushLogs(next, logs)
			},
			"otelcol_receiver_accepted_log_records", "otelcol_receiver_failed_log_records", 2,
		},
	} {
		t.Run(signal, func(t *testing.T) {
			r := newRig(t, Settings{})
			require.NoError(t, tt.push(r, nil))
			err := tt.push(r, refused)
			require.EqualError(t, err, "push "+signal+": refused")
			require.ErrorIs(t, err, refused)
			require.ErrorAs(t, err, new(*PushError))
			require.EqualValues(t, 1, r.self.Report().Emissions)
			require.Equal(t, map[selftelemetry.Kind]int64{selftelemetry.KindDownstream: 1}, r.self.Report().Errors)
			require.Equal(t, tt.items, r.sum(tt.accepted))
			require.Equal(t, tt.items, r.sum(tt.refusedMetric)+r.sum("otelcol_receiver_refused_"+tt.refusedMetric[len("otelcol_receiver_failed_"):]))
		})
	}
}

func TestCollectionThatFailedIsNoActivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Settings{})
		begin := time.Now()
		time.Sleep(3 * time.Second)
		r.Collected(begin, errors.New("broken"))
		require.Zero(t, r.self.Report().Activities)
		r.Collected(begin, nil)
		require.Equal(t, 1, r.self.Report().Activities)
		require.Equal(t, []time.Duration{3 * time.Second, 3 * time.Second}, r.self.Report().Latencies)
	})
}
