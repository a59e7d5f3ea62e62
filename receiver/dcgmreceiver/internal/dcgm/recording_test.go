// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

import (
	"bufio"
	"encoding/json"
	"fmt"
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
}

func readRecording(t *testing.T) []recorded {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "dcgm-4.6.0-h100x8.recording.jsonl"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	var lines []recorded
	scanner := bufio.NewScanner(file)
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
