// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
)

// The bounds of what metrics tell apart. Kinds are as many as there are rules.
const (
	maxDevices = 128 // of a kind
	maxCodes   = 64  // of a GPU
	maxGPUs    = 128
)

// What stands for all that is beyond a bound.
const (
	otherDevice = "other"
	otherCode   = -1
)

// counts is what the metrics say. It is safe for concurrent use.
type counts struct {
	mu      sync.Mutex
	records map[metadata.AttributeKernelLogOutcome]int64
	events  map[string]map[string]int64 // by kind and device
	dropped map[string]int64            // by kind
	xids    map[gpuKey]map[int64]int64  // by GPU and code
}

type gpuKey struct{ id, busID string }

func newCounts() counts {
	return counts{
		records: map[metadata.AttributeKernelLogOutcome]int64{
			metadata.AttributeKernelLogOutcomeMatched: 0, metadata.AttributeKernelLogOutcomeUnmatched: 0, metadata.AttributeKernelLogOutcomeLost: 0,
			metadata.AttributeKernelLogOutcomeKnown: 0, metadata.AttributeKernelLogOutcomeMalformed: 0, metadata.AttributeKernelLogOutcomeOversized: 0,
		},
		events:  map[string]map[string]int64{},
		dropped: map[string]int64{},
		xids:    map[gpuKey]map[int64]int64{},
	}
}

func (c *counts) addRecord(matched bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if matched {
		c.records[metadata.AttributeKernelLogOutcomeMatched]++
	} else {
		c.records[metadata.AttributeKernelLogOutcomeUnmatched]++
	}
}

func (c *counts) addUnread(of kmsg.Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records[metadata.AttributeKernelLogOutcomeKnown] += int64(of.Known)         //nolint:gosec // They are counts of what happened.
	c.records[metadata.AttributeKernelLogOutcomeLost] += int64(of.Lost)           //nolint:gosec // They are counts of what happened.
	c.records[metadata.AttributeKernelLogOutcomeMalformed] += int64(of.Malformed) //nolint:gosec // They are counts of what happened.
	c.records[metadata.AttributeKernelLogOutcomeOversized] += int64(of.Oversized) //nolint:gosec // They are counts of what happened.
}

func (c *counts) addEvent(m *made) {
	c.mu.Lock()
	defer c.mu.Unlock()
	addBounded(c.events, m.kind, m.device, len(c.events)+1, maxDevices, otherDevice)
	if number := m.xid(); number != 0 {
		addBounded(c.xids, gpuKey{m.gpu.id, m.busID()}, number, maxGPUs, maxCodes, otherCode)
	}
}

// addBounded counts under outer and inner keys. What is beyond the bounds is counted under other, or not told apart by its outer key.
func addBounded[O, I comparable](all map[O]map[I]int64, outer O, inner I, maxOuter, maxInner int, other I) {
	if all[outer] == nil && len(all) >= maxOuter {
		outer = *new(O)
	}
	of := all[outer]
	if of == nil {
		of = map[I]int64{}
		all[outer] = of
	}
	if _, known := of[inner]; !known && len(of) >= maxInner {
		inner = other
	}
	of[inner]++
}

func (c *counts) addDropped(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped[kind]++
}

func (c *counts) record(mb *metadata.MetricsBuilder, now pcommon.Timestamp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for outcome, n := range c.records {
		mb.RecordKernelLogRecordsDataPoint(now, n, outcome)
	}
	for kind, devices := range c.events {
		for device, n := range devices {
			mb.RecordKernelEventsDataPoint(now, n, kind, device)
		}
	}
	for kind, n := range c.dropped {
		mb.RecordKernelEventsDroppedDataPoint(now, n, kind)
	}
	for gpu, codes := range c.xids {
		for code, n := range codes {
			mb.RecordKernelGpuXidsDataPoint(now, n, gpu.id, gpu.busID, code)
		}
	}
}
