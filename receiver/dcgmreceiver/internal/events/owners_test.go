// SPDX-License-Identifier: Apache-2.0

package events

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// look is what was seen of some numbers at a second.
type look struct {
	second  int64
	broken  bool
	present map[dcgm.Entity]string
}

func (l look) owners() (present []Owner) {
	for entity, id := range l.present {
		present = append(present, Owner{Entity: entity, Key: inventory.Key{Kind: entity.Kind, ID: id}, Attributes: map[string]string{"hw.id": id}})
	}
	return present
}

func TestOwnersSayWhoHadANumberWhen(t *testing.T) {
	const second = int64(time.Second / time.Microsecond)
	instance := dcgm.Entity{Kind: dcgm.GPUInstance, ID: 0}
	a, b, none, unnamed := map[dcgm.Entity]string{gpu0: "A"}, map[dcgm.Entity]string{gpu0: "B"}, map[dcgm.Entity]string{}, map[dcgm.Entity]string{gpu0: "gpu0"}
	x, y := map[dcgm.Entity]string{instance: "X"}, map[dcgm.Entity]string{instance: "Y"}
	for name, tt := range map[string]struct {
		of    dcgm.Entity
		looks []look
		want  map[int64]string // by second: - where nobody knows, "" where nobody is known
	}{
		"GPU that was there before the first look":  {gpu0, []look{{100, true, a}}, map[int64]string{1: "A", 100: "A", 200: "A"}},
		"instance that was there at the first look": {instance, []look{{100, true, x}}, map[int64]string{99: "-", 100: "X", 200: "X"}},
		"number of nobody":                          {gpu1, []look{{100, true, a}}, map[int64]string{100: ""}},
		"replaced between two looks":                {gpu0, []look{{100, true, a}, {110, false, b}}, map[int64]string{99: "A", 109: "A", 110: "B"}},
		"replaced while nobody looked":              {gpu0, []look{{100, true, a}, {900, true, b}}, map[int64]string{99: "A", 101: "-", 899: "-", 900: "B"}},
		"the same after a break":                    {gpu0, []look{{100, true, a}, {900, true, a}}, map[int64]string{99: "A", 500: "A", 901: "A"}},
		"instance that is the same after a break":   {instance, []look{{100, true, x}, {900, true, x}}, map[int64]string{500: "X"}},
		"instance of another layout after a break":  {instance, []look{{100, true, x}, {900, true, y}}, map[int64]string{99: "-", 500: "-", 900: "Y"}},
		"gone":                                     {gpu0, []look{{100, true, a}, {110, false, none}}, map[int64]string{109: "A", 200: "A"}},
		"gone and back":                            {gpu0, []look{{100, true, a}, {110, false, none}, {120, false, none}, {130, false, a}}, map[int64]string{109: "A", 115: "-", 121: "A"}},
		"new under a number that nobody had":       {instance, []look{{100, true, none}, {110, false, x}}, map[int64]string{99: "-", 101: "X"}},
		"does not tell its UUID for a while":       {gpu0, []look{{100, true, a}, {900, true, unnamed}, {910, false, a}}, map[int64]string{500: "A", 905: "A", 910: "A"}},
		"tells its UUID late":                      {gpu0, []look{{100, true, unnamed}, {110, false, a}}, map[int64]string{1: "A", 105: "A"}},
		"forgotten after the engine has forgotten": {gpu0, []look{{100, true, a}, {110, false, none}, {110 + 3601, false, none}}, map[int64]string{105: ""}},
		"replaced long ago":                        {gpu0, []look{{100, true, a}, {110, false, b}, {110 + 3601, false, b}}, map[int64]string{105: "-", 110: "B"}},
	} {
		t.Run(name, func(t *testing.T) {
			var owners Owners
			var before int64
			for _, l := range tt.looks {
				owners, _ = owners.after(handover{now: l.second * second, before: before, unbroken: !l.broken}, l.owners())
				before = l.second * second
			}
			got := map[int64]string{}
			for at := range tt.want {
				owner, had := owners.Of(tt.of, at*second)
				switch {
				case owner != nil:
					got[at] = owner.Key.ID
				case had:
					got[at] = "-"
				default:
					got[at] = ""
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestOwnersAreBoundedAndKeepThoseThatAreThere(t *testing.T) {
	var owners Owners
	for i := range maxOwners + 10 {
		l := look{present: map[dcgm.Entity]string{gpu1: "B", {Kind: dcgm.GPUInstance, ID: 0}: strconv.Itoa(i)}}
		owners, _ = owners.after(handover{now: int64(i + 1), before: int64(i), unbroken: i > 0}, l.owners())
	}
	require.Len(t, owners, maxOwners)
	owner, _ := owners.Of(gpu1, 5)
	require.NotNil(t, owner)
	require.Equal(t, "B", owner.Key.ID)
}

func TestOwnersOutliveTheCollectorButNotTheHostEngine(t *testing.T) {
	store := &memory{}
	journal, err := Open(t.Context(), store, endpoint, true)
	require.NoError(t, err)
	journal.Numbers.Own(100, false, look{present: map[dcgm.Entity]string{gpu0: "A"}}.owners())
	require.NoError(t, journal.Save(t.Context()))
	for at, want := range map[string]int{endpoint: 1, "other:5555": 0} {
		again, err := Open(t.Context(), store, at, true)
		require.NoError(t, err)
		require.Len(t, again.Numbers.Owners(), want)
	}
	journal.Numbers.Own(200, true, look{present: map[dcgm.Entity]string{gpu0: "B"}}.owners())
	journal.Rewind(50)
	owner, _ := journal.Numbers.Owners().Of(gpu0, 60)
	require.Equal(t, "B", owner.Key.ID, "whoever has the number has it after the clock is set back, too")
}
