// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	podresources "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// attributed collects GPUs every 200 ms, with their holders; its arguments are health, page, kubelet's socket and job directory.
const attributed = `
receivers: {dcgm: {collection_interval: 200ms, initial_delay: 0s}}
processors:
  gpu_attribution:
    kubernetes: {socket: %[3]s, poll_interval: 1s, timeout: 1s}
    jobs: {directory: %[4]s}
exporters: {prometheus: {endpoint: %[2]s, metric_expiration: 2s}, stdout: }
extensions: {health_slo: {http: {endpoint: %[1]s}}}
service:
  telemetry: {metrics: {level: none}}
  extensions: [health_slo]
  pipelines:
    metrics: {receivers: [dcgm], processors: [gpu_attribution], exporters: [prometheus, stdout]}
    logs: {receivers: [dcgm], processors: [gpu_attribution], exporters: [stdout]}
`

// fakeKubelet serves the kubelet's pod-resources API on a socket.
type fakeKubelet struct {
	podresources.UnimplementedPodResourcesListerServer

	mu   sync.Mutex
	pods []*podresources.PodResources
}

func (k *fakeKubelet) List(context.Context, *podresources.ListPodResourcesRequest) (*podresources.ListPodResourcesResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return &podresources.ListPodResourcesResponse{PodResources: k.pods}, nil
}

// holds gives a GPU to a pod, and to nobody else; without a name, to nobody.
func (k *fakeKubelet) holds(pod, gpu string) { k.holdsOf("nvidia.com/gpu", pod, gpu) }

// holdsOf gives a device of a resource to a pod.
func (k *fakeKubelet) holdsOf(resource, pod, device string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pods = nil
	if pod != "" {
		k.pods = []*podresources.PodResources{{Name: pod, Namespace: "ml", Containers: []*podresources.ContainerResources{{
			Name: "main", Devices: []*podresources.ContainerDevices{{ResourceName: resource, DeviceIds: []string{device}}},
		}}}}
	}
}

// serve runs the kubelet until what it returns is called.
func (k *fakeKubelet) serve(t *testing.T, socket string) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	server := grpc.NewServer()
	podresources.RegisterPodResourcesListerServer(server, k)
	go func() { _ = server.Serve(listener) }() // It ends with Stop.
	t.Cleanup(server.Stop)
	return server.Stop
}

// attributedNode is a simulated node with a kubelet and a job directory.
type attributedNode struct {
	*node
	kubelet *fakeKubelet
	stop    func() // of the kubelet
	socket  string
	jobs    string
}

// socketDir is a directory whose path is short, as that of a socket has to be.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kubelet") //nolint:usetesting // Its paths are long.
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func startAttributed(t *testing.T, scenario string) *attributedNode {
	t.Helper()
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	dir := socketDir(t)
	a := &attributedNode{kubelet: &fakeKubelet{}, socket: filepath.Join(dir, "kubelet.sock"), jobs: filepath.Join(dir, "jobs")}
	require.NoError(t, os.Mkdir(a.jobs, 0o700))
	a.stop = a.kubelet.serve(t, a.socket)
	n := &node{health: freeAddress(t), prom: freeAddress(t), control: controlFile(t)}
	n.collector = command("--config", configFile(t, attributed, n.health, n.prom, a.socket, a.jobs))
	n.Stdout = &n.out
	n.Env = simulation(t, scenario, n.control)
	a.node = n
	a.begin(t)
	return a
}

// find returns the series of a metric that have these labels.
func (n *node) find(t *testing.T, metric string, labels map[string]string) []*dto.Metric {
	t.Helper()
	status, body := get(n.prom, "/metrics")
	require.Equal(t, 200, status)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	require.NoError(t, err)
	var found []*dto.Metric
	for _, m := range families[metric].GetMetric() {
		matches := true
		for name, value := range labels {
			matches = matches && labelValue(m, name) == value
		}
		if matches {
			found = append(found, m)
		}
	}
	return found
}

func (n *node) waitOne(t *testing.T, metric string, labels map[string]string) *dto.Metric {
	t.Helper()
	var found []*dto.Metric
	eventually(t, func() bool {
		found = n.find(t, metric, labels)
		return len(found) == 1
	}, "no %s%v", metric, labels)
	return found[0]
}

