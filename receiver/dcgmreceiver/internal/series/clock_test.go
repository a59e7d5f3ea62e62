// SPDX-License-Identifier: Apache-2.0

package series

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// look is a read at a second of the Collector that brings a sample with a second of the engine as its newest, -1 for
// none, and what the engine's time is for the receiver then.
type look struct{ at, newest, now float64 }

// back marks a sample that is older than the one of the same field before it.
const back = 1e6

const none = -1

func (l look) news() News {
	switch {
	case l.newest == none:
		return News{}
	case l.newest > back:
		return News{back: news{int64((l.newest - back) * second), 1}}
	default:
		return News{ahead: news{int64(l.newest * second), 1}}
	}
}

func TestClockIsTheEngines(t *testing.T) {
	for name, looks := range map[string][]look{
		"samples come at once":                 {{1000, 1000, 1000}, {1010, 1010, 1010}, {1020, 1020, 1020}},
		"they come later than the first":       {{1000, 1000, 1000}, {1010, 1003, 1010}, {1020, 1013, 1020}},
		"one that comes sooner shows it best":  {{1000, 993, 993}, {1010, 1003, 1003}, {1020, 1019, 1019}, {1030, 1023, 1029}},
		"the engine is 40 s behind":            {{1000, 960, 960}, {1010, 970, 970}},
		"the engine is an hour ahead":          {{1000, 4600, 4600}, {1010, 4610, 4610}},
		"it samples nothing any more":          {{1000, 1000, 1000}, {1010, none, 1010}, {1050, none, 1050}},
		"and begins again":                     {{1000, 1000, 1000}, {1050, none, 1050}, {1060, 1060, 1060}},
		"it is set ahead":                      {{1000, 1000, 1000}, {1010, 1310, 1310}, {1020, 1320, 1320}},
		"it is set back far":                   {{1000, 1000, 1000}, {1010, back + 410, 410}, {1020, 420, 420}},
		"it is set back a little":              {{1000, 1000, 1000}, {1010, 1010, 1010}, {1025, back + 995, 995}, {1035, 1005, 1005}},
		"a late sample is no clock set back":   {{1000, 1000, 1000}, {1020, 1007, 1020}, {1030, 1017, 1030}, {1040, 1040, 1040}, {1050, 1037, 1050}},
		"late ones are not, unless in a row":   {{1000, 1000, 1000}, {1020, 1007, 1020}, {1030, 1017, 1030}, {1040, 1039, 1040}, {1060, 1047, 1060}, {1070, 1057, 1070}},
		"of late ones the soonest shows it":    {{1000, 1000, 1000}, {1020, 1002, 1020}, {1030, 1016, 1030}, {1040, 1023, 1026}},
		"an old sample once more says nothing": {{1000, 1000, 1000}, {1020, 1000, 1020}, {1030, 1000, 1030}, {1040, 1000, 1040}, {1050, 1000, 1050}},
		"one sample of the future":             {{1000, 1000, 1000}, {1010, 4000, 4000}, {1020, back + 1020, 1020}},
	} {
		t.Run(name, func(t *testing.T) {
			var c Clock
			for i, l := range looks {
				at := time.Unix(0, int64(l.at*1e9))
				c.Seen(l.news(), at, 10*time.Second)
				require.Equal(t, int64(l.now*second), c.Now(at), "read %d", i)
				require.Equal(t, time.Duration((l.at-l.now)*1e9), c.Skew(at), "read %d", i)
			}
			require.True(t, c.Known())
		})
	}
}

func TestSkewIsNewsOnce(t *testing.T) {
	var c Clock
	for i, tt := range []struct {
		ahead          time.Duration
		skewed, isNews bool
	}{
		{0, false, false},
		{time.Second, false, false},
		{time.Second + time.Millisecond, true, true},
		{2 * time.Second, true, false},
		{time.Second, true, false},
		{501 * time.Millisecond, true, false},
		{500 * time.Millisecond, false, true},
		{time.Second, false, false},
	} {
		at := time.Unix(1000, 0)
		c = Clock{skewed: c.skewed}
		c.Seen(News{ahead: news{at.Add(tt.ahead).UnixMicro(), 1}}, at, 10*time.Second)
		skewed, isNews := c.Skewed(at)
		require.Equal(t, tt.skewed, skewed, i)
		require.Equal(t, tt.isNews, isNews, i)
	}
}

