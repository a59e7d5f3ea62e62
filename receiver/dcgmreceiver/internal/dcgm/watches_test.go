// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFastestWatchAndTheOneWithHistoryAreAskedForLast(t *testing.T) {
	w := func(period, keep time.Duration, entities []Entity, fields ...FieldID) *watching {
		return &watching{Watch: Watch{Fields: fields, Period: period, KeepAge: keep}, entities: entities}
	}
	both := gpuEntities(0, 1)
	fast := w(10*time.Second, 0, both, 100, 112)
	events := w(time.Second, time.Minute, both, 112)
	errors := w(time.Minute, 0, both, 310)
	slow := w(time.Minute, 0, both[:1], 100)
	faster := w(100*time.Millisecond, 0, both[:1], 112)
	all := watches{fast, events, errors, slow, faster}

	require.Equal(t, []*watching{fast, faster, events}, all.displaced(slow), "what it has slowed down, and what that has")
	require.Equal(t, []*watching{events}, all.displaced(faster))
	require.Empty(t, all.displaced(events))
	require.Empty(t, all.displaced(errors), "nobody else watches its fields")

	require.Equal(t, 100*time.Millisecond, all.period(events), "it takes the place of a faster one")
	require.Equal(t, 10*time.Second, all.period(fast))
	require.Equal(t, time.Minute, all.period(slow))

	require.Equal(t, []*watching{fast, faster, events}, all.without(slow).affected(slow))
	require.Equal(t, []*watching{slow, faster}, watches{errors, slow, faster}.affected(fast), "those of other fields are not asked for again")
	require.Empty(t, watches{fast, slow, faster}.affected(errors))

	require.True(t, watches{fast, events}.cover(slow))
	require.False(t, watches{slow, faster}.cover(fast), "GPU 1 is nobody else's")
	require.True(t, watches{errors, fast}.cover(events))
	require.False(t, watches{errors}.cover(events), "it has another field")
}
