// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWallTimeFollowsTheRecordsMicrosecondsAndSteps(t *testing.T) {
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	wall, boot := start, 1000*time.Second
	clock := &Clock{Now: func() (time.Time, time.Duration) { return wall, boot }}
	advance := func(by, stepped time.Duration) {
		boot += by
		wall = wall.Add(by + stepped)
		clock.Update()
	}

	clock.Update()
	require.Equal(t, start, clock.Wall(1000*time.Second))
	require.Equal(t, start.Add(-time.Second+time.Microsecond), clock.Wall(999*time.Second+time.Microsecond))

	advance(time.Second, 9*time.Millisecond)
	require.Equal(t, start.Add(time.Second), clock.Wall(1001*time.Second), "slewing is no step")

	advance(time.Second, -time.Hour)
	require.Equal(t, start.Add(time.Second), clock.Wall(1001*time.Second), "a record from before keeps its time")
	require.Equal(t, wall, clock.Wall(1002*time.Second))
	require.Equal(t, wall.Add(time.Microsecond), clock.Wall(1002*time.Second+time.Microsecond))

	advance(time.Second, 2*time.Hour)
	require.Equal(t, wall, clock.Wall(1003*time.Second))
}

func TestClocksOfThisMachine(t *testing.T) {
	wall, boot := Now()
	require.WithinDuration(t, time.Now(), wall, time.Minute)
	require.Positive(t, boot)
}
