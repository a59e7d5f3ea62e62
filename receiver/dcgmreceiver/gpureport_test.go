// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
)

// page is an extension that remembers the last report.
type page struct {
	component.StartFunc
	component.ShutdownFunc

	mu     sync.Mutex
	report gpureport.Report
}

func (p *page) last() gpureport.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.report
}

// ObserveGPUs implements [gpureport.Observer].
func (p *page) ObserveGPUs(report *gpureport.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.report = *report
	p.report.GPUs = nil
	for _, g := range report.GPUs {
		g.ThrottleReasons, g.XIDs = slices.Clone(g.ThrottleReasons), slices.Clone(g.XIDs)
		p.report.GPUs = append(p.report.GPUs, g)
	}
}

func simulateReports(t *testing.T, change func(*Config), test func(s *simulation, p *page)) {
	t.Helper()
	p := &page{}
	simulateWith(t, steady, change, func(r *rig) { r.extend(p) }, func(s *simulation) { test(s, p) })
}

const (
	first  = "GPU-00000000-0000-0000-0000-000000000000"
	second = "GPU-00000000-0000-0000-0000-000000000001"
)

func TestExtensionsSeeWhatWasReadOfEachGPU(t *testing.T) {
	simulateReports(t, nil, func(s *simulation, p *page) {
		s.sim.Send("field id=150 gpu=0 value=61", "field id=155 gpu=0 value=412.5", "field id=1001 gpu=0 value=0.5", "field id=252 gpu=0 value=1024", "throttle gpu=0 reason=hw_thermal,power_cap")
		s.pass(interval)
		require.Equal(t, interval, p.last().Interval)
		require.Equal(t, s.id.String(), p.last().Receiver)
		require.WithinDuration(t, time.Now(), p.last().At, time.Second)
		require.Len(t, p.last().GPUs, 2)
		g := p.last().GPUs[0]
		require.WithinDuration(t, s.node(), g.At, interval)
		require.InDelta(t, 61, g.Temperature, 0)
		require.InDelta(t, 412.5, g.Power, 0)
		require.InDelta(t, 0.5, g.Utilization, 0)
		require.InDelta(t, 1<<30, g.MemoryUsed, 0)
		require.Greater(t, g.MemoryTotal, g.MemoryUsed)
		require.Equal(t, []string{"sw_power_cap", "hw_thermal"}, g.ThrottleReasons)
		require.Empty(t, g.XIDs)
		require.True(t, p.last().GPUs[1].ThrottleKnown)
		require.Empty(t, p.last().GPUs[1].ThrottleReasons, "idle is no throttling")
	})
}

func TestAReportHasNoValueOfWhatIsNotKnown(t *testing.T) {
	missing := func(t *testing.T, g *gpureport.GPU, what string) {
		t.Helper()
		for i := range reported {
			require.True(t, math.IsNaN(*reported[i].into(g)), "%s: %s", what, reported[i].metric.Name)
		}
		require.Zero(t, g.At, what)
		require.False(t, g.ThrottleKnown, what)
		require.Empty(t, g.ThrottleReasons, what)
	}
	simulateReports(t, nil, func(s *simulation, p *page) {
		s.sim.Send("xid gpu=1 code=79", "gpu_lost gpu=1")
		s.pass(interval)
		require.Equal(t, second, p.last().GPUs[1].ID)
		missing(t, &p.last().GPUs[1], "lost")
		require.Len(t, p.last().GPUs[1].XIDs, 1, "it happened, whatever can be read now")
		require.False(t, math.IsNaN(p.last().GPUs[0].Temperature), "the other one is well")
		before := p.last().At
		s.sim.Send("engine_dies")
		s.pass(interval)
		require.Equal(t, before, p.last().At, "without a host engine there is nothing to report")
	})
	simulateReports(t, nil, func(s *simulation, p *page) {
		s.sim.Send("field id=150 gpu=0 value=blank", "field id=155 gpu=0 value=-5", "field id=112 gpu=0 value=blank")
		s.pass(interval)
		g := p.last().GPUs[0]
		require.True(t, math.IsNaN(g.Temperature), "blank")
		require.True(t, math.IsNaN(g.Power), "no board uses less than nothing")
		require.False(t, g.ThrottleKnown)
		require.False(t, math.IsNaN(g.MemoryUsed))
		s.sim.Send("field id=1-1612 gpu=0 value=stale")
		s.pass(interval)
		require.False(t, math.IsNaN(p.last().GPUs[0].MemoryUsed), "not stale yet")
		s.pass(5 * interval)
		require.True(t, math.IsNaN(p.last().GPUs[0].MemoryUsed), "stale")
	})
	simulateReports(t, func(cfg *Config) { setEnabled(cfg, func(name string) bool { return name == "gpu.up" }) }, func(_ *simulation, p *page) {
		missing(t, &p.last().GPUs[0], "switched off")
	})
}