func TestLateSamplesAreNoSkew(t *testing.T) {
	for name, tt := range map[string]struct {
		looks []look // without now
		want  []bool
	}{
		"the first ones are late":               {[]look{{at: 1000, newest: 995}, {at: 1010, newest: 1007}, {at: 1020, newest: 1019.5}}, []bool{false, false, false}},
		"a read of two tiers is one":            {[]look{{at: 1000, newest: 995}, {at: 1000, newest: 996}, {at: 1000, newest: 997}, {at: 1010, newest: 1010}}, []bool{false, false, false, false}},
		"no sample is no read":                  {[]look{{at: 1000, newest: 995}, {at: 1010, newest: 995}, {at: 1020, newest: 995}, {at: 1030, newest: 1030}}, []bool{false, false, false, false}},
		"a busy engine that catches up":         {[]look{{at: 1000, newest: 1000}, {at: 1030, newest: 1010}, {at: 1040, newest: 1022}, {at: 1050, newest: 1032}, {at: 1060, newest: 1045}, {at: 1070, newest: 1070}}, []bool{false, false, false, false, false, false}},
		"an engine that is behind":              {[]look{{at: 1000, newest: 998}, {at: 1010, newest: 1007}, {at: 1020, newest: 1017}, {at: 1030, newest: 1028}}, []bool{false, false, true, true}},
		"an engine ahead cannot be early":       {[]look{{at: 1000, newest: 1002}, {at: 1010, newest: 1012}}, []bool{true, true}},
		"one that is set back, by all samples":  {[]look{{at: 1000, newest: 1000}, {at: 1010, newest: back + 410}, {at: 1020, newest: 420}, {at: 1030, newest: 430}}, []bool{false, false, false, true}},
		"agreement between is a new beginning":  {[]look{{at: 1000, newest: 995}, {at: 1010, newest: 1005}, {at: 1020, newest: 1020}, {at: 1030, newest: back + 1020}, {at: 1040, newest: 1030}}, []bool{false, false, false, false, false}},
		"they agree again by the first of them": {[]look{{at: 1000, newest: 990}, {at: 1010, newest: 1000}, {at: 1020, newest: 1010}, {at: 1030, newest: 1030}}, []bool{false, false, true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var c Clock
			for i, l := range tt.looks {
				at := time.Unix(0, int64(l.at*1e9))
				c.Seen(l.news(), at, 10*time.Second)
				skewed, _ := c.Skewed(at)
				require.Equal(t, tt.want[i], skewed, "read %d", i)
			}
		})
	}
}

func TestUnknownClockIsTheCollectors(t *testing.T) {
	var c Clock
	at := time.Unix(1000, 0)
	require.False(t, c.Known())
	require.Equal(t, at.UnixMicro(), c.Now(at))
	require.Zero(t, c.Skew(at))
}

func TestNewsOfARead(t *testing.T) {
	s := newSet(t, "gpu.clock.frequency")
	for name, tt := range []struct {
		seconds []int64
		newest  int64
		setBack bool
	}{
		{[]int64{101, 103, 102}, 103, false}, // The first ones are all new.
		{[]int64{101, 103, 102}, 0, false},
		{[]int64{111, 103, 112}, 112, false}, // Some have not been taken again.
		{[]int64{121, 90, 122}, 122, false},  // One is odd.
		{[]int64{50, 90, 55}, 55, true},
		{[]int64{45, 100, 44}, 45, true},  // One was taken before the clock was set back.
		{[]int64{44, 100, 43}, 44, false}, // A second is an adjustment.
		{[]int64{50, 95, 43}, 50, false},
	} {
		var n News
		for slot, at := range tt.seconds {
			n.Put(s.Set, slot, dcgm.SampleOf(s.layout.Field(slot), at*second, int64(1)))
		}
		require.Equal(t, tt.newest*second, n.Newest(), "read %d", name)
		require.Equal(t, tt.setBack, n.SetBack(), "read %d", name)
	}
	n := News{}
	n.Put(s.Set, 0, dcgm.Sample{Reason: dcgm.Blank})
	require.Equal(t, News{}, n, "what has never been sampled has no time")
}
