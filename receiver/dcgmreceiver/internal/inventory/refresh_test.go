// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const (
	uuidA = "GPU-00000000-0000-0000-0000-00000000000a"
	uuidB = "GPU-00000000-0000-0000-0000-00000000000b"
	uuidC = "GPU-00000000-0000-0000-0000-00000000000c"
)

var origin = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func gpu(number uint32) dcgm.Entity { return dcgm.Entity{Kind: dcgm.GPU, ID: number} }

// told are the samples of a GPU with a UUID in a slot.
func told(uuid, slot string) Samples {
	return Samples{
		FieldUUID: dcgm.SampleOf(FieldUUID, 1, uuid), fieldName: dcgm.SampleOf(fieldName, 1, "H100"),
		fieldMinor: dcgm.SampleOf(fieldMinor, 1, int64(0)), fieldPCIBusID: dcgm.SampleOf(fieldPCIBusID, 1, slot),
	}
}

// silent are the samples of a GPU that tells nothing.
func silent() Samples {
	blank := func(field dcgm.FieldID) dcgm.Sample {
		return dcgm.Sample{Field: field, Type: dcgm.String, Reason: dcgm.Blank}
	}
	return Samples{FieldUUID: blank(FieldUUID), fieldName: blank(fieldName), fieldMinor: blank(fieldMinor)}
}

// story is a node with what happened to it last.
type story struct {
	t       *testing.T
	node    Node
	now     time.Time
	changes []Change
}

func begin(t *testing.T, devices ...string) *story {
	t.Helper()
	if len(devices) == 0 {
		devices = []string{AllDevices}
	}
	d, err := ParseDevices(devices)
	require.NoError(t, err)
	return &story{t: t, node: New(d, time.Hour), now: origin}
}

// tell has the GPUs with numbers from 0 on tell something, nil for one that is not there.
func (s *story) tell(all ...Samples) *story {
	of := &Identities{Samples: map[dcgm.Entity]Samples{}}
	for number, samples := range all {
		if samples != nil {
			of.Asked = append(of.Asked, gpu(uint32(number))) //nolint:gosec // There are a few.
			of.Samples[gpu(uint32(number))] = samples        //nolint:gosec // There are a few.
		}
	}
	return s.refresh(Answers{Identities: of})
}

// look has the host engine list the GPUs below a number, with statuses of some.
func (s *story) look(listed uint32, of map[dcgm.Entity]dcgm.EntityStatus, unread ...dcgm.Entity) *story {
	statuses := &Statuses{Of: of, Unread: map[dcgm.Entity]error{}}
	for number := range listed {
		statuses.Listed = append(statuses.Listed, gpu(number))
	}
	for _, entity := range unread {
		statuses.Unread[entity] = errors.New("not read")
	}
	return s.refresh(Answers{Statuses: statuses})
}

func (s *story) refresh(answers Answers) *story {
	s.t.Helper()
	before, kept := s.node, slices.Clone(s.node.Known)
	s.node, s.changes = Refresh(s.node, answers, s.now)
	require.Equal(s.t, kept, before.Known, "what was known is left as it is")
	if before.Version == s.node.Version {
		require.Equal(s.t, before.Known, s.node.Known)
	}
	return s
}

func (s *story) pass(d time.Duration) *story {
	s.now = s.now.Add(d)
	return s
}

// requireKnown compares what entities are known by, in order: those that are there and those that are gone.
func (s *story) requireKnown(present, gone []string) *story {
	s.t.Helper()
	ids := func(some []*Known) (ids []string) {
		for _, k := range some {
			ids = append(ids, k.ID)
		}
		return ids
	}
	require.Equal(s.t, present, ids(s.node.Present()))
	require.Equal(s.t, gone, ids(s.node.Gone()))
	return s
}

func (s *story) requireChanges(want ...ChangeKind) *story {
	s.t.Helper()
	var got []ChangeKind
	for _, c := range s.changes {
		got = append(got, c.Kind)
	}
	require.Equal(s.t, want, got)
	return s
}

