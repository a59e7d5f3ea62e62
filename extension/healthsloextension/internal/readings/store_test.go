// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
)

var (
	begin = time.Date(2026, 3, 14, 15, 0, 0, 0, time.UTC)
	none  = math.NaN()
)

func well(id string, at time.Time) gpureport.GPU {
	return gpureport.GPU{
		ID: id, At: at, Temperature: 61, Power: 412.5, Utilization: 0.5, MemoryUsed: 1 << 30, MemoryTotal: 80 << 30,
		ThrottleReasons: []string{"sw_power_cap"}, ThrottleKnown: true, XIDs: []gpureport.XID{{Code: 31, Mnemonic: "MMU", Count: 2, Last: at}},
	}
}

// lost is a GPU of which nothing is known but its past.
func lost(id string) gpureport.GPU {
	return gpureport.GPU{ID: id, Temperature: none, Power: none, Utilization: none, MemoryUsed: none, MemoryTotal: none, XIDs: []gpureport.XID{{Code: 79, Count: 1, Last: begin}}}
}

func report(at time.Time, gpus ...gpureport.GPU) *gpureport.Report {
	return &gpureport.Report{Receiver: "dcgm", At: at, Interval: 10 * time.Second, GPUs: gpus}
}

func TestTheNewestValuesOfEachGPU(t *testing.T) {
	var s Store
	s.Observe(report(begin, well("a", begin), lost("b")))
	r := s.Of("dcgm", "a", begin, false)
	require.Equal(t, begin, *r.At)
	require.InDelta(t, 61, *r.Temperature, 0)
	require.InDelta(t, 412.5, *r.Power, 0)
	require.InDelta(t, 0.5, *r.Utilization, 0)
	require.InDelta(t, 1<<30, *r.MemoryUsed, 0)
	require.InDelta(t, 80<<30, *r.MemoryTotal, 0)
	require.Equal(t, []string{"sw_power_cap"}, r.ThrottleReasons)
	require.Equal(t, []XID{{Code: 31, Mnemonic: "MMU", Count: 2, At: begin}}, r.XIDs)
	require.False(t, r.Missing())
	require.Nil(t, r.History, "nobody asked for it")
	require.Nil(t, s.Of("dcgm", "c", begin, true))
	require.Nil(t, s.Of("dcgm/other", "a", begin, true))
}

func TestWhatIsNotKnownIsNull(t *testing.T) {
	var s Store
	s.Observe(report(begin, lost("a")))
	text, err := json.Marshal(s.Of("dcgm", "a", begin, true))
	require.NoError(t, err)
	require.JSONEq(t, `{"at":null,"temperature_celsius":null,"power_watts":null,"utilization_ratio":null,"memory_used_bytes":null,"memory_total_bytes":null,
		"throttle_reasons":null,"xids":[{"code":79,"count":1,"at":"2026-03-14T15:00:00Z"}],"step_seconds":30}`, string(text))
	infinite := well("a", begin)
	infinite.Power = math.Inf(1)
	s.Observe(report(begin, infinite))
	_, err = json.Marshal(s.Of("dcgm", "a", begin, true))
	require.NoError(t, err)
}

func TestALostGPUKeepsItsLastTimeAndNoValue(t *testing.T) {
	var s Store
	s.Observe(report(begin, well("a", begin)))
	s.Observe(report(begin.Add(time.Minute), lost("a")))
	r := s.Of("dcgm", "a", begin.Add(time.Minute), true)
	require.True(t, r.Missing())
	require.Equal(t, begin, *r.At)
	require.Nil(t, r.ThrottleReasons)
	require.Len(t, r.History, 1, "what was, was")
}

func TestValuesOfReportsThatNoLongerComeAreNotShown(t *testing.T) {
	f := func(interval, age time.Duration, shown bool) {
		t.Helper()
		var s Store
		one := report(begin, well("a", begin))
		one.Interval = interval
		s.Observe(one)
		r := s.Of("dcgm", "a", begin.Add(age), false)
		require.Equal(t, !shown, r.Missing())
		require.Equal(t, shown, r.ThrottlingKnown())
		require.Len(t, r.XIDs, 1)
		require.Equal(t, begin, *r.At)
	}
	f(time.Second, 30*time.Second, true)
	f(time.Second, 31*time.Second, false)
	f(time.Minute, 3*time.Minute, true)
	f(time.Minute, 3*time.Minute+1, false)
}

