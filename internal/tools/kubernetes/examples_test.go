// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

const examples = "../../../docs/examples/kubernetes/"

func readExample(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(examples + name)
	require.NoError(t, err)
	return content
}

// objects decodes the documents of a manifest: an unknown or doubled field is an error.
func objects(t *testing.T, name string) []runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme} {
		require.NoError(t, add(scheme))
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var all []runtime.Object
	for document := range strings.SplitSeq(string(readExample(t, name)), "\n---\n") {
		object, _, err := decoder.Decode([]byte(document), nil, nil)
		require.NoError(t, err, document)
		all = append(all, object)
	}
	return all
}

// manifest has what the tests look at in one plain manifest.
type manifest struct {
	config   string
	template corev1.PodTemplateSpec
	policies []*networkingv1.NetworkPolicy
	services []*corev1.Service
}

func readManifest(t *testing.T, name string) manifest {
	t.Helper()
	var m manifest
	for _, object := range objects(t, name) {
		switch o := object.(type) {
		case *corev1.ConfigMap:
			m.config = o.Data["config.yaml"]
		case *appsv1.DaemonSet:
			m.template = o.Spec.Template
			requireSelects(t, o.Spec.Selector, m.template.Labels)
		case *appsv1.Deployment:
			m.template = o.Spec.Template
			requireSelects(t, o.Spec.Selector, m.template.Labels)
		case *networkingv1.NetworkPolicy:
			m.policies = append(m.policies, o)
		case *corev1.Service:
			m.services = append(m.services, o)
		default:
		}
	}
	return m
}

func requireSelects(t *testing.T, selector *metav1.LabelSelector, of map[string]string) {
	t.Helper()
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	require.NoError(t, err)
	require.True(t, parsed.Matches(labels.Set(of)), "%v does not select %v", parsed, of)
}

func readValues(t *testing.T, name string) *chartValues {
	t.Helper()
	var values chartValues
	require.NoError(t, yaml.UnmarshalStrict(readExample(t, name), &values))
	return &values
}

func readResource(t *testing.T) *collectorResource {
	t.Helper()
	var resource collectorResource
	require.NoError(t, yaml.UnmarshalStrict(readExample(t, "collector-cr.yaml"), &resource))
	return &resource
}

// requireRestricted asks the admission that guards a namespace whether it lets the pod in.
func requireRestricted(t *testing.T, spec corev1.PodSpec) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(restricted, &metav1.ObjectMeta{}, &spec) {
		require.True(t, result.Allowed, "%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
	}
}

// requireLeast checks what the standard leaves open.
func requireLeast(t *testing.T, spec corev1.PodSpec) {
	t.Helper()
	for _, container := range append(spec.InitContainers, spec.Containers...) {
		require.True(t, *container.SecurityContext.ReadOnlyRootFilesystem, container.Name)
	}
	for _, volume := range spec.Volumes {
		require.Nil(t, volume.HostPath, volume.Name)
	}
	names := map[string]bool{}
	for _, volume := range spec.Volumes {
		names[volume.Name] = true
	}
	for _, container := range append(spec.InitContainers, spec.Containers...) {
		for _, mount := range container.VolumeMounts {
			require.True(t, names[mount.Name], "%s mounts %s, which is no volume", container.Name, mount.Name)
		}
	}
}

func TestEveryPodHasTheLeastRights(t *testing.T) {
	agent, gateway := readManifest(t, "agent.yaml").template.Spec, readManifest(t, "gateway.yaml").template.Spec
	for name, spec := range map[string]corev1.PodSpec{
		"agent.yaml":   agent,
		"gateway.yaml": gateway,
		"helm agent":   readValues(t, "helm-agent.values.yaml").pod(),
		"helm gateway": readValues(t, "helm-gateway.values.yaml").pod(),
		"resource":     readResource(t).pod(),
	} {
		t.Run(name, func(t *testing.T) {
			requireRestricted(t, spec)
			requireLeast(t, spec)
		})
	}
	for _, spec := range []corev1.PodSpec{agent, gateway} {
		require.False(t, *spec.AutomountServiceAccountToken)
	}
}

func TestRestrictedRefusesWhatNeedsMore(t *testing.T) {
	spec := readManifest(t, "agent.yaml").template.Spec
	spec.HostPID = true
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	require.NoError(t, err)
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	require.False(t, policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &metav1.ObjectMeta{}, &spec)).Allowed)
}

func TestProbesAskHealthSLO(t *testing.T) {
	for _, name := range []string{"agent.yaml", attribution, "gateway.yaml"} {
		container := readManifest(t, name).template.Spec.Containers[0]
		ports := map[string]int32{}
		for _, port := range container.Ports {
			ports[port.Name] = port.ContainerPort
		}
		for path, probe := range map[string]*corev1.Probe{"/healthz": container.LivenessProbe, "/readyz": container.ReadinessProbe} {
			require.Equal(t, path, probe.HTTPGet.Path)
			require.Equal(t, int32(13134), ports[probe.HTTPGet.Port.StrVal], name)
		}
	}
	for _, name := range []string{"helm-agent.values.yaml", "helm-gateway.values.yaml"} {
		values := readValues(t, name)
		require.Equal(t, "/healthz", values.LivenessProbe.HTTPGet.Path)
		require.Equal(t, "/readyz", values.ReadinessProbe.HTTPGet.Path)
		require.Equal(t, int32(13134), values.ReadinessProbe.HTTPGet.Port.IntVal)
	}
}

