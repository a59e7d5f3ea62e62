// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// entityGroupNames are the kinds of entities as go-dcgm spells them.
var entityGroupNames = map[EntityKind]string{
	GPU: "GPU", Switch: "NvSwitch", GPUInstance: "GPU Instance", ComputeInstance: "GPU Compute Instance", Link: "NvLink", CPU: "CPU", CPUCore: "CPU Core",
}

func groupName(kind EntityKind) string {
	if name, known := entityGroupNames[kind]; known {
		return name
	}
	return "unknown"
}

var typeNames = map[Type]string{Int64: "int64", Double: "double", String: "string", 't': "timestamp", 'b': "binary"}

// A callLine says how a call of go-dcgm ended.
type callLine struct {
	Call           string    `json:"call"`
	Code           int       `json:"code,omitempty"` // DCGM's status, where it is known
	EntityGroup    string    `json:"entity_group,omitempty"`
	EntityID       *uint32   `json:"entity_id,omitempty"`
	EntityIDs      *[]uint32 `json:"entity_ids,omitempty"`
	Error          string    `json:"error,omitempty"`
	Held           *int      `json:"held,omitempty"` // groups of the client
	Kind           string    `json:"kind"`
	T              float64   `json:"t"`
	UnchangedUntil *float64  `json:"unchanged_until,omitempty"` // when it last ended as the line before says
}

func (r *Recorder) callLine(t float64, name string, entity *Entity, err error) callLine {
	line := callLine{Kind: "call", T: t, Call: name}
	if entity != nil {
		line.EntityGroup, line.EntityID = groupName(entity.Kind), &entity.ID
	}
	if err != nil {
		line.Error, line.Code = err.Error(), codeOf(err)
	}
	return line
}

// watchLines say of a watch how it ended: a line for each kind of entity.
func (r *Recorder) watchLines(t float64, entities []Entity, fields []FieldID, err error) (lines []any) {
	ids := map[EntityKind][]uint32{}
	for _, e := range entities {
		ids[e.Kind] = append(ids[e.Kind], e.ID)
	}
	for _, kind := range slices.Sorted(maps.Keys(ids)) {
		line := r.callLine(t, callWatch+fieldList(fields), nil, err)
		of := ids[kind]
		line.EntityGroup, line.EntityIDs = groupName(kind), &of
		lines = append(lines, line)
	}
	return lines
}

// codeOf returns DCGM's status of an error, 0 where it is not known.
func codeOf(err error) int {
	if errors.Is(err, ErrDisconnected) {
		return statusConnectionNotValid
	}
	if own, ok := errors.AsType[*statusError](err); ok {
		return own.status
	}
	return 0
}

type engineLine struct {
	Kind    string  `json:"kind"`
	Start   int64   `json:"start_us,string"`
	T       float64 `json:"t"`
	Version string  `json:"version,omitempty"`
}

func (r *Recorder) engineLine(engine Engine, t float64) engineLine {
	line := engineLine{Kind: "engine", T: t, Start: r.start.UnixMicro()}
	if engine.Version != versionUnknown {
		line.Version = "version:" + engine.Version
	}
	if engine.Simulated {
		line.Version += ";buildplatform:" + simulatedPlatform
	}
	return line
}

type valueLine struct {
	AgeMS          float64  `json:"age_ms"`
	EntityGroup    string   `json:"entity_group"`
	EntityID       uint32   `json:"entity_id"`
	Field          FieldID  `json:"field"`
	Kind           string   `json:"kind"`
	Status         int32    `json:"status"`
	T              float64  `json:"t"`
	TS             int64    `json:"ts_us,string"`
	Type           string   `json:"type"`
	UnchangedUntil *float64 `json:"unchanged_until,omitempty"` // when it last read as the line before says
	Value          any      `json:"value"`
}

func (r *Recorder) valueLine(kind string, t float64, s *Sample) valueLine {
	const perMilli = 1e3
	line := valueLine{Kind: kind, T: t, EntityGroup: groupName(s.Entity.Kind), EntityID: s.Entity.ID, Field: s.Field, Type: typeNames[s.Type], Status: s.status, TS: s.TS, AgeMS: -1}
	if s.TS > 0 {
		line.AgeMS = math.Round(t*1e6+float64(r.start.UnixMicro()-s.TS)) / perMilli
	}
	switch s.Type {
	case String:
		line.Value = sentText(s)
	case Double:
		line.Value = number(math.Float64frombits(s.bits))
	default:
		line.Value = strconv.FormatInt(int64(s.bits), 10) //nolint:gosec // Two's complement is what DCGM sent.
	}
	return line
}

// sentText is the text that DCGM sent, also one that says that there is no value.
func sentText(s *Sample) string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// number spells out what JSON has no number for.
func number(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprint(v)
	}
	return v
}