func TestAReceiversGPUsAreThoseOfItsLastReport(t *testing.T) {
	var s Store
	s.Observe(report(begin, well("a", begin), well("b", begin)))
	other := report(begin, well("a", begin))
	other.Receiver = "dcgm/other"
	s.Observe(other)
	s.Observe(report(begin.Add(time.Second), well("b", begin)))
	require.Nil(t, s.Of("dcgm", "a", begin, false))
	require.NotNil(t, s.Of("dcgm", "b", begin, false))
	require.NotNil(t, s.Of("dcgm/other", "a", begin, false), "it is another receiver's")
}

func TestAReportIsTheReceiversAgainAfterwards(t *testing.T) {
	var s Store
	one := report(begin, well("a", begin))
	s.Observe(one)
	one.GPUs[0].ThrottleReasons[0], one.GPUs[0].XIDs[0].Code, one.GPUs[0].Temperature = "other", 1, 1
	r := s.Of("dcgm", "a", begin, false)
	require.Equal(t, []string{"sw_power_cap"}, r.ThrottleReasons)
	require.Equal(t, 31, r.XIDs[0].Code)
	require.InDelta(t, 61, *r.Temperature, 0)
	r.ThrottleReasons[0] = "other"
	require.Equal(t, []string{"sw_power_cap"}, s.Of("dcgm", "a", begin, false).ThrottleReasons)
}

func TestTheHistoryHasTheHighestOfEachStep(t *testing.T) {
	var s Store
	at := func(d time.Duration, temperature, power float64) {
		g := well("a", begin.Add(d))
		g.Temperature, g.Power = temperature, power
		s.Observe(report(begin.Add(d), g))
	}
	at(0, 50, none)
	at(10*time.Second, 70, none)
	at(20*time.Second, none, none)
	at(29*time.Second, 60, none)
	at(40*time.Second, 40, 300)
	s.Observe(report(begin.Add(70*time.Second), lost("a"))) // leaves no point
	history := s.Of("dcgm", "a", begin.Add(80*time.Second), true).History
	require.Len(t, history, 2)
	require.Equal(t, begin.Add(30*time.Second), history[0].At)
	require.InDelta(t, 70, *history[0].Temperature, 0)
	require.Nil(t, history[0].Power, "not known is not zero")
	require.InDelta(t, 40, *history[1].Temperature, 0)
	require.InDelta(t, 300, *history[1].Power, 0)
	now := begin.Add(45 * time.Second)
	require.Equal(t, now, s.Of("dcgm", "a", now, true).History[1].At, "the step is not over")
}

func TestTheHistoryIsOneHour(t *testing.T) {
	var s Store
	now := begin
	for range 3 * points {
		now = now.Add(step)
		s.Observe(report(now, well("a", now)))
	}
	history := s.Of("dcgm", "a", now, true).History
	require.Len(t, history, points)
	require.Equal(t, now, history[points-1].At)
	require.Empty(t, s.Of("dcgm", "a", now.Add(span), true).History)
	require.Len(t, s.Of("dcgm", "a", now.Add(span/2), true).History, points/2)
	require.Empty(t, s.Of("dcgm", "a", now.Add(-3*span), true).History, "the clock was set back")
	slow := report(now, well("a", now))
	slow.Interval = 5 * time.Minute
	s.Observe(slow)
	require.InDelta(t, 300, s.Of("dcgm", "a", now, true).StepSeconds, 0)
}

func TestMemoryIsBounded(t *testing.T) {
	var s Store
	many := report(begin)
	for i := range maxGPUs + 10 {
		many.GPUs = append(many.GPUs, well(strconv.Itoa(i), begin))
	}
	s.Observe(many)
	require.Len(t, s.gpus, maxGPUs)
	require.LessOrEqual(t, unsafe.Sizeof(gpu{}), uintptr(6<<10), "the README says so")
	require.Zero(t, testing.AllocsPerRun(100, func() { s.Observe(many) }))
}

// BenchmarkObserveGPUs is what a report of eight GPUs costs the receiver that hands it over.
func BenchmarkObserveGPUs(b *testing.B) {
	var s Store
	now := begin
	one := report(now)
	for i := range 8 {
		one.GPUs = append(one.GPUs, well(strconv.Itoa(i), now))
	}
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Second)
		one.At = now
		s.Observe(one)
	}
	require.Len(b, s.gpus, 8)
}
