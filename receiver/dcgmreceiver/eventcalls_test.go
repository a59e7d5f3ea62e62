// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// counting counts the calls to a host engine that collections make.
type counting struct {
	dcgm.Source
	calls map[string]int
}

func (c counting) Read(ctx context.Context, entities []dcgm.Entity, fields []dcgm.FieldID, buf []dcgm.Sample) ([]dcgm.Sample, map[dcgm.Entity]error, error) {
	c.calls["Read"]++
	return c.Source.Read(ctx, entities, fields, buf)
}

func (c counting) ReadSince(ctx context.Context, group *dcgm.Group, i int, since time.Time) ([]dcgm.Sample, time.Time, error) {
	c.calls["ReadSince"]++
	return c.Source.ReadSince(ctx, group, i, since)
}

func (c counting) Entities(ctx context.Context, kind dcgm.EntityKind) (dcgm.Entities, error) {
	c.calls["Entities"]++
	return c.Source.Entities(ctx, kind)
}

func (c counting) Status(ctx context.Context, gpu dcgm.Entity) (dcgm.EntityStatus, error) {
	c.calls["Status"]++
	return c.Source.Status(ctx, gpu)
}

func (c counting) Links(ctx context.Context) (map[dcgm.Entity][]dcgm.LinkState, error) {
	c.calls["Links"]++
	return c.Source.Links(ctx)
}

func (c counting) Hierarchy(ctx context.Context) ([]dcgm.Instance, error) {
	c.calls["Hierarchy"]++
	return c.Source.Hierarchy(ctx)
}

func (c counting) Processors(ctx context.Context) ([]dcgm.Processor, error) {
	c.calls["Processors"]++
	return c.Source.Processors(ctx)
}

func (c counting) Peers(ctx context.Context) ([][]dcgm.PeerState, error) {
	c.calls["Peers"]++
	return c.Source.Peers(ctx)
}

func (c counting) Usage(ctx context.Context) (dcgm.Usage, error) {
	c.calls["Usage"]++
	return c.Source.Usage(ctx)
}

func (c counting) Group(ctx context.Context, entities []dcgm.Entity) (*dcgm.Group, []dcgm.Entity, error) {
	c.calls["Group"]++
	return c.Source.Group(ctx, entities)
}

func (c counting) Watch(ctx context.Context, group *dcgm.Group, watch dcgm.Watch) ([]dcgm.Refusal, error) {
	c.calls["Watch"]++
	return c.Source.Watch(ctx, group, watch)
}

func (c counting) CheckHealth(ctx context.Context, group *dcgm.Group) ([]dcgm.Incident, error) {
	c.calls["CheckHealth"]++
	return c.Source.CheckHealth(ctx, group)
}

// callsOf are the calls of so many collections of a node on which nothing happens.
func callsOf(t *testing.T, ticks int, change func(*Config)) map[string]int {
	t.Helper()
	calls := map[string]int{}
	wrap := func(src dcgm.Source) dcgm.Source { return counting{src, calls} }
	stepwiseWith(t, steady, change, wrap, func(s *steps) {
		s.pass(interval)
		clear(calls)
		for range ticks {
			s.pass(interval)
		}
		require.Empty(s.t, s.records.AllLogs())
	})
	return calls
}

// TestEventsCostOneCallACollectionWhileThereAreNone compares a node whose XIDs are wanted, as records and as metrics, with one where nothing of
// GPUs is read as a history, over a slow period, and with one whose health is checked.
func TestEventsCostOneCallACollectionWhileThereAreNone(t *testing.T) {
	const ticks = int(2 * slowPeriod / interval)
	unchecked := func(cfg *Config) { cfg.HealthInterval = 0 }
	without := func(cfg *Config) {
		unchecked(cfg)
		cfg.MetricsBuilderConfig.Metrics.GpuThrottleEvents.Enabled = false
	}
	throttling, xids := callsOf(t, ticks, unchecked), callsOf(t, ticks, without)
	require.Equal(t, 2*ticks, throttling["ReadSince"], "XIDs, and reasons of throttling")
	require.Equal(t, ticks, xids["ReadSince"])
	require.Zero(t, xids["CheckHealth"])
	require.Positive(t, xids["Read"])

	checked := callsOf(t, ticks, func(cfg *Config) { cfg.HealthInterval = time.Minute })
	require.Equal(t, 2, checked["CheckHealth"], "at its own pace")
	for call := range checked {
		if call != "CheckHealth" {
			require.Equal(t, throttling[call], checked[call], call)
		}
	}
}
