// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What never has a record does not keep the reader from being stopped.
func TestAFloodOfWhatIsNoRecordReturns(t *testing.T) {
	r := open(t, "/dev/zero")
	_, err := r.Next(time.Now().Add(10 * time.Millisecond))
	require.ErrorIs(t, err, ErrIdle)
	require.NotZero(t, r.Counts.Malformed)
	r.Interrupt()
	_, err = r.Next(time.Now().Add(time.Hour))
	require.ErrorIs(t, err, ErrIdle)

	for name, text := range map[string]string{"no record": "no record\n", "no line": strings.Repeat("x", MaxRecord)} {
		t.Run(name, func(t *testing.T) {
			r := open(t, logFile(t, strings.Repeat(text, 10)))
			r.Interrupt()
			_, err := r.Next(time.Now().Add(time.Hour))
			require.ErrorIs(t, err, ErrIdle)
			require.LessOrEqual(t, r.Counts.Malformed+r.Counts.Oversized, uint64(1))
		})
	}
}
