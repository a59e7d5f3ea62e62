// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The corpus: configurations that every Collector with these components has to accept, and
// some that every one has to refuse. They name their files relative to this directory.
const (
	corpusConfigs      = "testdata/dropin/configs"
	corpusBad          = "testdata/dropin/bad"
	corpusNotValidated = "testdata/dropin/not-validated.yaml"
)

// corpus returns the configurations in a directory, sorted.
func corpus(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files, dir)
	slices.Sort(files)
	return files
}

// corpusEnv returns the environment that the corpus needs: nothing asks a cloud who this
// machine is, and what Kubernetes and ECS give to a container leads to a closed port.
func corpusEnv(t *testing.T) []string {
	t.Helper()
	return []string{
		"AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_REGION=us-east-1",
		"ECS_CONTAINER_METADATA_URI_V4=http://127.0.0.1:9",
		"K8S_NODE_NAME=n", "KUBERNETES_SERVICE_HOST=127.0.0.1", "KUBERNETES_SERVICE_PORT=9",
		"HOME=" + t.TempDir(),
	}
}

// What the corpus does not name, no test of it can find broken.
func TestDropInCorpusHasEveryCarriedComponent(t *testing.T) {
	needFullFlavour(t)
	configured := map[string]bool{}
	for _, file := range corpus(t, corpusConfigs) {
		for _, component := range componentsOf(t, file) {
			configured[component] = true
		}
	}
	excepted := componentsOf(t, corpusNotValidated)
	for _, component := range excepted {
		require.NotContains(t, configured, component, "it is configured, so it is no exception")
	}
	var carried []string
	for kind, list := range components(t, binary) {
		for _, c := range list {
			if !strings.HasPrefix(c.Module, ours) && c.Scheme == "" { // Providers have schemes instead of names.
				carried = append(carried, kind+" "+c.Name)
			}
		}
	}
	require.Subset(t, carried, excepted, "an exception that is not carried")
	for _, component := range carried {
		require.True(t, configured[component] || slices.Contains(excepted, component), "%s is in no configuration", component)
	}
}

// A user reads the first line to know what a configuration is for.
func TestDropInCorpusSaysWhatEachConfigurationIs(t *testing.T) {
	for _, dir := range []string{corpusConfigs, corpusBad} {
		for _, file := range corpus(t, dir) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Regexp(t, `^# [A-Z0-9].*\.\n`, string(content), file)
		}
	}
}

func needFullFlavour(t *testing.T) {
	t.Helper()
	if !carries(t, "tcpcheck") {
		t.Skip("this flavour carries less than these configurations name")
	}
}

// componentsOf returns the components in a file that is shaped like a configuration: "receivers otlp".
func componentsOf(t *testing.T, file string) (found []string) {
	t.Helper()
	var config map[string]yaml.Node
	readYAML(t, file, &config)
	for kind := range config {
		section := config[kind]
		if kind == "service" || section.Kind != yaml.MappingNode { // The latter is what a provider is asked for.
			continue
		}
		var ids map[string]any
		require.NoError(t, section.Decode(&ids), file)
		for id := range ids {
			name, _, _ := strings.Cut(id, "/")
			found = append(found, kind+" "+name)
		}
	}
	return found
}
