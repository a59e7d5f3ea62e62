// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

var errRefused = errors.New("refused")

// engine is a door that notes the calls and refuses what a test says.
type engine struct {
	t      *testing.T
	calls  []string
	groups map[*dcgm.Group][]dcgm.Entity
	fields map[dcgm.FieldID]error // why fields are not watched
	absent []dcgm.Entity          // not taken into groups
	full   error                  // why no group is made
	dead   error                  // of every call
}

func (e *engine) call(format string, args ...any) error {
	e.calls = append(e.calls, fmt.Sprintf(format, args...))
	return e.dead
}

func (e *engine) Group(_ context.Context, entities []dcgm.Entity) (*dcgm.Group, []dcgm.Entity, error) {
	if err := errors.Join(e.call("group %v", entities), e.full); err != nil {
		return nil, nil, err
	}
	group := &dcgm.Group{}
	e.groups[group] = entities
	var refused []dcgm.Entity
	for _, entity := range entities {
		if slices.Contains(e.absent, entity) {
			refused = append(refused, entity)
		}
	}
	return group, refused, nil
}

func (e *engine) Everything(context.Context) (*dcgm.Group, error) {
	group := &dcgm.Group{}
	e.groups[group] = gpus(99)
	return group, e.call("everything")
}

func (e *engine) Watch(_ context.Context, group *dcgm.Group, watch dcgm.Watch) ([]dcgm.Refusal, error) {
	require.Contains(e.t, e.groups, group, "a group that is held")
	var refused []dcgm.Refusal
	for _, f := range watch.Fields {
		if why := e.fields[f]; why != nil {
			refused = append(refused, dcgm.Refusal{Field: f, Why: why})
		}
	}
	return refused, e.call("watch %v of %v", watch.Fields, e.groups[group])
}

func (e *engine) Release(_ context.Context, group *dcgm.Group) error {
	require.Contains(e.t, e.groups, group, "a group that is held")
	err := e.call("release %v", e.groups[group])
	delete(e.groups, group)
	return err
}

// bench is a holder at an engine, with what it wants.
type bench struct {
	*engine
	*Holder
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	e := &engine{t: t, groups: map[*dcgm.Group][]dcgm.Entity{}, fields: map[dcgm.FieldID]error{}}
	return &bench{e, NewHolder(e), time.Unix(0, 0)}
}

// want reconciles, and returns the calls that it took and the problems.
func (b *bench) want(wants ...Want) ([]string, []Problem) {
	b.t.Helper()
	b.calls = nil
	problems, err := b.Reconcile(b.t.Context(), wants, b.now)
	require.NoError(b.t, err)
	return b.calls, problems
}

func values(entities []dcgm.Entity, fields ...dcgm.FieldID) Want {
	return Want{Purpose: Values, Entities: entities, Watch: dcgm.Watch{Fields: fields, Period: time.Second}}
}

func slow(entities []dcgm.Entity, fields ...dcgm.FieldID) Want {
	return Want{Purpose: SlowValues, Entities: entities, Watch: dcgm.Watch{Fields: fields, Period: time.Minute}}
}

func identity(entities []dcgm.Entity, period time.Duration) Want {
	return Want{Purpose: Identity, Entities: entities, Watch: dcgm.Watch{Fields: []dcgm.FieldID{54}, Period: period}}
}

