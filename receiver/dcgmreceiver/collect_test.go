// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// strayAnswers adds a GPU and a field that nobody has asked for to every answer.
type strayAnswers struct {
	dcgm.Source
}

func (a strayAnswers) Read(ctx context.Context, gpus []dcgm.Entity, fields []dcgm.FieldID, buf []dcgm.Sample) ([]dcgm.Sample, map[dcgm.Entity]error, error) {
	samples, unread, err := a.Source.Read(ctx, gpus, fields, buf)
	if err != nil || len(samples) == 0 {
		return samples, unread, err
	}
	gpu, field := samples[0], samples[0]
	gpu.Entity.ID, field.Field = 31, 9999
	return append(samples, field, gpu), unread, nil
}

func TestSamplesThatNobodyAskedForAreDropped(t *testing.T) {
	stray := func(src dcgm.Source) dcgm.Source { return strayAnswers{src} }
	stepwise(t, steady, stray, func(s *steps) {
		t := s.t
		s.requireUp(true)
		for slot := range s.collector.Slots() {
			require.NotEqual(t, dcgm.FieldID(9999), s.collector.gpus[1].values.At(slot).Field)
		}
		require.NotContains(t, s.now().lines(), "hw.name=gpu31")
		require.Regexp(t, "^6 ", s.now()["dcgm.values.dropped{dcgm.drop.reason=status}"],
			"a GPU while identifying for the plan and for the tier, and both while reading two more tiers")
	})
}

// What one receiver watches is sampled already when another one starts.
func TestNoPointStartsAfterItsOwnTime(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval / 2)
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval, cfg.InitialDelay = interval, 0
		second := newRig(t, cfg, nil)
		second.start()
		s.settle()
		defer second.stop()
		early := 0
		for range 3 {
			batches := second.sink.AllMetrics()
			for _, point := range points(batches[len(batches)-1]) {
				require.LessOrEqual(t, point.StartTimestamp(), point.Timestamp())
				if point.Timestamp() < timestamp(second.started) {
					early++
				}
			}
			s.pass(interval)
		}
		require.Positive(t, early)
	})
}

func TestSlowMetricsAloneAreNoSilence(t *testing.T) {
	simulate(t, steady, only([]string{"gpu.up", "gpu.status", "gpu.power.limit", "dcgm.watch.rebuilds"}), func(s *simulation) {
		t := s.t
		for range 30 {
			s.pass(interval)
		}
		require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "0 ")

		s.sim.Send("gpu_lost gpu=0")
		s.pass(interval)
		require.Contains(t, s.now()["gpu.up{hw.name=nvidia0}"], "0 ", "it is noticed all the same")
		require.Contains(t, s.now()["gpu.status{gpu.state=lost hw.name=nvidia0}"], "1 ")
	})
}

func TestProfilingThatNothingNeedsIsNotAskedFor(t *testing.T) {
	const broken = "at 0s call call=dcgmProfGetSupportedMetricGroups status=-3\n"
	simulate(t, steady+broken, only([]string{"hw.power", "gpu.info", "dcgm.watch.rebuilds"}), func(s *simulation) {
		t := s.t
		for range 30 {
			s.pass(interval)
		}
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
		require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "0 ")
		require.Empty(t, s.self.Report().Errors)
	})
}

func points(md pmetric.Metrics) iter.Seq2[pmetric.Metric, pmetric.NumberDataPoint] {
	return func(yield func(pmetric.Metric, pmetric.NumberDataPoint) bool) {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					for _, point := range pointsOf(m).All() {
						if !yield(m, point) {
							return
						}
					}
				}
			}
		}
	}
}

// idOf is the GPU that a point is of, "" if it is of none.
func idOf(point pmetric.NumberDataPoint) string {
	if id, named := point.Attributes().Get("hw.id"); named {
		return id.AsString()
	}
	return ""
}
