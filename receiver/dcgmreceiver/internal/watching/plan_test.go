// SPDX-License-Identifier: Apache-2.0

package watching

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func gpus(numbers ...uint32) []dcgm.Entity {
	entities := make([]dcgm.Entity, len(numbers))
	for i, number := range numbers {
		entities[i] = dcgm.Entity{Kind: dcgm.GPU, ID: number}
	}
	return entities
}

func instances(numbers ...uint32) []dcgm.Entity {
	entities := gpus(numbers...)
	for i := range entities {
		entities[i].Kind = dcgm.GPUInstance
	}
	return entities
}

// needs are some of GPUs and of GPU instances; 1013 is not wanted without GPM.
var needs = map[dcgm.EntityKind]Needs{
	dcgm.GPU: {
		Fields:  []catalog.Need{{Field: 155}, {Field: 54}, {Field: 1001}, {Field: 150, Tier: catalog.Slow}, {Field: 1013}, {Field: 1002, Tier: catalog.Slow}},
		GPMOnly: map[dcgm.FieldID]bool{1013: true},
	},
	dcgm.GPUInstance: {Fields: []catalog.Need{{Field: 252}, {Field: 1001}}},
}

var settings = Settings{
	Periods:  [catalog.Tiers]time.Duration{10 * time.Second, time.Minute, 5 * time.Minute},
	Identity: map[dcgm.EntityKind][]dcgm.FieldID{dcgm.GPU: {50, 54}, dcgm.GPUInstance: {54}},
	Events:   []Event{{Field: 112, Kinds: catalog.KindsOf(dcgm.GPU), Period: time.Second, KeepAge: time.Hour}},
}

func has(fields ...dcgm.FieldID) map[dcgm.FieldID]bool {
	out := map[dcgm.FieldID]bool{}
	for _, f := range fields {
		out[f] = true
	}
	return out
}

func TestEntitiesThatHaveTheSameFieldsAreASet(t *testing.T) {
	members := []Member{
		{Entity: gpus(2)[0], GPM: true, Profiled: has(1001, 1013)},
		{Entity: gpus(0)[0], Profiled: has(1001, 1013)},
		{Entity: gpus(1)[0], GPM: true, Profiled: has(1001, 1013)},
		{Entity: gpus(3)[0], GPM: true},
		{Entity: instances(7)[0], GPM: true, Profiled: has(1001)},
		{Entity: dcgm.Entity{Kind: dcgm.Switch, ID: 1}},
	}
	sets := Sets(members, needs)
	var got []string
	for _, s := range sets {
		got = append(got, fmt.Sprint(s.Entities, s.Tier(catalog.Normal), s.Tier(catalog.Slow)))
	}
	require.Equal(t, []string{
		"[GPU 0] [54 155 1001] [150]",
		"[GPU 2 GPU 1] [54 155 1001 1013] [150]",
		"[GPU 3] [54 155] [150]",
		"[GPU instance 7] [252 1001] []",
	}, got)
}

// text is a watch in short.
func text(w Want) string {
	return fmt.Sprintf("%d %v %v %s %s %d", w.Purpose, w.Entities, w.Fields, w.Period, w.KeepAge, w.KeepSamples)
}

func texts(wants []Want) []string {
	var out []string
	for _, w := range wants {
		out = append(out, text(w))
	}
	return out
}

func sets() []Set {
	return Sets([]Member{{Entity: gpus(0)[0], Profiled: has(1001, 1002)}, {Entity: gpus(1)[0]}, {Entity: instances(7)[0], Profiled: has(1001)}}, needs)
}

func TestWatchesAreInTheOrderOfTheirImportance(t *testing.T) {
	require.Equal(t, []string{
		"1 [GPU 0] [155 54] 10s 0s 2",
		"1 [GPU 1] [155 54] 10s 0s 2",
		"1 [GPU instance 7] [252] 10s 0s 2",
		"2 [GPU 0] [1001] 10s 0s 2",
		"2 [GPU instance 7] [1001] 10s 0s 2",
		"3 [GPU 0] [150] 1m0s 0s 2",
		"3 [GPU 1] [150] 1m0s 0s 2",
		"4 [GPU 0] [1002] 1m0s 0s 2",
		"5 [GPU 0] [112] 1s 1h0m0s 0",
		"5 [GPU 1] [112] 1s 1h0m0s 0",
	}, texts(settings.Wants(sets())))
}

func TestFrugalWatchesTakeOneGroupOfFieldsForEverything(t *testing.T) {
	require.Equal(t, []string{
		"1 [GPU 0] [50 54 155 1001 150 1002] 10s 0s 2",
		"1 [GPU 1] [50 54 155 150] 10s 0s 2",
		"1 [GPU instance 7] [54 252 1001] 10s 0s 2",
		"5 [GPU 0] [112] 1s 1h0m0s 0",
		"5 [GPU 1] [112] 1s 1h0m0s 0",
	}, texts(settings.Frugal(sets())))
}