func TestWhatIsWantedIsAddedKeptAndRemoved(t *testing.T) {
	for name, tt := range map[string]struct {
		before, after []Want
		calls         []string
	}{
		"nothing":                         {nil, nil, nil},
		"watches of equal entities share": {nil, []Want{values(gpus(0, 1), 155), slow(gpus(0, 1), 150)}, []string{"group [GPU 0 GPU 1]", "watch [155] of [GPU 0 GPU 1]", "watch [150] of [GPU 0 GPU 1]"}},
		"the same":                        {[]Want{values(gpus(0, 1), 155)}, []Want{values(gpus(0, 1), 155)}, nil},
		"one more entity":                 {[]Want{values(gpus(0, 1), 155), slow(gpus(0, 1), 150)}, []Want{values(gpus(0, 1, 2), 155), slow(gpus(0, 1, 2), 150)}, []string{"group [GPU 2]", "watch [155] of [GPU 2]", "watch [150] of [GPU 2]"}},
		"one less":                        {[]Want{values(gpus(0, 1), 155)}, []Want{values(gpus(1), 155)}, nil},
		"another one":                     {[]Want{values(gpus(0), 155)}, []Want{values(gpus(1), 155)}, []string{"release [GPU 0]", "group [GPU 1]", "watch [155] of [GPU 1]"}},
		"none":                            {[]Want{values(gpus(0), 155), values(gpus(1), 155)}, []Want{values(gpus(1), 155)}, []string{"release [GPU 0]"}},
		"other fields":                    {[]Want{values(gpus(0), 155)}, []Want{values(gpus(0), 155, 156)}, []string{"release [GPU 0]", "group [GPU 0]", "watch [155 156] of [GPU 0]"}},
		"one more watch":                  {[]Want{values(gpus(0), 155)}, []Want{values(gpus(0), 155), slow(gpus(0), 150)}, []string{"watch [150] of [GPU 0]"}},
		"one less watch":                  {[]Want{values(gpus(0), 155), slow(gpus(0), 150)}, []Want{values(gpus(0), 155)}, []string{"release [GPU 0]", "group [GPU 0]", "watch [155] of [GPU 0]"}},
		"another pace":                    {[]Want{values(gpus(0), 155)}, []Want{slow(gpus(0), 155)}, []string{"release [GPU 0]", "group [GPU 0]", "watch [155] of [GPU 0]"}},
		"a slower identity":               {[]Want{values(gpus(0), 155), identity(gpus(0), time.Second)}, []Want{values(gpus(0), 155), identity(gpus(0), time.Minute)}, []string{"watch [54] of [GPU 0]"}},
		"an entity in another set":        {[]Want{values(gpus(0, 1), 155)}, []Want{values(gpus(0), 155), values(gpus(1), 156)}, []string{"group [GPU 1]", "watch [156] of [GPU 1]"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.want(tt.before...)
			calls, problems := b.want(tt.after...)
			require.Equal(t, tt.calls, calls)
			require.Empty(t, problems)
			calls, _ = b.want(tt.after...)
			require.Empty(t, calls, "and then nothing")
		})
	}
}

func TestManyGroupsAreJoined(t *testing.T) {
	b := newBench(t)
	for n := uint32(1); n <= 1+spareGroups; n++ {
		calls, _ := b.want(values(gpus([]uint32{0, 1, 2, 3, 4, 5}[:n]...), 155))
		require.Len(t, calls, 2, "one more")
	}
	b.want(values(gpus(0, 1, 2, 3, 4, 5), 155))
	calls, _ := b.want(values(gpus(0, 1, 2, 3, 4, 5), 155))
	require.Len(t, calls, 2+spareGroups+2)
	require.Len(t, b.engine.groups, 1)
}

func TestWhatIsDoubtedIsMadeAnew(t *testing.T) {
	b := newBench(t)
	wants := []Want{values(gpus(0, 1), 155), values(gpus(2), 155, 156)}
	b.want(wants...)
	b.Doubt(gpus(1)[0])
	calls, _ := b.want(wants...)
	require.Equal(t, []string{"release [GPU 0 GPU 1]", "group [GPU 0 GPU 1]", "watch [155] of [GPU 0 GPU 1]"}, calls)
	b.DoubtAll()
	b.calls = nil
	require.NoError(t, b.RemoveDoubted(t.Context()))
	require.Len(t, b.calls, 2)
	require.Empty(t, b.engine.groups)
}

func TestPartsAreAddedAndTheRestIsLeft(t *testing.T) {
	b := newBench(t)
	b.want(values(gpus(0), 155))
	b.calls = nil
	_, err := b.Add(t.Context(), []Want{identity(gpus(0), time.Second)})
	require.NoError(t, err)
	require.Equal(t, []string{"watch [54] of [GPU 0]"}, b.calls)
	require.NoError(t, b.Holder.Release(t.Context()))
	require.Empty(t, b.engine.groups)
}

func TestRefusedFieldsAreAskedForAgainAfterAPause(t *testing.T) {
	b := newBench(t)
	b.fields = map[dcgm.FieldID]error{156: errRefused, 1611: dcgm.ErrUnknownField}
	want := values(gpus(0), 155, 156, 1611)
	_, problems := b.want(want)
	require.Len(t, problems, 1)
	require.Len(t, problems[0].Fields, 2)
	require.Len(t, b.Refused(gpus(0)), 2)
	require.Empty(t, b.Refused(gpus(1)))
	require.True(t, b.Holds(Values))
	require.False(t, b.Holds(Events))
	b.Postpone(b.now)
	b.now = b.now.Add(firstPause)
	calls, problems := b.want(want)
	require.Empty(t, calls, "not yet")
	require.Empty(t, problems)
	b.now = b.now.Add(1)
	calls, problems = b.want(want)
	require.Equal(t, []string{"watch [156] of [GPU 0]"}, calls, "what is not known never will be")
	require.Len(t, problems, 1)
	b.Postpone(b.now)
	delete(b.fields, 156)
	b.now = b.now.Add(2*firstPause + 1)
	b.want(want)
	require.Len(t, b.Refused(gpus(0)), 1)
	b.now = b.now.Add(lastPause + 1)
	calls, _ = b.want(want)
	require.Empty(t, calls)
}

