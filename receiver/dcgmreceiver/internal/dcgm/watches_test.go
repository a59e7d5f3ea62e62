// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// somebody is an owner of watches.
type somebody struct{ Session }

func TestFastestWatchAndTheOneWithHistoryAreAskedForLast(t *testing.T) {
	one, other := &somebody{}, &somebody{}
	w := func(owner Session, period, keep time.Duration, entities []Entity, fields ...FieldID) *watching {
		return &watching{Watch: Watch{Fields: fields, Period: period, KeepAge: keep}, owner: owner, entities: entities}
	}
	both := gpuEntities(0, 1)
	fast := w(one, 10*time.Second, 0, both, 100, 112)
	events := w(one, time.Second, time.Minute, both, 112)
	errors := w(one, time.Minute, 0, both, 310)
	slow := w(other, time.Minute, 0, both[:1], 100)
	faster := w(other, 100*time.Millisecond, 0, both[:1], 112)
	all := watches{fast, events, errors, slow, faster}

	require.Equal(t, []*watching{fast, faster, events}, all.displaced(slow), "what it has slowed down, and what that has")
	require.Equal(t, []*watching{events}, all.displaced(faster))
	require.Empty(t, all.displaced(events))
	require.Empty(t, all.displaced(errors), "nobody else watches its fields")

	require.Equal(t, 100*time.Millisecond, all.period(events), "it takes the place of a faster one")
	require.Equal(t, 10*time.Second, all.period(fast))
	require.Equal(t, time.Minute, all.period(slow))

	require.Equal(t, []*watching{fast, faster, events}, all.without(slow).bereft(slow))
	require.Equal(t, []*watching{slow, faster}, watches{errors, slow, faster}.bereft(fast), "its own are not asked for again")
	require.Empty(t, watches{fast, slow, faster}.bereft(errors))

	require.True(t, watches{fast, events}.cover(slow))
	require.False(t, watches{slow, faster}.cover(fast), "GPU 1 is nobody else's")
	require.False(t, watches{errors}.cover(events), "an own watch ends too")
}
