// SPDX-License-Identifier: Apache-2.0

package repository

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The commands for the GPU Operator name what the manifest has, and leave nothing in it that stands for something else. Those of the other
// ways are run by the tests of packages.
func TestGettingStartedWithTheGPUOperatorFitsTheManifest(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/getting-started.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)\n## The GPU Operator\n.*?```console\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, block)
	commands := strings.Split(strings.TrimSpace(string(block[1])), "\n")
	require.LessOrEqual(t, len(commands), 6)
	var edit string
	for _, command := range commands {
		if before, _, found := strings.Cut(command, " | kubectl apply"); found {
			edit = before
		}
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", "DCGM=nvcr.io/nvidia/cloud-native/dcgm:4.6.0; "+edit) //nolint:gosec // It is the page's.
	command.Dir = root
	manifest, err := command.Output()
	require.NoError(t, err)
	require.NotRegexp(t, `example\.com|your-gpu-operators-tag`, string(manifest))
	for _, text := range []string{"nvcr.io/nvidia/cloud-native/dcgm:4.6.0\n", "image: your.registry/otelcol-tracecore-node:", "kind: DaemonSet\nmetadata:\n  name: otelcol-agent\n  namespace: tracecore\n", "containerPort: 9464\n", "cidr: 10.0.0.0/8"} {
		require.Contains(t, string(manifest), text)
	}
}
