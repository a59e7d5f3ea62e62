// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func fullConfig() *Config {
	full := createDefaultConfig().(*Config)
	full.Kubernetes = configoptional.Some(KubernetesConfig{
		Socket: "/run/kubelet.sock", PollInterval: 30 * time.Second, Timeout: 2 * time.Second,
		Resources: []string{`example\.com/gpu-.*`}, Sharing: sharingMPS,
		PodsSocket: "/run/pods-api.sock", PodLabels: []string{`app\.kubernetes\.io/.*`},
		ResourceSlices: configoptional.Some(ResourceSlicesConfig{Endpoint: "https://10.0.0.1:6443", TokenFile: "/run/token", CAFile: "/run/ca.crt"}),
	})
	full.Jobs = configoptional.Some(JobsConfig{Directory: "/run/jobs"})
	full.Attributes, full.Split, full.MaxAge, full.Node = styleDCGMExporter, splitByShare, time.Minute, "gpu-017"
	full.DeviceMetrics = []string{`board\..*`}
	full.Idle = IdleConfig{Utilization: 0.05, After: time.Minute}
	full.Stalled = StalledConfig{Utilization: 0.9, Power: 0.5, After: 30 * time.Second}
	full.MetricsBuilderConfig.Metrics.GpuStalled.Enabled = false
	return full
}

func TestLoadConfig(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)

	kubernetes := createDefaultConfig().(*Config)
	kubernetes.Kubernetes = configoptional.Some(defaultKubernetes())
	slices := createDefaultConfig().(*Config)
	withSlices := defaultKubernetes()
	withSlices.ResourceSlices = configoptional.Some(*withSlices.ResourceSlices.GetOrInsertDefault())
	slices.Kubernetes = configoptional.Some(withSlices)

	for id, want := range map[string]component.Config{
		"gpu_attribution": createDefaultConfig(), "gpu_attribution/full": fullConfig(),
		"gpu_attribution/kubernetes": kubernetes, "gpu_attribution/slices": slices,
	} {
		t.Run(id, func(t *testing.T) {
			sub, err := conf.Sub(id)
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			require.EqualExportedValues(t, want, cfg)
			require.Equal(t, want.(*Config).Kubernetes, cfg.Kubernetes)
			require.Equal(t, want.(*Config).Jobs, cfg.Jobs)
		})
	}
}

func TestBadConfigNamesKeyAndRule(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, tt := range []struct{ yaml, want string }{
		{"attributes: otel", `"attributes": must be semconv or dcgm_exporter, not "otel"`},
		{"split: half", `"split": must be none or by_share, not "half"`},
		{"max_age: 9s", `"max_age": must be at least 10s and at most 24h0m0s, got 9s`},
		{"device_metrics: ['(']", `"device_metrics": "(" is no regular expression`},
		{"device_metrics: ['']", `"device_metrics": an empty text matches no name`},
		{"device_metrics: ['a)|(?:b']", `"device_metrics": "a)|(?:b" is no regular expression`},
		{"idle: {utilization: 5}", `"idle::utilization": must be at least 0 and at most 1, got 5`},
		{"idle: {utilization: .nan}", `"idle::utilization": must be at least 0 and at most 1, got NaN`},
		{"idle: {after: -1s}", `"idle::after": must be at least 0s`},
		{"stalled: {utilization: -1}", `"stalled::utilization"`},
		{"stalled: {power: 1.1}", `"stalled::power"`},
		{"stalled: {after: 25h}", `"stalled::after": must be at least 0s and at most 24h0m0s, got 25h0m0s`},
		{"kubernetes: {socket: FILE}", `kubernetes: "socket": FILE is no socket`},
		{"kubernetes: {socket: kubelet.sock}", `"socket": must be an absolute path, got "kubelet.sock"`},
		{"kubernetes: {poll_interval: 10ms}", `"poll_interval": must be at least 1s and at most 24h0m0s, got 10ms`},
		{"kubernetes: {timeout: 11s}", `"timeout": must be more than 0s and at most "poll_interval" (10s), got 11s`},
		{"kubernetes: {timeout: 0s}", `"timeout": must be more than 0s`},
		{"kubernetes: {resources: ['[']}", `"resources": "[" is no regular expression`},
		{"kubernetes: {pods_socket: /run/pods.sock, pod_labels: ['*']}", `"pod_labels": "*" is no regular expression`},
		{"kubernetes: {pod_labels: [app]}", `"pod_labels": needs "pods_socket"`},
		{"kubernetes: {pods_socket: FILE}", `"pods_socket": FILE is no socket`},
		{"kubernetes: {sharing: mig}", `"sharing": must be timeslice or mps, not "mig"`},
		{"kubernetes: {resource_slices: {endpoint: 'http://x'}}", `"endpoint": must be a URL that begins with https:// and names a host, got "http://x"`},
		{"kubernetes: {resource_slices: {endpoint: 'https://'}}", `names a host, got "https://"`},
		{"jobs: {directory: FILE}", `jobs: "directory": FILE is no directory`},
		{"jobs: {directory: jobs}", `"directory": must be an absolute path, got "jobs"`},
		{"kubernetes: {sokcet: /x}", `has invalid keys: sokcet`},
	} {
		t.Run(tt.yaml, func(t *testing.T) {
			conf, err := confmap.NewRetrievedFromYAML([]byte(strings.ReplaceAll(tt.yaml, "FILE", file)))
			require.NoError(t, err)
			m, err := conf.AsConf()
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			if err = m.Unmarshal(cfg); err == nil {
				err = confmap.Validate(cfg)
			}
			require.ErrorContains(t, err, strings.ReplaceAll(tt.want, "FILE", file))
		})
	}
}

func TestASocketThatExistsIsValid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, listener.Close()) })
	require.NoError(t, socket("socket", path))
	require.NoError(t, socket("socket", path+"-that-may-come"))
}

func TestAnIntervalBelowTheDefaultTimeoutShortensIt(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"kubernetes": map[string]any{"poll_interval": "1s"}}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, time.Second, cfg.Kubernetes.Get().Timeout)
}
