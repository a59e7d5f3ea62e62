// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"maps"
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// maxXIDs bounds the XIDs of an entity that are remembered, as in a storm of them.
const maxXIDs = 10_000

// XIDs are the newest one of each entity, and all of a while of each GPU, those included of MIG instances in it that are there no more. Times are
// the host engine's, in microseconds.
type XIDs struct {
	last map[inventory.Key]XID
	of   map[inventory.Key][]XID // by GPU
}

// XID is one that an entity has reported.
type XID struct {
	Code int
	At   int64
}

// NewXIDs returns an empty window.
func NewXIDs() *XIDs { return &XIDs{last: map[inventory.Key]XID{}, of: map[inventory.Key][]XID{}} }

// Take takes an XID of an entity that is, or is in, a GPU.
func (x *XIDs) Take(key, gpu inventory.Key, code int, at int64) {
	if at >= x.last[key].At {
		x.last[key] = XID{code, at}
	}
	some := x.of[gpu]
	if len(some) == maxXIDs {
		some = slices.Delete(some, 0, 1)
	}
	x.of[gpu] = append(some, XID{code, at})
}

// Forget forgets what is known of an entity.
func (x *XIDs) Forget(key inventory.Key) {
	delete(x.last, key)
	delete(x.of, key)
}

// Last returns the newest XID of some entities.
func (x *XIDs) Last(keys ...inventory.Key) (XID, bool) {
	var last XID
	for _, key := range keys {
		if one := x.last[key]; one.At >= last.At {
			last = one
		}
	}
	return last, last.At > 0
}

// Since counts the codes of the XIDs of a GPU, without those from before a time, which it drops.
func (x *XIDs) Since(after int64, gpu inventory.Key) []CodeCount {
	x.of[gpu] = slices.DeleteFunc(x.of[gpu], func(one XID) bool { return one.At < after })
	counts := map[int]int64{}
	for _, one := range x.of[gpu] {
		counts[one.Code]++
	}
	out := make([]CodeCount, 0, len(counts))
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, CodeCount{code, counts[code]})
	}
	return out
}

// CodeCount is how often a code has come.
type CodeCount struct {
	Code  int
	Count int64
}

// ClockEvents are the events that the clocks of a GPU were lowered for during a while, interval by interval: dcgm-exporter counts samples,
// of which it takes one in each.
type ClockEvents struct {
	intervals []clockInterval
}

type clockInterval struct {
	begin int64
	mask  uint64
}

// Take takes a sample of the mask. Times and the length of an interval are in microseconds.
func (c *ClockEvents) Take(at int64, mask uint64, interval int64) {
	begin := at - at%interval
	i, found := slices.BinarySearchFunc(c.intervals, begin, func(one clockInterval, begin int64) int { return int(one.begin - begin) })
	if !found {
		c.intervals = slices.Insert(c.intervals, i, clockInterval{begin: begin})
	}
	c.intervals[i].mask |= mask
}

// Since drops what was before a time, and returns in how many intervals there was each event, by bit.
func (c *ClockEvents) Since(after int64) [len(clockEvents)]int64 {
	var counts [len(clockEvents)]int64
	c.intervals = slices.DeleteFunc(c.intervals, func(one clockInterval) bool { return one.begin < after })
	for _, one := range c.intervals {
		for bit := range counts {
			counts[bit] += int64(one.mask >> bit & 1) //nolint:gosec // It is one bit.
		}
	}
	return counts
}

// clockEvents are the names of the bits of field 112.
var clockEvents = [...]string{
	"gpu_idle", "clocks_setting", "power_cap", "hw_slowdown", "sync_boost", "sw_thermal", "hw_thermal", "hw_power_brake", "display_clocks",
}

// ClockEventNames are the values of the label clock_event, by bit.
func ClockEventNames() []string { return clockEvents[:] }

// HealthWatches are the values of the label health_watch in the order of DCGM's systems, as far as dcgm-exporter has them; the last one is of
// the whole GPU.
func HealthWatches() []string {
	return []string{"PCIE", "NVLINK", "PMU", "MCU", "MEM", "SM", "INFOROM", "THERMAL", "POWER", "DRIVER", "ALL"}
}
