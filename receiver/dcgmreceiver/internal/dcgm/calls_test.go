// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"
)

// TestXIDsComeAsFromARealHostEngine reads with a cursor, at the instants of the recording. Its
// thread took one XID a second, whichever GPU had it.
func TestXIDsComeAsFromARealHostEngine(t *testing.T) {
	const start, phase = 1795979203, 600 * time.Millisecond // of the recorded samples
	l, sim, lines := replayRecordingAt(t, "dcgm-4.6.0-xid-since.jsonl", "testdata/xid-since.scenario", time.Unix(start, 0))
	sim.Advance(phase)
	group, err := godcgm.NewDefaultGroup("since")
	require.NoError(t, err)
	fields, err := godcgm.FieldGroupCreate("since", []godcgm.Short{godcgm.DCGM_FI_DEV_XID_ERROR, godcgm.DCGM_FI_DEV_CLOCKS_EVENT_REASONS})
	require.NoError(t, err)
	require.NoError(t, godcgm.WatchFieldsWithGroupEx(fields, group, watchPeriod.Microseconds(), 600, 0))
	cursor := time.Time{}
	for _, want := range lines {
		if want.Kind != "since" {
			continue
		}
		sim.Advance(time.UnixMicro(want.Next).Sub(sim.Now()))
		values, next, err := godcgm.GetValuesSince(group, fields, cursor)
		require.NoError(t, err)
		cursor = next
		l.equal("number of values of "+want.Step, want.Count, len(values))
		l.equal("cursor after "+want.Step, want.Next, next.UnixMicro())
		of := slices.DeleteFunc(slices.Clone(lines), func(line recorded) bool { return line.Step != want.Step })
		l.equal("XIDs of "+want.Step, xidsRecorded(of), xidsOf(values))
		l.values(of)
	}
}

// xid is a row of field 230. Its timestamp is rounded to what the recorded thread was late.
type xid struct {
	entity godcgm.GroupEntityPair
	status int
	value  string
	ts     time.Time
}

const lateness = 50 * time.Millisecond

func xidsRecorded(lines []recorded) (xids []xid) {
	for _, l := range lines {
		if l.Kind == "value_since" && l.Field == godcgmXID {
			var value string
			_ = json.Unmarshal(l.Value, &value) // Numbers are texts; anything else is unequal.
			xids = append(xids, xid{l.entity(), l.Status, value, time.UnixMicro(l.Timestamp).Round(lateness)})
		}
	}
	return xids
}

const godcgmXID = uint(godcgm.DCGM_FI_DEV_XID_ERROR)

func xidsOf(values []godcgm.FieldValue_v2) (xids []xid) {
	for _, v := range values {
		if uint(v.FieldID) == godcgmXID {
			entity := godcgm.GroupEntityPair{EntityGroupId: v.EntityGroupId, EntityId: v.EntityID}
			xids = append(xids, xid{entity, v.Status, textOf(v), time.UnixMicro(v.TS).Round(lateness)})
		}
	}
	return xids
}

// incident is what a health check reports, with what DCGM says of its error.
type incident struct {
	entity               godcgm.GroupEntityPair
	code, health, system uint
	message, meta        string
}

// TestHealthIsThatOfARealHostEngine checks the health at the instants of the recording.
func TestHealthIsThatOfARealHostEngine(t *testing.T) {
	l, sim, lines := replayRecording(t, "dcgm-4.6.0-health.jsonl", "testdata/health.scenario")
	start := sim.Now()
	group, err := godcgm.NewDefaultGroup("health")
	require.NoError(t, err)
	require.NoError(t, godcgm.AddEntityToGroup(group, godcgm.FE_SWITCH, 0))
	for _, want := range lines {
		sim.Advance(start.Add(time.Duration(want.T * float64(time.Second))).Sub(sim.Now()))
		switch {
		case want.Kind == "health_get":
			systems, err := godcgm.HealthGet(group)
			require.NoError(t, err)
			l.equal("systems", want.Systems, uint(systems))
		case want.Call == "HealthSet ALL":
			require.NoError(t, godcgm.HealthSet(group, godcgm.DCGM_HEALTH_WATCH_ALL))
		case want.Call == "HealthCheck" && want.Step == "before-set":
			_, err := godcgm.HealthCheck(group)
			require.NoError(t, err)
		case want.Kind == "health":
			response, err := godcgm.HealthCheck(group)
			require.NoError(t, err)
			l.equal("overall health after "+want.Step, want.Overall, uint(response.OverallHealth))
			of := slices.DeleteFunc(slices.Clone(lines), func(line recorded) bool { return line.Kind != "incident" || line.Step != want.Step })
			l.equal("incidents after "+want.Step, incidentsRecorded(of), incidentsOf(t, response.Incidents))
		}
	}
}