type sinceLine struct {
	Count          int      `json:"count"`
	Kind           string   `json:"kind"`
	Next           int64    `json:"next_us,string"`
	Since          int64    `json:"since_us,string"`
	T              float64  `json:"t"`
	UnchangedUntil *float64 `json:"unchanged_until,omitempty"` // when it was last read without a new sample
}

type entitiesLine struct {
	EntityGroup string    `json:"entity_group"`
	IDs         []uint32  `json:"ids"`
	Kind        string    `json:"kind"`
	Supported   *[]uint32 `json:"supported,omitempty"` // of GPUs
	T           float64   `json:"t"`
}

func idsOf(entities []Entity) []uint32 {
	ids := make([]uint32, len(entities))
	for i, e := range entities {
		ids[i] = e.ID
	}
	return ids
}

// instanceInfo has go-dcgm's names.
type instanceInfo struct {
	GPUUUID  string `json:"GpuUuid"`
	CI       uint32 `json:"NvmlComputeInstanceId"`
	GPUIndex uint32 `json:"NvmlGpuIndex"`
	GI       uint32 `json:"NvmlInstanceId"`
	Profile  uint32 `json:"NvmlMigProfileId"`
	Slices   uint32 `json:"NvmlProfileSlices"`
}

type hierarchyLine struct {
	EntityGroup string       `json:"entity_group"`
	EntityID    uint32       `json:"entity_id"`
	Info        instanceInfo `json:"info"`
	Kind        string       `json:"kind"`
	ParentGroup string       `json:"parent_group"`
	ParentID    uint32       `json:"parent_id"`
	T           float64      `json:"t"`
}

func hierarchyOf(t float64, i *Instance) hierarchyLine {
	return hierarchyLine{
		Kind: "hierarchy", T: t, EntityGroup: groupName(i.Entity.Kind), EntityID: i.Entity.ID, ParentGroup: groupName(i.Parent.Kind), ParentID: i.Parent.ID,
		Info: instanceInfo{GPUUUID: i.GPUUUID, GPUIndex: i.GPUIndex, GI: i.GI, CI: i.CI, Profile: i.Profile, Slices: i.Slices},
	}
}

type linkLine struct {
	Index      int       `json:"index"`
	Kind       string    `json:"kind"`
	ParentID   uint32    `json:"parent_id"`
	ParentType string    `json:"parent_type"`
	State      LinkState `json:"state"`
	T          float64   `json:"t"`
}

func linkLines(t float64, links map[Entity][]LinkState) (lines []any) {
	for _, parent := range slices.SortedFunc(maps.Keys(links), Entity.Compare) {
		for i, state := range links[parent] {
			lines = append(lines, linkLine{Kind: "link_status", T: t, ParentType: groupName(parent.Kind), ParentID: parent.ID, Index: i, State: state})
		}
	}
	return lines
}

// entityLine is an answer about one entity.
type entityLine struct {
	EntityGroup string  `json:"entity_group"`
	EntityID    uint32  `json:"entity_id"`
	Kind        string  `json:"kind"`
	T           float64 `json:"t"`
	Value       any     `json:"value"`
}

// metricGroup has go-dcgm's names.
type metricGroup struct {
	FieldIDs     []FieldID `json:"FieldIds"`
	Major, Minor int
}

type usageLine struct {
	CPU    float64 `json:"cpu"`
	Kind   string  `json:"kind"`
	Memory int64   `json:"memory_bytes,string"`
	T      float64 `json:"t"`
}

type healthLine struct {
	Incidents int          `json:"incidents"`
	Kind      string       `json:"kind"`
	Overall   HealthResult `json:"overall"`
	T         float64      `json:"t"`
}

type incidentLine struct {
	Code        int           `json:"code"`
	EntityGroup string        `json:"entity_group"`
	EntityID    uint32        `json:"entity_id"`
	Health      HealthResult  `json:"health"`
	Kind        string        `json:"kind"`
	Message     string        `json:"message"`
	System      HealthSystems `json:"system"`
	T           float64       `json:"t"`
}

func healthLines(t float64, incidents []Incident) []any {
	lines := []any{nil}
	overall := HealthPass
	for _, i := range incidents {
		overall = max(overall, i.Result)
		lines = append(lines, incidentLine{Kind: "incident", T: t, EntityGroup: groupName(i.Entity.Kind), EntityID: i.Entity.ID, System: i.System, Health: i.Result, Code: i.Code, Message: i.Message})
	}
	lines[0] = healthLine{Kind: "health", T: t, Incidents: len(incidents), Overall: overall}
	return lines
}

// fieldList spells fields as recordings have them after a call, as in [150 155].
func fieldList(fields []FieldID) string {
	texts := make([]string, len(fields))
	for i, field := range fields {
		texts[i] = strconv.Itoa(int(field))
	}
	return " [" + strings.Join(texts, " ") + "]"
}
