// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// bothSince is one history, read directly and through go-dcgm.
type bothSince struct {
	direct, through         []Sample
	directNext, throughNext time.Time
	directErr, throughErr   error
}

func (s *source) readSinceBoth(ctx context.Context, group *Group, since time.Time) (bothSince, error) {
	return onLink(ctx, s, "read a history twice", func() (b bothSince, err error) {
		b.direct, b.directNext, b.directErr = readSince(s.link, group, 0, since)
		b.through, b.throughNext, b.throughErr = readSinceThrough(group, group.watches[0].fields, since)
		return b, nil
	})
}

func TestHistoriesEqualThoseOfGoDCGM(t *testing.T) {
	sim := simtest.StartManual(t, "h100x8")
	s := connectTo(t)
	gpus, err := s.Entities(t.Context(), GPU)
	require.NoError(t, err)
	for name, fields := range map[string][]FieldID{"numbers": {112, 150, 155, 156, 230, 1001}, "with texts": {112, 54}} {
		t.Run(name, func(t *testing.T) {
			group, _, err := s.Group(t.Context(), gpus.All)
			require.NoError(t, err)
			begin := sim.Now()
			_, err = s.Watch(t.Context(), group, Watch{Fields: fields, Period: time.Second, KeepAge: time.Hour})
			require.NoError(t, err)
			sim.Send("xid gpu=1 code=79", "throttle gpu=0 reason=hw_thermal for 2s", "field id=150 gpu=2 value=blank", "field id=155 gpu=3 value=unsupported")
			sim.Advance(90 * time.Second)
			values := 0
			for _, since := range []time.Time{{}, begin, begin.Add(time.Minute), begin.Add(time.Hour)} {
				b, err := s.readSinceBoth(t.Context(), group, since)
				require.NoError(t, err)
				require.NoError(t, b.directErr)
				require.NoError(t, b.throughErr)
				require.Equal(t, b.through, b.direct)
				require.True(t, b.throughNext.Equal(b.directNext), "%s, not %s", b.directNext, b.throughNext)
				values += len(b.direct)
			}
			require.Greater(t, values, 1000, "the buffer has grown")
			require.NoError(t, s.Release(t.Context(), group))
		})
	}
}

func TestFailedHistoryHasDCGMsStatusAndText(t *testing.T) {
	sim := simtest.StartManual(t, "h100x8")
	src := connectTo(t)
	group, _, err := src.Group(t.Context(), []Entity{{GPU, 0}})
	require.NoError(t, err)
	_, err = src.Watch(t.Context(), group, Watch{Fields: []FieldID{112}, Period: time.Second, KeepAge: time.Hour})
	require.NoError(t, err)
	for _, status := range []int{-3, -8, -21} {
		sim.Send(fmt.Sprintf("call call=dcgmGetValuesSince_v2 status=%d for 1s", status))
		since := sim.Now()
		_, next, err := src.ReadSince(t.Context(), group, 0, since)
		require.Error(t, err)
		require.Equal(t, status, statusOf(err))
		require.NotContains(t, err.Error(), "error code")
		require.Equal(t, since, next)
		sim.Advance(time.Second)
	}
}
