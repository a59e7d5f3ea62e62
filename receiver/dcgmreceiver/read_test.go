// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/series"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

func TestWhatIsStaleOrBlankIsNotFresh(t *testing.T) {
	const field, second = 155, int64(1_000_000)
	const now = 3600 * second
	for name, tt := range map[string]struct {
		sample  dcgm.Sample
		fresh   int
		overdue bool
	}{
		"just sampled":                    {dcgm.SampleOf(field, now, 400.0), 1, false},
		"as old as may be":                {dcgm.SampleOf(field, now-30*second, 400.0), 1, false},
		"older":                           {dcgm.SampleOf(field, now-30*second-1, 400.0), 0, true},
		"blank":                           {dcgm.Sample{Field: field, TS: now, Reason: dcgm.Blank}, 0, false},
		"the UUID, which never grows old": {dcgm.SampleOf(fieldUUID, now, "GPU-1"), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.CollectionInterval = interval
			c := newRig(t, cfg, nil).collector
			g := &gpu{known: &inventory.Known{}, values: series.NewSet(c.Layout)}
			class := &class{layout: c.Layout, gpus: []*gpu{g}, entities: []dcgm.Entity{{}}}
			news := c.scatter(class, []dcgm.Sample{tt.sample})
			require.Equal(t, tt.sample.TS, news.Newest())
			c.noteFresh(class, []dcgm.FieldID{tt.sample.Field}, now)
			require.Equal(t, tt.fresh, g.fresh)
			require.Equal(t, tt.fresh > 0, g.sampled)
			require.Equal(t, tt.overdue, c.overdue != 0)
		})
	}
}

// lateAnswers are of a host engine that takes a while, and samples meanwhile.
type lateAnswers struct {
	dcgm.Source
	sim *simtest.Sim
}

func (a *lateAnswers) Read(ctx context.Context, gpus []dcgm.Entity, fields []dcgm.FieldID, buf []dcgm.Sample) ([]dcgm.Sample, map[dcgm.Entity]error, error) {
	if a.sim != nil {
		a.sim.Advance(time.Second)
		time.Sleep(time.Second)
	}
	return a.Source.Read(ctx, gpus, fields, buf)
}

// The host engine samples while it is asked, and so after a collection has begun.
func TestSampleAgeIsThatWhenItWasReadAndNeverNegative(t *testing.T) {
	answers := &lateAnswers{}
	late := func(src dcgm.Source) dcgm.Source {
		answers.Source = src
		return answers
	}
	stepwise(t, steady, late, func(s *steps) {
		answers.sim = s.sim
		for range 5 {
			s.pass(interval - 500*time.Millisecond)
			value, _ := cutTimes(s.now()["dcgm.sample.age{}"])
			age, err := strconv.ParseFloat(value, 64)
			require.NoError(s.t, err)
			require.Positive(s.t, age, "measured when it was read")
		}
	})
	stepwise(t, steady, func(src dcgm.Source) dcgm.Source { return src }, func(s *steps) {
		s.sim.Advance(time.Second) // The host engine's clock is ahead, and its clock events are a second newer than all else.
		s.pass(interval)
		require.Regexp(s.t, "^1 at", s.now()["dcgm.sample.age{}"])
		require.Regexp(s.t, "^-1 at", s.now()["dcgm.clock.skew{}"])
	})
}
