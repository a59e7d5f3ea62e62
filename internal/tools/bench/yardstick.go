// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// yardstickUnit is the unit under which every measurement carries what the yardstick took beside it.
const yardstickUnit = "yardstick-ns"

// yardstick is the CPU time of a fixed piece of work, which parses, allocates, copies and sorts as Collectors do. CPU times are compared as
// multiples of it, measured at the same time: so a slower machine, or one whose caches others use, is slower for both.
func yardstick() time.Duration {
	const turns = 9
	times := make([]time.Duration, turns)
	for i := range times {
		runtime.GC()
		before := cpuTime()
		work()
		times[i] = cpuTime() - before
	}
	slices.Sort(times)
	return times[turns/2]
}

func work() {
	type point struct {
		Name       string            `json:"name"`
		Attributes map[string]string `json:"attributes"`
		Value      float64           `json:"value"`
	}
	points := make([]point, 64)
	for i := range points {
		points[i] = point{"hw.temperature", map[string]string{"hw.id": "GPU-0", "hw.name": "H100", "host.name": "node"}, float64(i * 7919 % 64)}
	}
	for range 20 {
		text, err := json.Marshal(points)
		if err != nil {
			panic(err)
		}
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(&points); err != nil {
			panic(err)
		}
		slices.SortFunc(points, func(a, b point) int { return int(b.Value - a.Value) })
		slices.Reverse(points)
	}
}

// cpuTime is the CPU time of this process, garbage collection included.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
