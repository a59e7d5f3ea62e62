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

// The clock of the records may go faster or slower, or stand still while the machine sleeps.
func TestWallTimeFollowsTheDriftOfTheRecordsClock(t *testing.T) {
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	boot := 1000 * time.Second
	clock := &Clock{Now: func() (time.Time, time.Duration) { return start.Add(boot), boot }}
	clock.Update()
	came := func(lag time.Duration) time.Duration {
		boot += time.Second
		clock.Came(boot - lag)
		return clock.Wall(boot-lag).Sub(start) - boot // how wrong it is
	}
	require.Equal(t, -9*time.Millisecond, came(9*time.Millisecond), "what is less than a step leaves the microseconds as they are")
	require.Equal(t, -time.Hour, came(time.Hour), "one record may have been held back")
	require.Zero(t, came(-3*time.Minute), "a clock that is ahead")
	require.NotZero(t, came(time.Minute))
	require.NotZero(t, came(time.Minute))
	require.Zero(t, came(time.Minute), "a clock that is behind, as three records say")
}

func TestClocksOfThisMachine(t *testing.T) {
	wall, boot := Now()
	require.WithinDuration(t, time.Now(), wall, time.Minute)
	require.Positive(t, boot)
}