func TestGPUIsKnownByItsUUIDWhateverItsNumber(t *testing.T) {
	s := begin(t).tell(told(uuidA, "01"), told(uuidB, "02")).requireKnown([]string{uuidA, uuidB}, nil).requireChanges(Added, Added)
	s.tell(told(uuidB, "02"), told(uuidA, "01")).requireKnown([]string{uuidB, uuidA}, nil).requireChanges()
	require.Equal(t, gpu(1), s.node.Find(Key{dcgm.GPU, uuidA}).Entity)
	require.Nil(t, s.node.Find(Key{dcgm.GPUInstance, uuidA}))
}

func TestGPUThatDoesNotTellItsUUID(t *testing.T) {
	t.Run("is the one that had its number", func(t *testing.T) {
		s := begin(t).tell(told(uuidA, "01")).tell(silent()).requireKnown([]string{uuidA}, nil).requireChanges(Unidentified)
		require.Equal(t, "01", s.node.Present()[0].PCIBusID)
	})
	t.Run("goes by its number until it does", func(t *testing.T) {
		s := begin(t).tell(silent()).requireKnown([]string{"gpu0"}, nil).requireChanges(Unidentified, Added)
		require.True(t, s.node.Present()[0].Nameless)
		s.tell(silent()).requireKnown([]string{"gpu0"}, nil).requireChanges(Unidentified)
		s.tell(told(uuidA, "01")).requireKnown([]string{uuidA}, nil).requireChanges(Identified, Added)
		require.Equal(t, Key{dcgm.GPU, "gpu0"}, s.changes[0].Key)
		require.False(t, s.node.Present()[0].Nameless)
	})
	t.Run("is not the one whose number another one has taken", func(t *testing.T) {
		s := begin(t).tell(told(uuidA, "01"), told(uuidB, "02")).tell(told(uuidB, "02"), silent()).requireKnown([]string{uuidB, "gpu1"}, []string{uuidA})
		require.NotEqual(t, gpu(0), s.node.Gone()[0].Entity)
	})
}

func TestWhatCanBeNoUUIDIsNotTold(t *testing.T) {
	for _, text := range []string{"N/A", "", "GPU-00000000", "MIG-" + uuidA[4:], uuidA + "0"} {
		of := told(text, "01")
		s := begin(t).tell(told(uuidA, "01")).tell(of).requireKnown([]string{uuidA}, nil).requireChanges(Implausible, Unidentified)
		require.Equal(t, dcgm.OK, of[FieldUUID].Reason, "the caller's samples stay as they are")
		require.Equal(t, Dubious, s.node.Judge(s.node.Present()[0], dcgm.SampleOf(FieldUUID, 1, text)), text)
	}
}

func TestUUIDOfAnotherGPUIsNotTold(t *testing.T) {
	s := begin(t).tell(told(uuidA, "01"), told(uuidA, "02")).requireKnown([]string{uuidA, "gpu1"}, nil).requireChanges(Implausible, Duplicate, Added, Unidentified, Added)
	require.Equal(t, Change{Kind: Duplicate, Key: Key{dcgm.GPU, uuidA}, Entity: gpu(0), Other: gpu(1)}, s.changes[1])
	s.tell(told(uuidA, "01"), told(uuidA, "02")).requireChanges(Implausible, Unidentified) // It is reported once.
	second := s.node.Present()[1]
	require.Equal(t, Dubious, s.node.Judge(second, dcgm.SampleOf(FieldUUID, 1, uuidA)))
	require.Equal(t, Stranger, s.node.Judge(second, dcgm.SampleOf(FieldUUID, 1, uuidC)))
	require.Equal(t, Dubious, s.node.Judge(second, dcgm.SampleOf(FieldUUID, 1, "N/A")))

	s = begin(t).tell(told(uuidA, "01"), told(uuidB, "02")).tell(told(uuidB, "01"), told(uuidB, "02")).requireKnown([]string{uuidA, uuidB}, nil)
	require.Equal(t, Same, s.node.Judge(s.node.Present()[1], dcgm.SampleOf(FieldUUID, 1, uuidB)), "it had it before")
	require.Equal(t, Same, s.node.Judge(s.node.Present()[1], dcgm.Sample{Reason: dcgm.Blank}))
}

