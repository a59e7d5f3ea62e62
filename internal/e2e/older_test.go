// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const olderVersions = "testdata/older-versions.yaml"

// An older module that compiles may still panic or fail once the binary runs.
func TestComponentsOfOlderVersionsStart(t *testing.T) {
	needFullFlavour(t)
	health := freeAddress(t)
	env := []string{
		"HEALTH=" + health, "SIGNALFX=" + freeAddress(t), "RESULT_FILE=" + t.TempDir() + "/targets.yaml",
		"AWS_ENDPOINT_URL=http://127.0.0.1:9", "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x",
		"KUBERNETES_SERVICE_HOST=127.0.0.1", "KUBERNETES_SERVICE_PORT=9", "K8S_NODE_NAME=n",
	}
	validate := exec.Command(binary, "validate", "--config", olderVersions)
	validate.Env = append(validate.Environ(), env...)
	out, err := validate.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))

	c := command("--config", olderVersions)
	c.Env = append(c.Environ(), env...)
	c.launch(t)
	waitStatus(t, health, "/readyz", 200)
	time.Sleep(2 * time.Second) // Receivers scrape for the first time after one.
	requireStatus(t, health, "/healthz", 200)
	c.stop(t)
	require.NotContains(t, c.err.String(), "panic")
}

// A name of 0.152.0 that the older module does not know is valid, without a word, and a key that it
// got later is refused with an error that says why.
func TestOlderModulesAreReadByTheNamesOf0152(t *testing.T) {
	needFullFlavour(t)
	const config = `
receivers: {chrony: {endpoint: "udp://127.0.0.1:323"%s}, yang_grpc: {endpoint: "127.0.0.1:0"}, ssh_check: {endpoint: "127.0.0.1:9", username: u, password: p}}
exporters: {nop: }
service: {pipelines: {metrics: {receivers: [chrony, yang_grpc, ssh_check], exporters: [nop]}}}
`
	r := finish(t, "", nil, "validate", "--config", configFile(t, config, ""))
	require.Zero(t, r.code, r.stderr)
	require.Empty(t, r.stderr)
	requireFailure(t, failure{want: `"file_mount_path" came to the chronyreceiver in 0\.151\.0, and this build has it at 0\.146\.0`},
		"validate", "--config", configFile(t, config, ", file_mount_path: /x"))
}

// What the lists call a component is what the binary calls it.
func TestCarriedComponentsHaveTheNamesOnTheLists(t *testing.T) {
	needFullFlavour(t)
	listed := map[string]string{}
	for _, row := range readTSV(t, root+"/internal/distcmd/contrib-names.tsv") {
		if row["here"] != "" {
			listed[row["kind"]+" "+row["module"]] = row["here"]
		}
	}
	carried := map[string]string{}
	for kind, list := range components(t, binary) {
		for _, c := range list {
			module, _, _ := strings.Cut(c.Module, " ")
			if !strings.HasPrefix(module, ours) {
				carried[strings.TrimSuffix(kind, "s")+" "+path.Base(module)] = c.Name
			}
		}
	}
	for id, name := range carried {
		kind, _, _ := strings.Cut(id, " ")
		if slices.Contains([]string{"receiver", "processor", "exporter", "connector", "extension"}, kind) {
			require.Equal(t, name, listed[id], id)
		}
	}
	require.Greater(t, len(listed), 150)
}

// No component of an older version escapes the test above.
func TestEveryComponentOfAnOlderVersionIsConfigured(t *testing.T) {
	needFullFlavour(t)
	configured := componentsOf(t, olderVersions)
	older := olderModules(t)
	require.NotEmpty(t, older)
	for kind, carried := range components(t, binary) {
		for _, c := range carried {
			path, _, _ := strings.Cut(c.Module, " ")
			if _, found := older[kind+" "+path]; found {
				require.Contains(t, configured, kind+" "+c.Name)
				delete(older, kind+" "+path)
			}
		}
	}
	require.Empty(t, older)
}

// olderModules returns the modules that are carried although their own version is not served.
// A note in the availability list says why one is left out.
func olderModules(t *testing.T) map[string]string {
	t.Helper()
	older := map[string]string{}
	for _, row := range readTSV(t, availability) {
		if row["served_version"] == "-" && row["older_served_version"] != "" && row["note"] == "" {
			older[row["kind"]+" "+row["module"]] = row["older_served_version"]
		}
	}
	return older
}