func TestNetworkPoliciesAndServicesSelectTheirPods(t *testing.T) {
	for _, name := range []string{"agent.yaml", attribution, "gateway.yaml"} {
		m := readManifest(t, name)
		require.NotEmpty(t, m.policies)
		for _, policy := range m.policies {
			requireSelects(t, &policy.Spec.PodSelector, m.template.Labels)
		}
		for _, service := range m.services {
			requireSelects(t, &metav1.LabelSelector{MatchLabels: service.Spec.Selector}, m.template.Labels)
		}
	}
}

func TestGPUGateReachesTheAgentOfItsNode(t *testing.T) {
	gate, agent := readManifest(t, "../health-checks/kubernetes/gpu-gate.yaml"), readManifest(t, "agent.yaml")
	require.Len(t, gate.services, 1)
	service := gate.services[0]
	requireSelects(t, &metav1.LabelSelector{MatchLabels: service.Spec.Selector}, agent.template.Labels)
	require.Equal(t, corev1.ServiceInternalTrafficPolicyLocal, *service.Spec.InternalTrafficPolicy)
	require.Len(t, gate.policies, 1)
	requireSelects(t, &gate.policies[0].Spec.PodSelector, agent.template.Labels)
	requireSelects(t, gate.policies[0].Spec.Ingress[0].From[0].PodSelector, gate.template.Labels)
	ports := map[string]int32{}
	for _, port := range agent.template.Spec.Containers[0].Ports {
		ports[port.Name] = port.ContainerPort
	}
	require.Equal(t, int32(13134), ports[service.Spec.Ports[0].TargetPort.StrVal])
	require.Equal(t, int32(13134), ports[gate.policies[0].Spec.Ingress[0].Ports[0].Port.StrVal])

	requireRestricted(t, gate.template.Spec)
	requireLeast(t, gate.template.Spec)
	probe := gate.template.Spec.Containers[1].ReadinessProbe.Exec.Command
	host := service.Name + "." + service.Namespace + ".svc"
	require.Equal(t, "http://"+host+":13134/gpus", probe[len(probe)-1])
	recipe, err := os.ReadFile("../../../docs/health-checks.md")
	require.NoError(t, err)
	require.Contains(t, string(recipe), "allowed_hosts: ["+host+"]")
}

// The chart's defaults are data here: the chart itself is not available everywhere.
func TestChartKeepsHealthCheck(t *testing.T) {
	for _, name := range []string{"helm-agent.values.yaml", "helm-gateway.values.yaml"} {
		service, ok := merged(t, name)["service"].(map[string]any)
		require.True(t, ok)
		require.Contains(t, service["extensions"], "health_check", "the chart does not render without it")
	}
}

// What other pods reach has a limit for clients that send bit by bit; upstream's default is none.
func TestGatewaysCutOffSlowClients(t *testing.T) {
	var plain map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(readManifest(t, "gateway.yaml").config), &plain))
	for name, config := range map[string]map[string]any{"gateway.yaml": plain, "helm gateway": merged(t, "helm-gateway.values.yaml")} {
		http := below(t, config, "receivers", "otlp", "protocols", "http")
		timeout, _ := http["read_header_timeout"].(string)
		limit, err := time.ParseDuration(timeout)
		require.NoError(t, err, name)
		require.Positive(t, limit, name)
	}
}

func below(t *testing.T, settings map[string]any, keys ...string) map[string]any {
	t.Helper()
	for _, key := range keys {
		next, isMap := settings[key].(map[string]any)
		require.True(t, isMap, key)
		settings = next
	}
	return settings
}

// merged is the chart's configuration with that of the values over it, as Helm merges: maps
// by key, and null deletes.
func merged(t *testing.T, names ...string) map[string]any {
	t.Helper()
	var base map[string]any
	defaults, err := os.ReadFile("testdata/chart-defaults.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(defaults, &base))
	for _, name := range names {
		overlay(base, readValues(t, name).Config)
	}
	return base
}

func overlay(base, over map[string]any) {
	for key, value := range over {
		below, isMap := value.(map[string]any)
		existing, hasMap := base[key].(map[string]any)
		switch {
		case value == nil:
			delete(base, key)
		case isMap && hasMap:
			overlay(existing, below)
		default:
			base[key] = value
		}
	}
}

func TestEveryEmbeddedConfigurationIsValid(t *testing.T) {
	binary := os.Getenv("BINARY")
	if binary == "" {
		t.Skip("BINARY names no binary")
	}
	toYAML := func(config map[string]any) string {
		content, err := yaml.Marshal(config)
		require.NoError(t, err)
		return string(content)
	}
	for name, config := range map[string]string{
		"agent.yaml":   readManifest(t, "agent.yaml").config,
		"attribution":  readManifest(t, attribution).config,
		"gateway.yaml": readManifest(t, "gateway.yaml").config,
		"helm agent":   toYAML(merged(t, "helm-agent.values.yaml")),
		"helm pods":    toYAML(merged(t, "helm-agent.values.yaml", helmAttribution)),
		"helm gateway": toYAML(merged(t, "helm-gateway.values.yaml")),
		"resource":     toYAML(readResource(t).Spec.Config),
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEmpty(t, config)
			// The directory is a volume of the pod.
			config = strings.ReplaceAll(config, "/var/lib/otelcol", t.TempDir())
			file := filepath.Join(t.TempDir(), "config.yaml")
			require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
			validate := exec.Command(binary, "validate", "--config", file)
			validate.Env = append(os.Environ(), "K8S_NODE_NAME=n", "NODE_NAME=n", "MY_POD_IP=127.0.0.1", "DCGM_ENDPOINT=127.0.0.1:5555", "BACKEND_ENDPOINT=https://127.0.0.1:4318")
			out, err := validate.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Empty(t, string(out))
		})
	}
}
