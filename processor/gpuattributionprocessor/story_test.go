// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

// account adds up what a backend would store of one GPU's energy, by holder.
type account struct {
	last map[string][2]float64 // start and value of each series
	had  map[string]float64
}

func (a *account) take(t *testing.T, points pmetric.NumberDataPointSlice) {
	t.Helper()
	for i := range points.Len() {
		point := points.At(i)
		name, _ := point.Attributes().Get("k8s.pod.name")
		who, start := name.Str(), seconds(point.StartTimestamp())
		require.LessOrEqual(t, start, seconds(point.Timestamp()))
		before, seen := a.last[who]
		switch {
		case len(a.last) == 0 && who == "": // the device's own series, of which the past is nobody's
		case seen && before[0] == start:
			require.GreaterOrEqual(t, point.DoubleValue(), before[1]-1e-9, "a series never falls")
			a.had[who] += point.DoubleValue() - before[1]
		default:
			require.True(t, !seen || start > before[0], "series of one holder follow each other")
			a.had[who] += point.DoubleValue()
		}
		a.last[who] = [2]float64{start, point.DoubleValue()}
	}
}

// Over random schedules of pods, of collections and of polls, energy per pod and nobody's add up to the device's energy,
// and each pod has what the GPU took while the pod held it, within the width of one sample at either end.
func TestEnergyPerHolderAndFreeAddUpToTheDevices(t *testing.T) {
	for seed := range uint64(200) {
		split := []string{splitNone, splitByShare}[seed%2]
		r := newRig(t, func(cfg *Config) { cfg.Split = split })
		random := rand.New(rand.NewPCG(seed, 7))
		sum, started := account{map[string][2]float64{}, map[string]float64{}}, false
		truth, watts := map[string]float64{}, 100.
		holder, energy, first, at, allowed := "", 1000., 0., 1., 1e-6
		r.says(0, held{}, nil)
		for range 40 {
			for range random.IntN(4) { // holders come and go
				step := random.Float64() * 5
				if seed >= 100 { // An even load is divided exactly, an uneven one within the sample in which holders changed.
					watts = 50 + random.Float64()*650
					allowed += step * 700
				}
				energy, at, truth[holder] = energy+step*watts, at+step, truth[holder]+step*watts
				holder = []string{"", "a", "b", fmt.Sprintf("c%d", random.IntN(5))}[random.IntN(4)]
				schedule := held{}
				if holder != "" {
					schedule = pods(1, holder)
				}
				r.says(at, schedule, nil)
			}
			step := 0.1 + random.Float64()*5
			energy, at, truth[holder] = energy+step*watts, at+step, truth[holder]+step*watts
			r.sink.Reset()
			require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), batch(at, "", counter("hw.energy", of(1), energy))))
			sum.take(t, r.sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints())
			if !started {
				first, started = energy, true
				clear(truth)
				clear(sum.had)
			}
		}
		total := 0.
		for who, had := range sum.had {
			total += had
			require.InDelta(t, truth[who], had, allowed, "seed %d, holder %q", seed, who)
		}
		require.InDelta(t, energy-first, total, 1e-6, "seed %d", seed)
	}
}

func TestSharersTogetherHaveWhatTheDeviceCounted(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.Split = splitByShare })
	random := rand.New(rand.NewPCG(1, 1))
	sum, energy := account{map[string][2]float64{}, map[string]float64{}}, 0.
	r.says(0, held{}, nil)
	for at := 1.; at < 400; at++ {
		if random.IntN(3) == 0 {
			var names []string
			for _, name := range []string{"a", "b", "c"} {
				if random.IntN(2) == 0 {
					names = append(names, name)
				}
			}
			r.says(at-0.5, pods(1, names...), nil)
		}
		energy += random.Float64() * 700
		r.sink.Reset()
		require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), batch(at, "", counter("hw.energy", of(1), energy))))
		sum.take(t, r.sink.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints())
		if at == 1 {
			energy, sum.had = sum.last[""][1], map[string]float64{"": sum.last[""][1]}
		}
	}
	total := 0.
	for _, had := range sum.had {
		total += had
	}
	require.InDelta(t, energy, total, 1e-6)
}

// A change may be noticed after data that is newer: the data goes to who was known, and nothing is lost.
func TestAChangeThatIsNoticedLateLosesNothing(t *testing.T) {
	r := newRig(t, nil)
	r.says(0, held{}, nil)
	r.send(batch(10, "", counter("hw.energy", of(1), 1000.)))
	r.send(batch(20, "", counter("hw.energy", of(1), 1100.)))
	r.says(15, pods(1, "a"), nil)
	require.Equal(t, []string{"hw.energy{gpu=1} 1100 at 20 since 0"}, r.send(batch(20, "", counter("hw.energy", of(1), 1100.)))[:1])
	require.Equal(t, []string{"hw.energy{gpu=1 " + podA + "} 100 at 30 since 20"}, r.send(batch(30, "", counter("hw.energy", of(1), 1200.))))
}

// Holders of instances are those of MIG devices; the GPU itself stays with nobody.
func TestInstancesOfAGPUAreHeldByThemselves(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MetricsBuilderConfig.Metrics.GpuAllocation.Enabled = true })
	ref := holders.UUIDRef(kubelettest.MIG(5))
	r.says(0, held{ref: {{Holder: holders.Holder{Namespace: "ml", Pod: "a", Container: "main"}, Kind: holders.MIG, Shares: 1}}}, nil)
	instance := "hw.id=" + kubelettest.MIG(5) + " hw.parent=" + kubelettest.GPU(1)
	require.Equal(t, []string{
		"hw.gpu.memory.usage{gpu=5 hw.parent=" + kubelettest.GPU(1) + " " + podA + "} 9 at 10",
		"hw.power{gpu=1} 300 at 10",
		"gpu.allocation{gpu.allocation.kind=mig gpu.allocation.share_count=1 gpu.allocation.shares=1 gpu=5 " + podA + "} 1 at 10",
	}, r.send(batch(10, "", gauge("hw.gpu.memory.usage", instance, 9), gauge("hw.power", of(1), 300))))
}
