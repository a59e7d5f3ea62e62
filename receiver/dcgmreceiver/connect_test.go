// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBackoffDoublesWithinItsBounds(t *testing.T) {
	for range 100 {
		var b backoff
		for _, limit := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
			pause := b.next()
			require.GreaterOrEqual(t, pause, max(firstBackoff, limit*time.Second/2))
			require.LessOrEqual(t, pause, limit*time.Second)
		}
	}
}

func TestTicksKeepTheirGrid(t *testing.T) {
	last := time.Unix(100, 0)
	for late, want := range map[time.Duration]time.Duration{
		0: 10 * time.Second, time.Second: 10 * time.Second, 9999 * time.Millisecond: 10 * time.Second,
		10 * time.Second: 20 * time.Second, 35 * time.Second: 40 * time.Second, -time.Second: 10 * time.Second,
	} {
		require.Equal(t, last.Add(want), nextTick(last, last.Add(late), 10*time.Second), late)
	}
}