func TestAReportHasTheLastXIDsOfEachGPU(t *testing.T) {
	simulateReports(t, nil, func(s *simulation, p *page) {
		for _, code := range []string{"31", "13", "31", "43", "45", "63", "79"} {
			s.sim.Send("xid gpu=0 code=" + code)
			s.pass(interval)
		}
		xids := p.last().GPUs[0].XIDs
		require.Len(t, xids, gpureport.MaxXIDs)
		var codes []int
		for _, x := range xids {
			codes = append(codes, x.Code)
		}
		require.Equal(t, []int{79, 63, 45, 43, 31}, codes, "the newest first")
		require.Equal(t, int64(2), xids[4].Count)
		require.Equal(t, "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS", xids[0].Mnemonic)
		require.WithinDuration(t, s.node(), xids[0].Last, interval)
		require.Empty(t, p.last().GPUs[1].XIDs)
	})
}

func TestAReportHasTheXIDsOfInstancesThatHaveGone(t *testing.T) {
	p := &page{}
	simulateWith(t, parted, nil, func(r *rig) { r.extend(p) }, func(s *simulation) {
		s.pass(interval)
		s.sim.Send("xid gpu=0 gi=0 code=95", "advance 1s", "mig_reconfigure gpu=0 layout=none")
		s.pass(time.Minute)
		require.Len(t, p.last().GPUs[0].XIDs, 1)
		require.Equal(t, 95, p.last().GPUs[0].XIDs[0].Code)
	})
}

func TestGPUsThatAreForgottenLeaveTheReport(t *testing.T) {
	simulateReports(t, func(cfg *Config) { cfg.ForgetAfter = time.Minute }, func(s *simulation, p *page) {
		s.sim.Send("gpu_removed gpu=0")
		s.pass(interval)
		require.Len(t, p.last().GPUs, 2, "absent")
		s.pass(2 * time.Minute)
		require.Len(t, p.last().GPUs, 1)
		require.Equal(t, second, p.last().GPUs[0].ID)
	})
}

// What is emitted does not decide about what is shown: a field that is read for any view is.
func TestEveryViewHasValuesToShow(t *testing.T) {
	for view, total := range map[string]bool{viewDCGMExporter: false, viewGoogle: false, viewOTel: true} {
		simulateReports(t, func(cfg *Config) { cfg.Views = []string{view} }, func(s *simulation, p *page) {
			s.pass(interval)
			g := p.last().GPUs[0]
			require.InDelta(t, 40, g.Temperature, 0, view)
			require.InDelta(t, 400, g.Power, 0, view)
			require.False(t, math.IsNaN(g.Utilization), view)
			require.False(t, math.IsNaN(g.MemoryUsed), view)
			require.Equal(t, total, !math.IsNaN(g.MemoryTotal), view)
		})
	}
}

func TestNothingIsReportedToNobody(t *testing.T) {
	simulate(t, steady, nil, func(s *simulation) { require.Empty(t, s.reports.report.GPUs) })
}

// BenchmarkReport is what it costs to show eight GPUs to an extension.
func BenchmarkReport(b *testing.B) {
	r := connected(b, 8, func(*Config) {})
	r.reports.observers = []gpureport.Observer{nobody{}}
	b.ReportAllocs()
	now := time.Now()
	for b.Loop() {
		r.reports.show(r.collector, now, r.collector.clock.Now(now))
	}
	require.Len(b, r.reports.report.GPUs, 8)
}

// nobody takes reports and keeps nothing.
type nobody struct{}

// ObserveGPUs implements [gpureport.Observer].
func (nobody) ObserveGPUs(*gpureport.Report) {}
