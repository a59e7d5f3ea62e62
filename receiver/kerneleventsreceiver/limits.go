// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import "time"

// limits has a token bucket for each kind of event.
type limits struct {
	perSecond, burst float64
	of               map[string]*bucket
}

type bucket struct {
	tokens float64
	filled time.Time
}

func (l *limits) allow(kind string, now time.Time) bool {
	if l.of == nil {
		l.of = map[string]*bucket{}
	}
	b, ok := l.of[kind]
	if !ok {
		b = &bucket{tokens: l.burst, filled: now}
		l.of[kind] = b
	}
	b.tokens = min(l.burst, b.tokens+max(0, now.Sub(b.filled).Seconds())*l.perSecond)
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
