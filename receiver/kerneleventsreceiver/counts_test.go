// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/xid"
)

func TestSeriesAreBounded(t *testing.T) {
	c := newCounts()
	for i := range 1000 {
		c.addEvent(&made{kind: "disk.error", device: fmt.Sprintf("sd%d", i)})
		c.addEvent(&made{kind: "gpu.xid", device: "a", gpu: gpu{id: "GPU-1"}, code: xid.Code{Kind: xid.XID, Number: i + 1}})
		c.addEvent(&made{kind: "gpu.xid", device: "b", gpu: gpu{id: fmt.Sprintf("GPU-%d", i)}, code: xid.Code{Kind: xid.XID, Number: 13}})
	}
	require.Len(t, c.events["disk.error"], maxDevices+1)
	require.Equal(t, int64(1000-maxDevices), c.events["disk.error"][otherDevice])
	require.Equal(t, map[string]int64{"a": 1000, "b": 1000}, c.events["gpu.xid"])
	require.Len(t, c.xids[gpuKey{id: "GPU-1"}], maxCodes+1)
	require.Len(t, c.xids, maxGPUs+1)
	total := int64(0)
	for _, codes := range c.xids {
		for _, n := range codes {
			total += n
		}
	}
	require.Equal(t, int64(2000), total, "none is left out")
}

func TestLimits(t *testing.T) {
	start := time.Unix(0, 0)
	l := limits{perSecond: 2, burst: 3}
	allowed := func(at time.Duration, n int) (count int) {
		for range n {
			if l.allow("a", start.Add(at)) {
				count++
			}
		}
		return count
	}
	require.Equal(t, 3, allowed(0, 9))
	require.Equal(t, 1, allowed(500*time.Millisecond, 9))
	require.Equal(t, 3, allowed(time.Hour, 9))
	require.Zero(t, allowed(0, 9), "a clock that goes back gives nothing")
	require.True(t, l.allow("b", start))
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"0000:3b:00":     "00000000:3B:00.0",
		"00000000:3B:00": "00000000:3B:00.0",
		"0009:01:00.1":   "00000009:01:00.1",
		"3b:00.0":        "00000000:3B:00.0",
	} {
		a, ok := parseAddress(text)
		require.True(t, ok, text)
		require.Equal(t, want, a.busID())
	}
	for _, text := range []string{"", "id=00e0", "0000:3b", "0000:3b:00.8", "x:3b:00.0"} {
		_, ok := parseAddress(text)
		require.False(t, ok, text)
	}
}

func TestAddressesThatAreKeptAreBounded(t *testing.T) {
	m := maker{}
	for i := range 3 * maxKnown {
		p, ok := m.placeOf(fmt.Sprintf("%04x:3b:00", i))
		require.True(t, ok)
		require.Equal(t, fmt.Sprintf("%08X:3B:00.0", i), p.busID)
	}
	require.LessOrEqual(t, len(m.places), maxKnown)
	_, ok := m.placeOf("nowhere")
	require.False(t, ok)
}

func TestWhatTheDriverSaysOfAGPUStays(t *testing.T) {
	folder := driverFolder(t)
	g := newGPUs(folder)
	now := time.Unix(1_000_000, 0)
	a, _ := parseAddress("0000:3b:00.0")
	found, ok := g.at(a, now)
	require.True(t, ok)
	require.Equal(t, gpu{"GPU-11111111-2222-3333-4444-555555555555", "nvidia3", "NVIDIA H100 80GB HBM3"}, found)

	g.folder = t.TempDir() // The GPU is lost.
	now = now.Add(time.Hour)
	lost, ok := g.at(a, now)
	require.True(t, ok)
	require.Equal(t, found, lost)

	g.learn(a, "GPU-99999999-2222-3333-4444-555555555555") // Another one is in its place.
	replaced, _ := g.at(a, now)
	require.Equal(t, gpu{id: "GPU-99999999-2222-3333-4444-555555555555"}, replaced)

	other, _ := parseAddress("0000:4c:00.0")
	_, ok = g.at(other, now)
	require.False(t, ok)
	require.Equal(t, gpu{}, parseInformation("GPU UUID: GPU-????????-????-????-????-????????????\nDevice Minor: x\n"))
	for i := range 3 * maxKnown {
		g.learn(address{domain: uint64(i)}, "GPU-99999999-2222-3333-4444-555555555555") //nolint:gosec // It is small.
		g.at(address{bus: uint64(i), device: 9}, now)                                   //nolint:gosec // It is small.
	}
	require.LessOrEqual(t, len(g.known), maxKnown)
	require.LessOrEqual(t, len(g.read), maxKnown)
}