func TestPauseDoublesToAnHour(t *testing.T) {
	b := newBench(t)
	require.False(t, b.Due(b.now.Add(24*time.Hour)), "nothing was asked for yet")
	for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		require.Equal(t, pause*time.Minute, b.Pause())
		b.Postpone(b.now)
	}
}

func TestWhatTheEngineDoesNotKnowIsAskedForOnce(t *testing.T) {
	b := newBench(t)
	b.fields[1611] = dcgm.ErrUnknownField
	b.want(values(gpus(0), 155, 1611))
	calls, problems := b.want(values(gpus(0, 1), 155, 1611))
	require.Equal(t, []string{"group [GPU 1]", "watch [155] of [GPU 1]"}, calls)
	require.Empty(t, problems)
	require.Contains(t, b.Refused(gpus(1)), dcgm.FieldID(1611))
}

func TestFieldThatIsWatchedForOneOfItsPurposesIsNotRefused(t *testing.T) {
	b := newBench(t)
	b.want(values(gpus(0), 112))
	b.fields[112] = errRefused
	b.want(values(gpus(0), 112), Want{Purpose: Events, Entities: gpus(0), Watch: dcgm.Watch{Fields: []dcgm.FieldID{112}, Period: time.Second, KeepAge: time.Hour}})
	require.Empty(t, b.Refused(gpus(0)))
	require.Empty(t, b.Events(), "those of the watch that is refused")
}

func TestEntitiesThatAreNotTakenAreAskedForAgain(t *testing.T) {
	b := newBench(t)
	b.absent = gpus(1)
	wants := []Want{values(gpus(0, 1), 155), slow(gpus(0, 1), 150)}
	calls, problems := b.want(wants...)
	require.Len(t, calls, 3, "a group and two watches")
	require.Equal(t, []Problem{{Entities: gpus(1)}}, problems)
	calls, problems = b.want(wants...)
	require.Equal(t, []string{"group [GPU 1]", "release [GPU 1]", "group [GPU 1]", "release [GPU 1]"}, calls, "nothing is left behind")
	require.Len(t, problems, 2)
	b.absent = nil
	calls, problems = b.want(wants...)
	require.Equal(t, []string{"group [GPU 1]", "watch [155] of [GPU 1]", "watch [150] of [GPU 1]"}, calls)
	require.Empty(t, problems)
}

func TestWithoutAFreeGroupGPUsAreWatchedThroughDCGMsOwn(t *testing.T) {
	b := newBench(t)
	b.full = errRefused
	wants := []Want{values(gpus(0, 1), 155), values(instances(7), 252)}
	calls, problems := b.want(wants...)
	require.Equal(t, []string{"group [GPU 0 GPU 1]", "everything", "watch [155] of [GPU 99]", "group [GPU instance 7]"}, calls)
	require.Len(t, problems, 2)
	require.ErrorIs(t, b.Instead(), errRefused)
	b.Postpone(b.now)
	b.full, b.now = nil, b.now.Add(2*firstPause)
	calls, problems = b.want(wants...)
	require.Equal(t, []string{"release [GPU 99]", "group [GPU 0 GPU 1]", "watch [155] of [GPU 0 GPU 1]", "group [GPU instance 7]", "watch [252] of [GPU instance 7]"}, calls)
	require.Empty(t, problems)
	require.NoError(t, b.Instead())
}

func TestErrorsOfTheConnectionEndTheWork(t *testing.T) {
	for _, err := range []error{dcgm.ErrDisconnected, dcgm.ErrHung, dcgm.ErrPanic} {
		b := newBench(t)
		b.dead = err
		_, got := b.Reconcile(t.Context(), []Want{values(gpus(0), 155), values(gpus(1), 156)}, b.now)
		require.ErrorIs(t, got, err)
		require.Len(t, b.calls, 1)

		b = newBench(t)
		b.want(values(gpus(0), 155))
		b.dead = err
		_, got = b.Reconcile(t.Context(), nil, b.now)
		require.ErrorIs(t, got, err)
	}
	b := newBench(t)
	b.want(values(gpus(0), 155))
	b.dead = errRefused
	_, err := b.Reconcile(t.Context(), nil, b.now)
	require.NoError(t, err, "what the engine did not take back is gone all the same")
}

func TestReleaseThatFailsForOneCauseSaysItOnce(t *testing.T) {
	b := newBench(t)
	b.want(values(gpus(0), 155), values(gpus(1), 156))
	b.dead = errRefused
	require.EqualError(t, b.Holder.Release(t.Context()), errRefused.Error())
}
