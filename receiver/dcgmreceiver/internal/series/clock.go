// SPDX-License-Identifier: Apache-2.0

package series

import (
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Clock is the clock of a host engine, as the timestamps of its samples show it. Between samples it goes on with the
// Collector's, so that an engine which samples nothing any more makes its values old.
//
// A sample is seen at the earliest when it is taken: of all samples the one that was seen soonest shows the clock best.
type Clock struct {
	base   time.Time // an instant of the Collector
	offset int64     // microseconds from the time since then to the engine's time
	newest int64     // timestamp of the newest sample of the last read that had any
	late   int       // reads in a row that show an earlier time
	best   int64     // the largest offset of these
	behind int       // reads in a row that show the engine behind the Collector by more than MostSkew
	judged time.Time // when the last of these was
	skewed bool      // the clocks differ by more than MostSkew
}

// patienceReads is how many reads have to show an earlier time, or that the engine's clock is behind, before it is believed. A sample may be
// late: no number of reads can make it early.
const patienceReads = 3

// News are the samples of a read that were not there before.
type News struct {
	ahead, back news
}

// news are some of them.
type news struct {
	newest int64 // timestamp of the newest; 0 if there is none
	count  int
}

func (n *news) add(at int64) { n.newest, n.count = max(n.newest, at), n.count+1 }

// Put gives a sample to an entity.
func (n *News) Put(s *Set, slot int, sample dcgm.Sample) {
	switch isNew, isOlder := s.put(slot, sample); {
	case isOlder:
		n.back.add(sample.TS)
	case isNew && sample.TS > 0:
		n.ahead.add(sample.TS)
	}
}

// SetBack reports whether the clock has been set back: most samples are older than those that were there before. A single
// one may be odd.
func (n *News) SetBack() bool { return n.back.count > n.ahead.count }

// Newest returns the timestamp of the newest sample by the clock as it is now, 0 if there is none.
func (n *News) Newest() int64 {
	if n.SetBack() {
		return n.back.newest
	}
	return n.ahead.newest
}

// Seen takes what a read has brought, and when it came. Samples are taken once in a period.
func (c *Clock) Seen(n News, at time.Time, period time.Duration) {
	newest, setBack := n.Newest(), n.SetBack()
	switch {
	case newest == 0, c.Known() && newest <= c.newest && !setBack:
		return
	case !c.Known():
		c.base = at
		c.set(newest, at)
	case setBack:
		c.set(newest, at)
	default:
		c.follow(newest, at, period)
	}
	c.judge(at)
}

// follow takes an earlier time than the samples before have shown once enough reads in a row show it.
func (c *Clock) follow(newest int64, at time.Time, period time.Duration) {
	c.newest = newest
	offset := newest - at.Sub(c.base).Microseconds()
	switch {
	case offset > c.offset:
		c.set(newest, at)
	case offset >= c.offset-(period+period/4).Microseconds():
		c.late = 0
	case c.late == 0:
		c.late, c.best = 1, offset
	default:
		if c.late, c.best = c.late+1, max(c.best, offset); c.late >= patienceReads {
			c.offset, c.late = c.best, 0
		}
	}
}

// judge counts the reads that show the engine's clock behind. The soonest sample of all of them decides.
func (c *Clock) judge(at time.Time) {
	switch {
	case c.Skew(at) <= MostSkew:
		c.behind = 0
	case !at.Equal(c.judged):
		c.behind, c.judged = c.behind+1, at
	}
}

func (c *Clock) set(newest int64, at time.Time) {
	c.offset, c.newest, c.late = newest-at.Sub(c.base).Microseconds(), newest, 0
}

// Known reports whether a sample has shown the time.
func (c *Clock) Known() bool { return !c.base.IsZero() }

// Now returns the engine's time at an instant of the Collector, in microseconds since the Unix epoch: the Collector's
// as long as no sample has shown it.
func (c *Clock) Now(at time.Time) int64 {
	if !c.Known() {
		return at.UnixMicro()
	}
	return at.Sub(c.base).Microseconds() + c.offset
}

// Skew returns by how much the Collector's clock is ahead of the engine's. It includes the time from the taking of a
// sample to its coming, of the sample for which that was the shortest.
func (c *Clock) Skew(at time.Time) time.Duration {
	return time.Duration(at.UnixMicro()-c.Now(at)) * time.Microsecond
}

// MostSkew is the largest difference of the clocks that is worth no word.
const MostSkew = time.Second

// Skewed reports whether the clocks differ by more than [MostSkew], and whether that is news. They agree again at half of
// it. A late sample looks like an engine that is behind, so that this is reported after some reads.
func (c *Clock) Skewed(at time.Time) (skewed, isNews bool) {
	before, skew := c.skewed, c.Skew(at)
	switch {
	case before:
		c.skewed = skew.Abs() > MostSkew/2
	default:
		c.skewed = skew < -MostSkew || skew > MostSkew && c.behind >= patienceReads
	}
	return c.skewed, c.skewed != before
}