func TestPodsAndJobsAreOnTheSeriesOfTheirGPUs(t *testing.T) {
	a := startAttributed(t, "h100x8")
	free := a.waitOne(t, "gpu_allocation_state", map[string]string{"gpu_allocation_state": "free", "hw_id": labelValue(a.waitOne(t, "gpu_info", map[string]string{"hw_name": "nvidia0"}), "hw_id")})
	gpu := labelValue(free, "hw_id")
	before := a.waitOne(t, "hw_energy_joules_total", map[string]string{"hw_id": gpu, "k8s_pod_name": ""}).GetCounter().GetValue()
	require.Positive(t, before)

	a.kubelet.holds("train-0", gpu)
	pod := map[string]string{"hw_id": gpu, "k8s_pod_name": "train-0", "k8s_namespace_name": "ml", "k8s_container_name": "main"}
	a.waitOne(t, "hw_power_watts", pod)
	a.waitOne(t, "gpu_allocation_time_seconds_total", pod)
	a.waitOne(t, "gpu_allocation", map[string]string{"k8s_pod_name": "train-0", "gpu_allocation_kind": "exclusive"})
	eventually(t, func() bool {
		found := a.find(t, "hw_energy_joules_total", pod)
		return len(found) == 1 && found[0].GetCounter().GetValue() > 0
	}, "the pod's energy does not grow")
	require.Less(t, a.waitOne(t, "hw_energy_joules_total", pod).GetCounter().GetValue(), before, "the pod is charged for what came before")
	eventually(t, func() bool { return len(a.find(t, "hw_power_watts", map[string]string{"k8s_pod_name": ""})) == 7 }, "the other GPUs have a holder")

	// A kubelet that is gone costs freshness alone, and is asked again when it is back.
	a.stop()
	eventually(t, func() bool { return strings.Contains(a.err.String(), "source of GPU holders fails") }, "not said")
	a.waitOne(t, "hw_power_watts", pod)
	requireStatus(t, a.health, "/healthz", 200)
	requireStatus(t, a.health, "/readyz", 200)
	a.kubelet.holds("train-1", gpu)
	a.kubelet.serve(t, a.socket)
	a.waitOne(t, "hw_power_watts", map[string]string{"hw_id": gpu, "k8s_pod_name": "train-1"})
	eventually(t, func() bool { return len(a.find(t, "hw_power_watts", pod)) == 0 }, "the pod that has ended stays on the page")
	a.collector.stop(t)
	require.NotContains(t, a.err.String(), "another node")
}

func TestPrologAndEpilogOfSlurmGiveGPUsTheirJobs(t *testing.T) {
	a := startAttributed(t, "h100x8")
	slurm := func(script, job, gpus string) {
		t.Helper()
		run := exec.Command("sh", filepath.Join(root, "docs/examples/slurm", script))
		run.Env = append(os.Environ(), "GPU_JOBS_DIRECTORY="+a.jobs, "SLURM_JOB_ID="+job, "SLURM_JOB_GPUS="+gpus,
			"SLURM_JOB_USER=alice", "SLURM_JOB_ACCOUNT=ml", "SLURM_JOB_PARTITION=h100")
		out, err := run.CombinedOutput()
		require.NoError(t, err, string(out))
		require.Empty(t, string(out))
	}
	powered := func(job string) []string {
		var names []string
		for _, m := range a.find(t, "hw_power_watts", map[string]string{"slurm_job_id": job}) {
			names = append(names, labelValue(m, "hw_name"))
		}
		slices.Sort(names)
		return names
	}
	slurm("prolog.sh", "4711", "2,3")
	eventually(t, func() bool { return slices.Equal(powered("4711"), []string{"nvidia2", "nvidia3"}) }, "the job has not its GPUs")
	a.waitOne(t, "hw_power_watts", map[string]string{
		"hw_name": "nvidia2", "slurm_job_user": "alice", "slurm_job_account": "ml", "slurm_job_partition": "h100",
	})
	slurm("prolog.sh", "4712", "3")
	eventually(t, func() bool { return slices.Equal(powered("4711"), []string{"nvidia2"}) }, "a shared GPU has one of its jobs")
	require.Len(t, a.find(t, "gpu_allocation", map[string]string{"slurm_job_id": "4712", "gpu_allocation_kind": "timeslice"}), 1)
	slurm("epilog.sh", "4711", "")
	eventually(t, func() bool { return len(powered("4711")) == 0 && slices.Equal(powered("4712"), []string{"nvidia3"}) }, "the job does not end")
	slurm("epilog.sh", "4712", "3")
	eventually(t, func() bool { return len(powered("")) == 8 }, "GPUs are not free")
	left, err := filepath.Glob(filepath.Join(a.jobs, "[^.]*"))
	require.NoError(t, err)
	require.Empty(t, left)
	a.collector.stop(t)
}

