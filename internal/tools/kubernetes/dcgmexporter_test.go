// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// exporterValues are the keys of dcgm-exporter's chart that the overlay uses. The chart makes a container of them that has
// arguments as its arguments, and exporterEnv.
type exporterValues struct {
	Image struct {
		Repository string `json:"repository"`
		Tag        string `json:"tag"`
	} `json:"image"`
	Arguments []string `json:"arguments"`
}

// operatorValues are the keys of the GPU Operator's chart that the overlay uses. The operator joins repository, image and version,
// and lays args and env over those of its container.
type operatorValues struct {
	DCGM struct {
		Enabled bool `json:"enabled"`
	} `json:"dcgm"`
	Exporter struct {
		Repository string          `json:"repository"`
		Image      string          `json:"image"`
		Version    string          `json:"version"`
		Args       []string        `json:"args"`
		Env        []corev1.EnvVar `json:"env"`
	} `json:"dcgmExporter"`
}

// What the containers have besides: of the chart, and of the operator with a host engine of its own.
var (
	exporterEnv = []string{"DCGM_EXPORTER_KUBERNETES=true", "DCGM_EXPORTER_LISTEN=:9400", "NODE_NAME=n1"}
	operatorEnv = []string{"DCGM_REMOTE_HOSTENGINE_INFO=nvidia-dcgm:5555", "NODE_NAME=n1"}
)

func TestDCGMExportersChartStartsTheNodeAgent(t *testing.T) {
	var values exporterValues
	readOverlay(t, "helm-dcgm-exporter.values.yaml", &values)
	require.NotEmpty(t, values.Image.Repository)
	require.NotEmpty(t, values.Image.Tag)
	config := configurationOf(t, values.Arguments, exporterEnv)
	requireExporter(t, config)
	require.Contains(t, config, "mode: embedded\n")
	require.Contains(t, config, "counters: default\n")
}

func TestGPUOperatorStartsTheNodeAgent(t *testing.T) {
	var values operatorValues
	readOverlay(t, "helm-gpu-operator.values.yaml", &values)
	require.True(t, values.DCGM.Enabled)
	require.NotEmpty(t, values.Exporter.Repository)
	require.NotEmpty(t, values.Exporter.Image)
	require.NotEmpty(t, values.Exporter.Version)
	env := operatorEnv
	for _, variable := range values.Exporter.Env {
		env = append(env, variable.Name+"="+variable.Value)
	}
	config := configurationOf(t, values.Exporter.Args, env)
	requireExporter(t, config)
	require.Contains(t, config, "endpoint: nvidia-dcgm:5555\n")
	require.Contains(t, config, "DCGM_FI_DEV_RETIRED_SBE")
}

func readOverlay(t *testing.T, name string, values any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../docs/examples/kubernetes", name))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(text, values))
}

// configurationOf is what the image's entry point makes of a container's arguments and variables, once it is valid.
func configurationOf(t *testing.T, args, env []string) string {
	t.Helper()
	program := os.Getenv("BINARY")
	if program == "" {
		t.Skip("BINARY names no Collector")
	}
	translate := exec.Command(program, append(args, "--print-config")...)
	translate.Env = env
	config, err := translate.Output()
	require.NoError(t, err)
	out, err := exec.Command(program, "validate", "--config", "yaml:"+string(config)).CombinedOutput()
	require.NoError(t, err, string(out))
	return string(config)
}

// requireExporter holds a configuration against the port, the probe and the volume that the container has.
func requireExporter(t *testing.T, config string) {
	t.Helper()
	require.Contains(t, config, "endpoint: :9400\n")
	require.Contains(t, config, "- id: health_slo\n", "both charts probe /health on the port of the page")
	require.Contains(t, config, "socket: "+podResources+"/kubelet.sock\n")
}