func TestGPUThatIsNotThereIsGoneAndThenForgotten(t *testing.T) {
	t.Run("where it is not asked for", func(t *testing.T) {
		s := begin(t).tell(told(uuidA, "01"), told(uuidB, "02")).tell(told(uuidA, "01")).requireKnown([]string{uuidA}, []string{uuidB}).requireChanges(Left)
		require.Equal(t, StateAbsent, s.node.Gone()[0].State())
		s.pass(time.Hour-1).tell(told(uuidA, "01")).requireKnown([]string{uuidA}, []string{uuidB}).requireChanges()
		s.pass(1).look(1, nil).requireKnown([]string{uuidA}, nil).requireChanges(Forgotten)
		s.tell(told(uuidA, "01"), told(uuidB, "02")).requireKnown([]string{uuidA, uuidB}, nil).requireChanges(Added)
	})
	t.Run("where it is still asked for", func(t *testing.T) {
		s := begin(t).tell(told(uuidA, "01"), told(uuidB, "02")).look(2, nil)
		s.look(1, map[dcgm.Entity]dcgm.EntityStatus{gpu(1): dcgm.StatusUnknown}).requireChanges(Lost)
		s.pass(30*time.Minute).tell(told(uuidA, "01"), silent()).requireKnown([]string{uuidA, uuidB}, nil)
		s.pass(30*time.Minute).look(1, map[dcgm.Entity]dcgm.EntityStatus{gpu(1): dcgm.StatusUnknown}).requireKnown([]string{uuidA}, nil).requireChanges(Forgotten)
		require.Equal(t, gpu(1), s.changes[0].Entity)
	})
	t.Run("unless it is back in time", func(t *testing.T) {
		s := begin(t).tell(told(uuidA, "01")).look(1, nil).tell().look(0, nil).pass(59 * time.Minute)
		s.tell(told(uuidA, "01")).requireChanges().look(1, nil).requireChanges(Back)
		s.pass(2*time.Hour).look(1, nil).requireKnown([]string{uuidA}, nil)
		s.tell().look(0, nil).pass(2*time.Hour).tell(told(uuidA, "01")).look(1, nil).requireKnown([]string{uuidA}, nil).requireChanges(Back) // As after a time without a connection.
	})
	t.Run("and not while the host engine tells why", func(t *testing.T) {
		s := begin(t).tell(told(uuidA, "01")).look(1, nil).look(0, map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusDetached}).requireChanges(Lost)
		require.Equal(t, StateDetached, s.changes[0].State)
		s.pass(2*time.Hour).look(0, map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusDetached}).requireKnown([]string{uuidA}, nil).requireChanges()
	})
}

func TestGPUWhosePlaceAnotherOneHasTakenIsForgottenAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		after []Samples
		gone  []string
	}{
		"another one in its slot":                      {[]Samples{told(uuidC, "01"), told(uuidB, "02")}, nil},
		"in its slot, under another number":            {[]Samples{told(uuidB, "02"), told(uuidC, "01")}, nil},
		"another one under its number":                 {[]Samples{told(uuidC, ""), told(uuidB, "02")}, nil},
		"under its number, in another slot":            {[]Samples{told(uuidC, "03"), told(uuidB, "02")}, []string{uuidA}},
		"one that was there before has its number":     {[]Samples{told(uuidB, "02")}, []string{uuidA}},
		"one that was there has it, slots are unknown": {[]Samples{told(uuidB, "")}, []string{uuidA}},
		"nobody": {[]Samples{nil, told(uuidB, "02")}, []string{uuidA}},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t).tell(told(uuidA, "01"), told(uuidB, "02")).tell(tt.after...)
			var gone []string
			for _, k := range s.node.Gone() {
				gone = append(gone, k.ID)
			}
			require.Equal(t, tt.gone, gone)
			require.Equal(t, tt.gone == nil, s.node.Find(Key{dcgm.GPU, uuidA}) == nil)
		})
	}
}

// Numbers move when a GPU has left: where no slot is known, one that was there before has replaced nobody.
func TestGPUThatTakesANumberWasThereBefore(t *testing.T) {
	s := begin(t).tell(told(uuidA, ""), told(uuidB, "")).tell(told(uuidB, "")).requireKnown([]string{uuidB}, []string{uuidA})
	s.tell(told(uuidC, "")).requireKnown([]string{uuidC}, []string{uuidA}).requireChanges(Added, Replaced)
}