// The processor has the kubelet's socket and the job directory, and nothing else of the node.
func TestTheProcessorOpensItsSourcesAlone(t *testing.T) {
	a := startAttributed(t, "h100x8")
	a.waitOne(t, "gpu_allocation_state", map[string]string{"gpu_allocation_state": "free", "hw_id": labelValue(a.waitOne(t, "gpu_info", map[string]string{"hw_name": "nvidia0"}), "hw_id")})
	proc := fmt.Sprintf("/proc/%d", a.Process.Pid)
	fds, err := os.ReadDir(proc + "/fd")
	require.NoError(t, err)
	for _, fd := range fds {
		target, err := os.Readlink(filepath.Join(proc, "fd", fd.Name()))
		if err != nil {
			continue // It has been closed.
		}
		known := strings.HasPrefix(target, "socket:") || strings.HasPrefix(target, "anon_inode:") || strings.HasPrefix(target, "pipe:") ||
			target == "/dev/null" || strings.HasPrefix(target, "/sys/fs/cgroup/") || strings.HasPrefix(target, os.TempDir())
		require.True(t, known, "it has %s open", target)
	}
	for _, remote := range connectedTo(t, a.collector) {
		require.True(t, remote.Addr().IsLoopback(), "it is connected to %s", remote)
	}
	a.collector.stop(t)
}

// XIDs of a MIG node are mostly of GPU instances and compute instances. The pod that holds the MIG device has them, in logs and counters, and has
// none of the instance beside it or of the GPU.
func TestXIDsOfMIGDevicesAreOfThePodsThatHoldThem(t *testing.T) {
	a := startAttributed(t, "a100x4-mig")
	device := labelValue(a.waitOne(t, "gpu_memory_bandwidth_utilization_ratio", map[string]string{"hw_name": "nvidia0", "gpu_mig_gi": "2"}), "hw_id")
	require.Regexp(t, "^MIG-", device)
	a.kubelet.holdsOf("nvidia.com/mig-2g.10gb", "infer-0", device)
	a.waitOne(t, "gpu_allocation", map[string]string{"k8s_pod_name": "infer-0", "gpu_allocation_kind": "mig"})
	a.send(t, "xid gpu=0 gi=1 code=31", "xid gpu=0 ci=1 code=43 spread=1ms", "xid gpu=0 gi=2 code=31 spread=1ms", "xid gpu=0 code=63 spread=1ms")
	pods := func() map[string]string {
		of := map[string]string{}
		for _, record := range recordsIn(t, a.out.lines()) {
			if record["event"] == "gpu.xid" {
				of[record["gpu.xid.code"]+" gi="+record["gpu.mig.gi"]] = record["k8s.namespace.name"] + "/" + record["k8s.pod.name"]
			}
		}
		return of
	}
	eventually(t, func() bool { return len(pods()) == 4 }, "not all XIDs are records")
	require.Equal(t, map[string]string{"31 gi=2": "ml/infer-0", "43 gi=2": "ml/infer-0", "31 gi=3": "/", "63 gi=": "/"}, pods())
	for _, code := range []string{"31", "43"} {
		counted := a.waitOne(t, "gpu_xid_errors_total", map[string]string{"gpu_xid_code": code, "k8s_pod_name": "infer-0", "hw_id": device})
		require.InDelta(t, 1, counted.GetCounter().GetValue(), 0)
	}
	a.waitOne(t, "gpu_xid_errors_total", map[string]string{"gpu_xid_code": "31", "k8s_pod_name": "", "gpu_mig_gi": "3"})
	a.collector.stop(t)
}
