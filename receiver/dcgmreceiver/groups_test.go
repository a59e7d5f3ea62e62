// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func TestHostEngineWithoutFreeGroupsIsReadThroughItsOwn(t *testing.T) {
	simulate(t, steady+"at 0s group_limit 0\n", nil, func(s *simulation) {
		t := s.t
		for range 50 { // Were anything left behind at a plan, no group would be free soon.
			s.pass(lastBackoff)
			s.requireUp(true)
			require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
			require.Contains(t, s.now(), "hw.energy{hw.name=nvidia1}")
			require.Contains(t, s.now()["dcgm.fields.refused{}"], "0 ")
		}
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
		require.ErrorContains(t, s.host.firstError(), "host engine takes no more groups of GPUs, see dcgmi group --list: all GPUs are watched for what any of them needs: make a group: error creating group: Max limit reached")
		require.Equal(t, 1, s.logs.FilterMessage("DCGM receiver is degraded").Len())
		require.Positive(t, s.self.Report().Errors[kindWatch])

		s.sim.Send("group_limit 2")
		s.pass(time.Hour)
		s.pass(time.Hour)
		s.requireUp(true)
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
	})
}

func TestOneGroupIsEnoughForEqualGPUs(t *testing.T) {
	simulate(t, steady+"at 0s group_limit 1\n", nil, func(s *simulation) {
		s.pass(interval)
		require.Contains(s.t, s.now(), "hw.power{hw.name=nvidia0}")
		require.Empty(s.t, s.host.statuses())
	})
}

// Equal watches share a group of fields, so that one more GPU needs none.
func TestGPUThatComesNeedsNoGroupOfFields(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		s.sim.Send("call call=dcgmFieldGroupCreate status=-24", "gpu_added 2 model=h100 uuid=GPU-00000000-0000-0000-0000-000000000002 pci=00000000:03:00.0 serial=3")
		s.pass(interval)
		s.pass(interval)
		for _, name := range []string{"nvidia0", "nvidia2"} {
			require.Contains(t, s.now(), "hw.power{hw.name="+name+"}")
		}
		require.Contains(t, s.now()["dcgm.fields.refused{}"], "0 ")
		require.Empty(t, s.host.statuses())
	})
}

func TestHostEngineWithoutFreeFieldGroupsIsReportedAndAskedAgain(t *testing.T) {
	simulate(t, steady+"at 0s call call=dcgmFieldGroupCreate status=-24\n", nil, func(s *simulation) {
		t := s.t
		s.pass(interval)
		require.Contains(t, s.now()["dcgm.up{}"], "1 ")
		require.NotContains(t, s.now(), "hw.power{hw.name=nvidia0}")
		require.NotContains(t, s.now()["dcgm.fields.refused{}"], "0 ")
		require.ErrorContains(t, s.host.firstError(), "host engine takes no more groups of fields, see dcgmi fieldgroup --list: ")

		s.sim.Send("call call=dcgmFieldGroupCreate status=0")
		s.pass(2 * time.Minute)
		s.pass(interval)
		s.requireUp(true)
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
		require.Contains(t, s.now()["dcgm.fields.refused{}"], "0 ")
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
	})
}

// fewFieldGroups lets the host engine take a number of watches, of a field group each.
type fewFieldGroups struct {
	dcgm.Source
	left int
}

func (f *fewFieldGroups) Watch(ctx context.Context, group *dcgm.Group, watch dcgm.Watch) ([]dcgm.Refusal, error) {
	if f.left > 0 {
		f.left--
		return f.Source.Watch(ctx, group, watch)
	}
	var refused []dcgm.Refusal
	for _, field := range watch.Fields {
		refused = append(refused, dcgm.Refusal{Field: field, Why: dcgm.ErrNoGroup})
	}
	return refused, nil
}

func (f *fewFieldGroups) Release(ctx context.Context, group *dcgm.Group) error {
	f.left += group.Watches()
	return f.Source.Release(ctx, group)
}

func TestFewGroupsOfFieldsGoToWhatMattersMost(t *testing.T) {
	for groups, power := range map[int]bool{1: true, 2: true, 0: false} {
		few := &fewFieldGroups{left: groups}
		wrap := func(src dcgm.Source) dcgm.Source {
			few.Source = src
			return few
		}
		stepwise(t, steady, wrap, func(s *steps) {
			t := s.t
			s.pass(interval)
			require.Equal(t, power, hasSeries(s.now(), "hw.power{hw.name=nvidia0}"), "%d groups", groups)
			require.Equal(t, power, hasSeries(s.now(), "gpu.sm.utilization{hw.name=nvidia0}"))
			require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, s.host.statuses())
			require.ErrorContains(t, s.host.firstError(), "host engine takes no more groups of fields, see dcgmi fieldgroup --list: ")
			few.left += 10
			s.pass(2 * time.Minute)
			s.pass(interval)
			require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, s.host.statuses())
		})
	}
}

// grouping remembers the groups that were made.
type grouping struct {
	dcgm.Source
	made []*dcgm.Group
}

func (g *grouping) Group(ctx context.Context, entities []dcgm.Entity) (*dcgm.Group, []dcgm.Entity, error) {
	group, refused, err := g.Source.Group(ctx, entities)
	g.made = append(g.made, group)
	return group, refused, err
}

// Watches of one connection are one per field: who ends his ends those of others.
func TestWatchThatAnotherClientEndedIsMadeAnew(t *testing.T) {
	var groups grouping
	wrap := func(src dcgm.Source) dcgm.Source {
		groups.Source = src
		return &groups
	}
	stepwise(t, steady, wrap, func(s *steps) {
		t := s.t
		s.pass(interval)
		for _, group := range groups.made {
			require.NoError(t, s.collector.src.Release(t.Context(), group))
		}
		for range 20 {
			s.pass(interval)
		}
		s.requireUp(true)
		require.Contains(t, s.now(), "hw.power{hw.name=nvidia0}")
		require.Contains(t, s.now()["dcgm.watch.rebuilds{}"], "1 ")
		require.Contains(t, s.now(), "gpu.health{gpu.health.state=pass gpu.health.system=pcie hw.name=nvidia0}", "the group of health watches is one, too")
		s.sim.Send("xid gpu=0 code=79")
		s.pass(interval)
		require.Equal(t, "1", s.errorsOf("nvidia0", 79))
	})
}
