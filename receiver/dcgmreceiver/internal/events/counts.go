// SPDX-License-Identifier: Apache-2.0

package events

import (
	"math"
	"slices"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// MaxCodes is how many codes of an entity are counted one by one. What comes beyond goes to one count that says so.
const MaxCodes = 64

// maxCounted bounds the entities whose codes are kept: MIG instances come and go.
const maxCounted = 4096

// Count is how often an entity has reported a code, and when it did last.
type Count struct {
	Code     int   `json:"code,omitempty"`
	Fatal    bool  `json:"fatal,omitempty"`    // of an SXID, what the driver says
	Overflow bool  `json:"overflow,omitempty"` // of all codes beyond [MaxCodes]
	Number   int64 `json:"number"`
	Last     int64 `json:"last"` // microseconds since the Unix epoch on the host engine's clock
}

// Counts are the codes that entities have reported.
type Counts []Counted

// Counted are the codes that one entity has reported, in the order of their first time.
type Counted struct {
	Key   inventory.Key `json:"key"`
	GPU   string        `json:"gpu,omitempty"` // what the GPU is known by that a MIG instance is in
	Codes []Count       `json:"codes"`
}

// Of returns the counts of an entity.
func (c Counts) Of(key inventory.Key) []Count {
	if i := c.index(key); i >= 0 {
		return c[i].Codes
	}
	return nil
}

func (c Counts) index(key inventory.Key) int {
	return slices.IndexFunc(c, func(counted Counted) bool { return counted.Key == key })
}

// totals adds up, by code, what a GPU and the MIG instances in it have reported, those included that are there no more.
func (c Counts) totals(gpu inventory.Key) map[int]int64 {
	totals := map[int]int64{}
	for i := range c {
		if c[i].Key != gpu && (gpu.Kind != dcgm.GPU || c[i].GPU != gpu.ID) {
			continue
		}
		for _, count := range c[i].Codes {
			totals[count.Code] += count.Number
		}
	}
	return totals
}

// Add counts the code of an occurrence of an entity that is, or is in, a GPU.
func (c *Counts) Add(key, gpu inventory.Key, o Occurrence) {
	i := c.index(key)
	if i < 0 {
		c.makeRoom()
		*c = append(*c, Counted{Key: key})
		i = len(*c) - 1
	}
	if gpu != key {
		(*c)[i].GPU = gpu.ID
	}
	count := (*c)[i].count(int(o.Value), o.Field == FieldFatalSXID)
	count.Number++
	count.Last = max(count.Last, o.Time)
}

func (c *Counted) count(code int, fatal bool) *Count {
	for i := range c.Codes {
		if count := &c.Codes[i]; count.Overflow || count.Code == code && count.Fatal == fatal {
			return count
		}
	}
	next := Count{Code: code, Fatal: fatal}
	if len(c.Codes) >= MaxCodes {
		next = Count{Overflow: true}
	}
	c.Codes = append(c.Codes, next)
	return &c.Codes[len(c.Codes)-1]
}

// makeRoom forgets the entity whose newest code is the oldest.
func (c *Counts) makeRoom() {
	if len(*c) < maxCounted {
		return
	}
	oldest, at := 0, int64(math.MaxInt64)
	for i := range *c {
		var newest int64
		for _, count := range (*c)[i].Codes {
			newest = max(newest, count.Last)
		}
		if newest < at {
			oldest, at = i, newest
		}
	}
	*c = slices.Delete(*c, oldest, oldest+1)
}
