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
