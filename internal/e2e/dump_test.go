// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A support bundle shows what a receiver saw, without what identifies the node: another Collector sees the same in a replay.
func TestDumpInASupportBundleReplays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dcgm.jsonl")
	n := startNode(t, "h100x8", "dump: {path: "+path+"}", nil)
	n.waitFor(t, "gpu_up", "hw_name", "nvidia3", 1)
	n.send(t, "gpu_lost gpu=3")
	n.waitFor(t, "gpu_up", "hw_name", "nvidia3", 0)
	n.stop(t)

	files, manifest := bundle(t, n.Args[1:]...)
	require.True(t, manifest["dcgm/dcgm.jsonl"].OK, manifest["dcgm/dcgm.jsonl"].Error)
	recording := files["dcgm/dcgm.jsonl"]
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, identity := range []string{"GPU-a0f1c7e2-0003-4d5e-8b1a-5c3e9f700003", "1650123000003", "00000000:5D:00.0"} {
		require.Contains(t, string(written), identity)
		require.NotContains(t, recording, identity)
	}

	replay := filepath.Join(t.TempDir(), "replay.jsonl")
	require.NoError(t, os.WriteFile(replay, []byte(recording), 0o600))
	again := startNode(t, replay, "", nil)
	again.waitFor(t, "gpu_up", "hw_name", "nvidia3", 1)
	require.Len(t, again.series(t, "hw_power_watts", "hw_name"), 8)
	again.waitFor(t, "gpu_up", "hw_name", "nvidia3", 0)
	require.Len(t, again.series(t, "gpu_up", "hw_id"), 8)
	again.stop(t)
}
