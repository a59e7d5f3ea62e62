// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"
)

// settled is how long the recorded engine sampled before its values were read.
const settled = 3 * time.Second

func fieldsIn(lines []recorded) []godcgm.Short {
	var ids []godcgm.Short
	for _, l := range lines {
		if l.Kind == "value" {
			ids = append(ids, godcgm.Short(l.Field)) //nolint:gosec // Field ids are 16 bits wide.
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func entitiesIn(lines []recorded) []godcgm.GroupEntityPair {
	var entities []godcgm.GroupEntityPair
	for _, l := range lines {
		if l.Kind == "value" && !slices.Contains(entities, l.entity()) {
			entities = append(entities, l.entity())
		}
	}
	return entities
}

// TestInstancesAnswerAsOnARealHostEngine compares the identifiers, the hierarchy and every field
// of GPUs with MIG and of all their instances.
func TestInstancesAnswerAsOnARealHostEngine(t *testing.T) {
	l, sim, lines := replayRecording(t, "dcgm-4.6.0-mig.jsonl.gz", "testdata/mig.scenario")
	hierarchy, err := godcgm.GetGPUInstanceHierarchy()
	require.NoError(t, err)
	var seen int
	for _, want := range lines {
		switch want.Kind {
		case "entities":
			l.entities(want)
		case "hierarchy":
			var info godcgm.MigEntityInfo
			require.NoError(t, json.Unmarshal(want.Info, &info))
			parent := godcgm.GroupEntityPair{EntityGroupId: entityGroups[want.ParentGroup], EntityId: want.ParentID}
			row := fmt.Sprintf("hierarchy of %s %d", want.EntityGroup, want.Entity)
			require.Less(t, seen, int(hierarchy.Count), row)
			l.equal(row, godcgm.MigHierarchyInfo_v2{Entity: want.entity(), Parent: parent, Info: info}, hierarchy.EntityList[seen])
			seen++
		}
	}
	require.Equal(t, int(hierarchy.Count), seen)
	require.Empty(t, l.watch(entitiesIn(lines), fieldsIn(lines), MaxFields))
	sim.Advance(settled)
	l.values(lines)
}

// TestSwitchesAnswerAsOnARealHostEngine compares an NVSwitch and its links, and the links of
// GPUs. The module of profiling refuses what has switches in it.
func TestSwitchesAnswerAsOnARealHostEngine(t *testing.T) {
	const fieldsOfOneWatch = 60 // as recorded
	l, sim, lines := replayRecording(t, "dcgm-4.6.0-nvswitch.jsonl.gz", "testdata/nvswitch.scenario")
	states := map[string]uint{}
	links, err := godcgm.GetNvLinkLinkStatus()
	require.NoError(t, err)
	for _, link := range links {
		states[fmt.Sprintf("link %d of %v %d", link.Index, link.ParentType, link.ParentId)] = uint(link.State)
	}
	var refused []string
	for _, want := range lines {
		switch {
		case want.Kind == "entities":
			l.entities(want)
		case want.Kind == "link_status":
			row := fmt.Sprintf("link %d of %s %d", want.Index, want.ParentType, want.ParentID)
			require.Contains(t, states, row)
			l.equal(row, want.State, states[row])
			delete(states, row)
		case want.Error != "":
			refused = append(refused, want.Call+": "+want.Error)
		}
	}
	require.Empty(t, states)
	require.Equal(t, refused, l.watch(entitiesIn(lines), fieldsIn(lines), fieldsOfOneWatch))
	sim.Advance(settled)
	l.values(lines)
}