func incidentsRecorded(lines []recorded) (all []incident) {
	for _, l := range lines {
		code := *l.Code
		all = append(all, incident{entity: l.entity(), code: uint(code), health: l.Health, system: l.System, message: l.Message, meta: string(l.Meta)}) //nolint:gosec // Errors have numbers from 0 on.
	}
	return all
}

func incidentsOf(t *testing.T, incidents []godcgm.Incident) (all []incident) {
	t.Helper()
	for _, i := range incidents {
		meta, err := json.Marshal(godcgm.GetErrorMeta(i.Error.Code))
		require.NoError(t, err)
		all = append(all, incident{entity: i.EntityInfo, code: uint(i.Error.Code), health: uint(i.Health), system: uint(i.System), message: i.Error.Message, meta: string(meta)})
	}
	return all
}

// TestPoliciesAreViolatedAsOnARealHostEngine listens as the recorded client did.
func TestPoliciesAreViolatedAsOnARealHostEngine(t *testing.T) {
	l, sim, lines := replayRecording(t, "dcgm-4.6.0-policy.jsonl", "testdata/policy.scenario")
	start := sim.Now()
	ctx, cancel := context.WithCancel(t.Context())
	group, err := godcgm.NewDefaultGroup("policy")
	require.NoError(t, err)
	l.policy(lines, "before", group)
	violations, err := godcgm.ListenForPolicyViolationsForGroup(ctx, group, godcgm.DbePolicy, godcgm.PCIePolicy, godcgm.MaxRtPgPolicy, godcgm.ThermalPolicy, godcgm.PowerPolicy, godcgm.NvlinkPolicy, godcgm.XidPolicy)
	require.NoError(t, err)
	l.policy(lines, "after", group)
	t.Cleanup(func() { // Before the connection ends.
		cancel()
		for range violations {
		}
	})
	wanted, got := map[string][]string{}, map[string][]string{}
	for _, want := range lines {
		if want.Kind != "violation" {
			continue
		}
		wanted[want.Step] = append(wanted[want.Step], violationText(t, want.Violation))
		sim.Advance(start.Add(time.Duration(want.T * float64(time.Second))).Sub(sim.Now()))
		require.NoError(t, godcgm.UpdateAllFields())
		for len(violations) > 0 {
			text, err := json.Marshal(<-violations)
			require.NoError(t, err)
			got[want.Step] = append(got[want.Step], violationText(t, text))
		}
	}
	for step := range wanted {
		slices.Sort(wanted[step])
		slices.Sort(got[step])
		l.equal("violations of "+step, wanted[step], got[step])
	}
}

func (l *ledger) policy(lines []recorded, step string, group godcgm.GroupHandle) {
	l.t.Helper()
	status, err := godcgm.GetPolicyForGroup(group)
	require.NoError(l.t, err)
	text, err := json.Marshal(status)
	require.NoError(l.t, err)
	for _, want := range lines {
		if want.Kind == "policy" && want.Step == step {
			l.equal("policy "+step, string(want.Policy), string(text))
		}
	}
}

// violationText leaves out the time, which is the client's.
func violationText(t *testing.T, violation []byte) string {
	t.Helper()
	var v struct {
		GPU       uint
		Condition string
		Data      json.RawMessage
	}
	require.NoError(t, json.Unmarshal(violation, &v))
	return fmt.Sprintf("GPU %d: %s %s", v.GPU, v.Condition, v.Data)
}
