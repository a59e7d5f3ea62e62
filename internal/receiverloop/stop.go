// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"maps"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// stopSpan is how long after the first Shutdown of a Collector another one belongs to the same stop. What stops a process kills it by
// then; what comes later is a receiver that is started and stopped by itself.
const stopSpan = 2 * PushGrace

// stops has the begin of each Collector's stop. The Collector shuts down one receiver after the other, so that graces of their own would add
// up. A Collector is known by the resource that it hands to all its components: another Collector of the process has another one, and so
// has the Collector after a reload.
type stops struct {
	mu     sync.Mutex
	begins map[pcommon.Resource]time.Time
}

var stopsUnderWay = stops{begins: map[pcommon.Resource]time.Time{}}

// grace returns what is left of [PushGrace] in the Collector's stop, which begins now if it has not begun.
func (s *stops) grace(collector pcommon.Resource, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.begins, func(_ pcommon.Resource, begin time.Time) bool { return now.Sub(begin) > stopSpan })
	if _, ok := s.begins[collector]; !ok {
		s.begins[collector] = now
	}
	return max(0, PushGrace-now.Sub(s.begins[collector]))
}
