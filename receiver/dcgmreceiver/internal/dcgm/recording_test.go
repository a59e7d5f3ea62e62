// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	godcgm "github.com/NVIDIA/go-dcgm/pkg/dcgm"
	"github.com/stretchr/testify/require"
)

// recorded is one line of the recording: what a real host engine answered to go-dcgm.
type recorded struct {
	T      float64         `json:"t"`
	Phase  string          `json:"phase"`
	Kind   string          `json:"kind"`
	Entity uint            `json:"entity_id"`
	Field  uint            `json:"field"`
	Type   string          `json:"type"`
	Status int             `json:"status"`
	AgeMS  float64         `json:"age_ms"` // -1: no timestamp
	Value  json.RawMessage `json:"value"`
	Error  string          `json:"error"`

	// Of the later recordings.
	Step        string          `json:"step"`
	Call        string          `json:"call"`
	Code        *int            `json:"code"` // of the error; null where go-dcgm keeps its text only
	EntityGroup string          `json:"entity_group"`
	IDs         []uint          `json:"ids"`
	ParentGroup string          `json:"parent_group"`
	ParentID    uint            `json:"parent_id"`
	ParentType  string          `json:"parent_type"`
	Index       uint            `json:"index"`
	State       uint            `json:"state"`
	Info        json.RawMessage `json:"info"`
	Count       int             `json:"count"`
	Timestamp   int64           `json:"ts_us,string"`
	Since       int64           `json:"since_us,string"`
	Next        int64           `json:"next_us,string"`
	Systems     uint            `json:"systems"`
	Overall     uint            `json:"overall"`
	Incidents   int             `json:"incidents"`
	Health      uint            `json:"health"`
	System      uint            `json:"system"`
	Message     string          `json:"message"`
	Meta        json.RawMessage `json:"meta"`
	Policy      json.RawMessage `json:"policy"`
	Violation   json.RawMessage `json:"violation"`
}

func readRecording(t *testing.T) []recorded {
	t.Helper()
	return readLines(t, "dcgm-4.6.0-h100x8.recording.jsonl")
}

// readLines reads a recording. The long ones are packed.
func readLines(t *testing.T, name string) []recorded {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	var text io.Reader = file
	if filepath.Ext(name) == ".gz" {
		text, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	var lines []recorded
	scanner := bufio.NewScanner(text)
	for scanner.Scan() {
		var r recorded
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &r))
		lines = append(lines, r)
	}
	require.NoError(t, scanner.Err())
	require.NotEmpty(t, lines)
	return lines
}

// text is the value without quotes; integers have them too.
func (r recorded) text(t *testing.T) string {
	t.Helper()
	if r.Value[0] != '"' {
		return string(r.Value)
	}
	var text string
	require.NoError(t, json.Unmarshal(r.Value, &text))
	return text
}

func phasesOf(lines []recorded) []string {
	var phases []string
	for _, l := range lines {
		if !slices.Contains(phases, l.Phase) {
			phases = append(phases, l.Phase)
		}
	}
	return phases
}

func fieldsOf(lines []recorded, phase string) []godcgm.Short {
	var ids []godcgm.Short
	for _, l := range lines {
		if l.Kind == "value" && l.Phase == phase {
			ids = append(ids, godcgm.Short(l.Field)) //nolint:gosec // Field ids are 16 bits wide.
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// textOf spells a value as the recording does.
func textOf(v godcgm.FieldValue_v2) string {
	switch v.FieldType {
	case godcgm.DCGM_FT_STRING:
		return *v.StringValue
	case godcgm.DCGM_FT_DOUBLE:
		return fmt.Sprint(v.Float64())
	default:
		return strconv.FormatInt(v.Int64(), 10)
	}
}

// kindOf keeps what a value says beside its size: which blank it is, or that it is data.
func kindOf(typ, text string) string {
	if typ == "string" {
		if strings.HasPrefix(text, "<<<") {
			return text
		}
		return "text"
	}
	if i, err := strconv.ParseInt(text, 10, 64); typ == "int64" && err == nil {
		return sentinelOf(i >= int64Blank, float64(i-int64Blank))
	}
	if f, err := strconv.ParseFloat(text, 64); typ == "double" && err == nil {
		return sentinelOf(f >= fp64Blank, f-fp64Blank)
	}
	return "neither data nor blank: " + text
}

func sentinelOf(blank bool, offset float64) string {
	if blank {
		return fmt.Sprintf("blank+%v", offset)
	}
	return "number"
}
