// SPDX-License-Identifier: Apache-2.0

package support

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// dumpConfig has a receiver with a dump, one that no pipeline has, and one without.
func dumpConfig(path string) map[string]any {
	dump := map[string]any{"dump": map[string]any{"path": path, "redact": false}}
	return map[string]any{
		"receivers": map[string]any{"dcgm": map[string]any{"dump": map[string]any{"path": ""}}, "dcgm/rack2": dump, "dcgm/idle": dump, "clock": nil},
		"service":   map[string]any{"pipelines": map[string]any{"metrics": map[string]any{"receivers": []any{"clock", "dcgm", "dcgm/rack2"}}, "logs": map[string]any{"receivers": []any{"dcgm/rack2"}}}},
	}
}

const dumpLine = `{"kind":"value","t":1,"entity_group":"GPU","entity_id":0,"field":54,"type":"string","status":0,"value":"GPU-b4d0e1f2-0000-4a6b-9c2d-6d4faa810000"}` + "\n"

func TestDumpsOfReceiversInUseAreRedacted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dcgm.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(dumpLine), 0o600))
	outcomes := Collect(t.Context(), time.Minute, DumpEntries(dumpConfig(path)), plain)
	require.Len(t, outcomes, 1)
	require.Equal(t, "dcgm/dcgm-rack2.jsonl", outcomes[0].Name)
	require.Equal(t, path, outcomes[0].From)
	require.True(t, outcomes[0].OK)
	require.Contains(t, string(outcomes[0].content), "GPU-00000000-0000-4000-8000-000000000001")
	require.NotContains(t, string(outcomes[0].content), "b4d0e1f2")

	require.NoError(t, os.WriteFile(path+".1", []byte(dumpLine+dumpLine), 0o600))
	outcomes = Collect(t.Context(), time.Minute, DumpEntries(dumpConfig(path)), plain)
	require.Len(t, outcomes, 2)
	require.Equal(t, "dcgm/dcgm-rack2.before.jsonl", outcomes[1].Name)
	require.Equal(t, 2, strings.Count(string(outcomes[1].content), "\n"))
}

func TestDumpThatIsNotThereIsAnEntryThatSaysSo(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{filepath.Join(dir, "none.jsonl"): "no such file or directory", dir: "is no regular file", "/dev/zero": "is no regular file"} {
		outcomes := Collect(t.Context(), time.Minute, DumpEntries(dumpConfig(path)), plain)
		require.Len(t, outcomes, 1)
		require.False(t, outcomes[0].OK)
		require.Contains(t, outcomes[0].Error, want)
	}
	require.Empty(t, DumpEntries(nil))
}

func TestLargeDumpIsCutAfterAWholeLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dcgm.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(dumpLine, largest/len(dumpLine)+10)), 0o600))
	outcomes := Collect(t.Context(), time.Minute, DumpEntries(dumpConfig(path)), plain)
	require.Contains(t, outcomes[0].Error, "cut after 8 MiB")
	require.True(t, strings.HasSuffix(string(outcomes[0].content), "}\n"))
	require.Greater(t, outcomes[0].Bytes, largest/2)
	require.LessOrEqual(t, outcomes[0].Bytes, largest)
}