func TestWatchesHaveAtMostAsManyFieldsAsAGroupTakes(t *testing.T) {
	many := Needs{}
	for f := range dcgm.FieldID(2*dcgm.MaxFields + 1) {
		many.Fields = append(many.Fields, catalog.Need{Field: 2000 - f})
	}
	wants := settings.Wants(Sets([]Member{{Entity: instances(1)[0]}}, map[dcgm.EntityKind]Needs{dcgm.GPUInstance: many}))
	require.Len(t, wants, 3)
	require.Len(t, wants[0].Fields, dcgm.MaxFields)
	require.Equal(t, dcgm.FieldID(2000), wants[0].Fields[0], "the most important one")
	require.Len(t, wants[2].Fields, 1)
}

func TestIdentitiesAreWatchedByKind(t *testing.T) {
	all := append(gpus(0, 1), append(instances(7), dcgm.Entity{Kind: dcgm.CPU})...)
	require.Equal(t, []string{"0 [GPU 0 GPU 1] [50 54] 5m0s 0s 1", "0 [GPU instance 7] [54] 5m0s 0s 1"}, texts(settings.Identities(all, false)))
	require.Equal(t, []string{"0 [GPU 0 GPU 1] [50 54] 10s 0s 1"}, texts(settings.Identities(gpus(0, 1), true)))
}

func TestKindsOfRefusals(t *testing.T) {
	for why, want := range map[dcgm.Refusal]Refusal{
		{Field: 155, Why: fmt.Errorf("%w: 155", dcgm.ErrUnknownField)}: UnknownField,
		{Field: 1001, Why: dcgm.ErrUnknownField}:                       UnknownField,
		{Field: 1001, Why: dcgm.ErrNoGroup}:                            BeyondGroups,
		{Field: 1001, Why: errRefused}:                                 RefusedProfiling,
		{Field: 1532, Why: errRefused}:                                 RefusedField,
		{Field: 155, Why: errRefused}:                                  RefusedField,
	} {
		require.Equal(t, want, KindOf(why), why.Why)
		require.Equal(t, map[Refusal][]dcgm.Refusal{want: {why}}, ByKind([]dcgm.Refusal{why}))
	}
	require.Equal(t, "155", NameOf(dcgm.Refusal{Field: 155}))
	require.Equal(t, "power (155)", NameOf(dcgm.Refusal{Field: 155, Name: "power"}))
}

// Links of GPUs have other fields than those of NVSwitches, and profiling with GPM alone.
func TestLinksAreWatchedForTheFieldsOfTheirEnd(t *testing.T) {
	of := func(kind dcgm.EntityKind, id uint32) dcgm.Entity {
		return dcgm.LinkOf(dcgm.Entity{Kind: kind, ID: id}, 1)
	}
	members := []Member{{Entity: of(dcgm.GPU, 0), GPM: true}, {Entity: of(dcgm.GPU, 1)}, {Entity: of(dcgm.Switch, 0)}, {Entity: of(dcgm.Switch, 1)}}
	var got []string
	for _, s := range Sets(members, map[dcgm.EntityKind]Needs{dcgm.Link: {Fields: []catalog.Need{{Field: 586}, {Field: 780}, {Field: 1532}}}}) {
		got = append(got, fmt.Sprint(s.Entities, s.Tier(catalog.Normal)))
	}
	require.ElementsMatch(t, []string{
		"[NVLink 1 of GPU 0] [586 1532]", "[NVLink 1 of GPU 1] [586]", "[NVLink 1 of NVSwitch 0 NVLink 1 of NVSwitch 1] [780]",
	}, got)
	require.Empty(t, Sets(members[2:], map[dcgm.EntityKind]Needs{dcgm.Link: {Fields: []catalog.Need{{Field: 586}}}}))
}

func TestDevicesComeAfterWhatIsLeastImportantOfGPUs(t *testing.T) {
	link := dcgm.LinkOf(gpus(0)[0], 0)
	wants := InOrder([]Want{
		{Purpose: Values, Entities: []dcgm.Entity{link}}, {Purpose: Events, Entities: gpus(0)}, {Purpose: Values, Entities: []dcgm.Entity{{Kind: dcgm.Switch}}},
	})
	require.Equal(t, []dcgm.EntityKind{dcgm.Switch, dcgm.GPU, dcgm.Link}, []dcgm.EntityKind{wants[0].Entities[0].Kind, wants[1].Entities[0].Kind, wants[2].Entities[0].Kind})
}
