// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"sync"
	"sync/atomic"
	"time"
)

// degradedClock sums the time between set(true) and set(false), the open interval included.
// The total never decreases. The zero value is ready and not degraded.
type degradedClock struct {
	degraded atomic.Bool // copy of !since.IsZero(), so that an unchanged state takes no lock

	mu    sync.Mutex
	since time.Time // start of the open interval; zero when not degraded
	past  time.Duration
}

func (c *degradedClock) set(degraded bool) {
	if c.degraded.Load() == degraded {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	open := !c.since.IsZero()
	switch {
	case degraded && !open:
		c.since = time.Now()
	case !degraded && open:
		c.past += time.Since(c.since)
		c.since = time.Time{}
	}
	c.degraded.Store(degraded)
}

func (c *degradedClock) total() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.since.IsZero() {
		return c.past
	}
	return c.past + time.Since(c.since)
}
