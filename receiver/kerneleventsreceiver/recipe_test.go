// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
)

// The program of the README turns what journalctl writes into records.
func TestTheJournalRecipe(t *testing.T) {
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("there is no jq:", err)
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(readme), "```jq\n")
	program, _, found := strings.Cut(after, "```")
	require.True(t, found)
	path := filepath.Join(t.TempDir(), "kernel-events.jq")
	require.NoError(t, os.WriteFile(path, []byte(program), 0o600))

	messages := []struct{ json, text string }{
		{`"NVRM: Xid (PCI:0000:3b:00): 79"`, "NVRM: Xid (PCI:0000:3b:00): 79"},
		{`"a \\ back\\x41slash\nand é"`, "a \\ back\\x41slash\nand é"},
		{`[97,32,195,169,92,10,255]`, "a \u00e9\\\n\xff"},
		{`["one","two"]`, "one two"},
		{`[]`, ""},
		{`null`, ""},
	}
	var journal strings.Builder
	for _, m := range messages {
		journal.WriteString(`{"MESSAGE":` + m.json + `,"PRIORITY":"3","SYSLOG_FACILITY":"1","_SOURCE_MONOTONIC_TIMESTAMP":"5000000"}` + "\n")
	}
	command := exec.CommandContext(t.Context(), jq, "--unbuffered", "--raw-output", "--from-file", path) //nolint:gosec // It is the README's.
	command.Stdin = strings.NewReader(journal.String())
	output, err := command.Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
	require.Len(t, lines, len(messages))
	for i, m := range messages {
		record, err := kmsg.Parse([]byte(lines[i]))
		require.NoError(t, err)
		require.Equal(t, m.text, string(record.Text))
		require.Equal(t, [...]any{3, 1, 5.0, uint64(i + 1)}, [...]any{record.Priority, record.Facility, record.Since.Seconds(), record.Sequence})
	}
}