func TestStatusesBecomeStates(t *testing.T) {
	for status, want := range map[dcgm.EntityStatus]State{
		dcgm.StatusOK: StateOK, dcgm.StatusFake: StateFake, dcgm.StatusUnknown: StateUnknown, dcgm.StatusLost: StateLost, dcgm.StatusUnsupported: StateUnsupported,
		dcgm.StatusInaccessible: StateInaccessible, dcgm.StatusDisabled: StateDisabled, dcgm.StatusDetached: StateDetached,
	} {
		s := begin(t).tell(told(uuidA, "01")).look(1, map[dcgm.Entity]dcgm.EntityStatus{gpu(0): status})
		k := s.node.Present()[0]
		require.Equal(t, want, k.State())
		require.Equal(t, want == StateOK || want == StateFake, k.Up())
		s.look(1, map[dcgm.Entity]dcgm.EntityStatus{gpu(0): status}, gpu(0))
		if k.Up() {
			want = StateUnreadable
		}
		require.Equal(t, want, s.node.Present()[0].State(), "unread")
	}
	s := begin(t).tell(told(uuidA, "01")).look(0, map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusUnknown})
	require.Equal(t, StateAbsent, s.node.Present()[0].State())
}

func TestChangesOfState(t *testing.T) {
	lost := map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusLost}
	detached := map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusDetached}
	begin(t).tell(told(uuidA, "01")).look(1, nil).requireChanges().
		look(1, lost).requireChanges(Lost).look(1, lost).requireChanges().look(1, detached).requireChanges().look(1, nil).requireChanges(Back).
		look(1, nil, gpu(0)).requireChanges(Unreadable).look(1, nil, gpu(0)).requireChanges().look(1, nil).requireChanges(Readable).
		look(1, nil, gpu(0)).look(1, lost, gpu(0)).requireChanges().look(1, nil, gpu(0)).requireChanges(Unreadable).look(1, nil).requireChanges(Readable)
}

func TestNewGPUIsLeftUntilItTellsWhatItGoesByForAFewLooks(t *testing.T) {
	s := begin(t).tell(silent())
	for range patience {
		require.False(t, s.look(1, nil).node.Present()[0].Shown())
	}
	require.True(t, s.look(1, nil).node.Present()[0].Shown())
	require.True(t, begin(t).tell(told(uuidA, "01")).node.Present()[0].Shown())
	s = begin(t).tell(silent()).look(1, map[dcgm.Entity]dcgm.EntityStatus{gpu(0): dcgm.StatusLost})
	require.True(t, s.node.Present()[0].Shown(), "one that cannot be read will not tell")
}

func TestNamelessIsWhatMayStillTell(t *testing.T) {
	for name, tt := range map[string]struct {
		field  dcgm.FieldID
		reason dcgm.Reason
		want   bool
	}{
		"no model yet":             {fieldName, dcgm.Blank, true},
		"no device file yet":       {fieldMinor, dcgm.Stale, true},
		"no UUID yet":              {FieldUUID, dcgm.Status, true},
		"never a model":            {fieldName, dcgm.NotSupported, false},
		"no right to the minor":    {fieldMinor, dcgm.NoPermission, false},
		"never a UUID":             {FieldUUID, dcgm.NotSupported, false},
		"another fact is not told": {fieldVBIOS, dcgm.Blank, false},
	} {
		of := told(uuidA, "01")
		of[tt.field] = dcgm.Sample{Field: tt.field, Reason: tt.reason}
		require.Equal(t, tt.want, begin(t).tell(of).node.Present()[0].Nameless, name)
	}
}

func TestNothingIsCopiedWhereNothingDiffers(t *testing.T) {
	s := begin(t).tell(told(uuidA, "01"))
	for range patience + 1 {
		s.look(1, nil)
	}
	version := s.node.Version
	statuses := Answers{Statuses: &Statuses{Listed: []dcgm.Entity{gpu(0)}}}
	require.Zero(t, testing.AllocsPerRun(10, func() { s.node, s.changes = Refresh(s.node, statuses, s.now) }))
	require.Equal(t, version, s.node.Version)
	require.NotEqual(t, version, s.look(0, nil).node.Version)
}
