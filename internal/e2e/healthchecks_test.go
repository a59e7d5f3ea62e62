// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// healthChecks are the scripts of docs/health-checks.md.
const healthChecks = root + "/docs/examples/health-checks/"

// startJudged is a node of eight GPUs whose verdict is as new as can be.
func startJudged(t *testing.T) *node {
	t.Helper()
	n := newNode(t, "h100x8", "")
	n.Args = append(n.Args, "--set=extensions.health_slo.sample_interval=200ms", "--set=extensions.health_slo.expect.gpus=8")
	n.begin(t)
	waitVerdict(t, n.health, "", 200, "fit: 8 GPUs\n")
	return n
}

// runCheck runs a script of a folder and returns its exit code and output.
func runCheck(t *testing.T, dir, name string, env []string, args ...string) (code int, output string) {
	t.Helper()
	check := exec.Command(filepath.Join(dir, name), args...)
	check.Env = append(os.Environ(), env...)
	text, err := check.CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return check.ProcessState.ExitCode(), string(text)
}

func TestHealthCheckScriptsFollowTheVerdict(t *testing.T) {
	n := startJudged(t)
	bash, err := exec.LookPath("bash")
	require.NoError(t, err)
	withoutCurl := t.TempDir()
	require.NoError(t, os.Symlink(bash, filepath.Join(withoutCurl, "bash")))
	f := func(code int, line string, args ...string) {
		t.Helper()
		for _, env := range []string{"X=", "PATH=" + withoutCurl} {
			gotCode, got := runCheck(t, healthChecks, "gpu-verdict", []string{"GPUS_URL=http://" + n.health + "/gpus", env}, args...)
			require.Equal(t, line, strings.TrimSpace(got), env)
			require.Equal(t, code, gotCode, env)
		}
	}
	f(0, "fit: 8 GPUs")
	f(0, "fit: 8 GPUs", "--strict")

	const hot = "degraded: Simulated GPU nvidia7 is degraded: hardware thermal slowdown (CHECK_COOLING)"
	n.send(t, "throttle gpu=7 reason=hw_slowdown,hw_thermal")
	waitVerdict(t, n.health, "", 200, hot)
	f(0, hot)
	f(1, hot, "--strict")

	const lost = "unfit: Simulated GPU nvidia3 is unfit: lost (RESTART_BM); Simulated GPU nvidia7 is degraded: hardware thermal slowdown (CHECK_COOLING)"
	n.send(t, "gpu_lost gpu=3")
	waitVerdict(t, n.health, "", 503, lost)
	f(1, lost)

	n.send(t, "engine_dies")
	waitVerdict(t, n.health, "", 503, "unknown: receiver dcgm: ")
	_, body := get(n.health, "/gpus?format=text")
	f(2, strings.TrimSpace(body))

	n.stop(t)
	for _, env := range []string{"X=", "PATH=" + withoutCurl} {
		code, got := runCheck(t, healthChecks, "gpu-verdict", []string{"GPUS_URL=http://" + n.health + "/gpus", env})
		require.Equal(t, 2, code)
		require.True(t, strings.HasPrefix(got, "unknown: no verdict at http://"+n.health+"/gpus?format=text: "), got)
		require.Equal(t, 1, strings.Count(got, "\n"))
	}
}

// slurmScripts are the scripts beside a gpu-verdict with an exit code and a line of its own, and a scontrol that notes its arguments.
func slurmScripts(t *testing.T, code, state string) (dir, noted string) {
	t.Helper()
	dir = t.TempDir()
	noted = filepath.Join(dir, "noted")
	for _, name := range []string{"slurm-health-check", "slurm-prolog"} {
		path, err := filepath.Abs(healthChecks + name)
		require.NoError(t, err)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o700))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "prolog.d"), 0o700))
	require.NoError(t, os.Symlink("../slurm-prolog", filepath.Join(dir, "prolog.d/slurm-prolog")))
	for name, script := range map[string]string{
		"gpu-verdict": "echo 'unfit: GPU \"x\" $(y)'; exit " + code,
		"scontrol":    `case "$*" in *show*) echo "NodeName=n State=` + state + ` ThreadsPerCore=1";; *) printf '%s\n' "$@" >>` + noted + `;; esac`,
		"sleep":       "echo sleep >>" + noted,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	}
	return dir, noted
}

func TestSlurmScriptsDrainOnlyUnfitNodes(t *testing.T) {
	const drained = "update\nNodeName=gpu-7\nState=DRAIN\nReason=GPUs unfit: GPU \"x\" $(y)\n"
	for _, tt := range []struct {
		script, verdict, state string
		code                   int
		noted                  string
	}{
		{"slurm-health-check", "0", "IDLE", 0, ""},
		{"slurm-health-check", "1", "IDLE", 0, drained},
		{"slurm-health-check", "1", "ALLOCATED", 0, drained},
		{"slurm-health-check", "1", "IDLE+DRAIN", 0, ""},
		{"slurm-health-check", "2", "IDLE", 2, ""},
		{"slurm-prolog", "0", "IDLE", 0, ""},
		{"slurm-prolog", "1", "IDLE", 1, drained},
		{"slurm-prolog", "1", "MIXED+DRAIN", 1, ""},
		{"slurm-prolog", "2", "IDLE", 0, strings.Repeat("sleep\n", 5)},
		{"prolog.d/slurm-prolog", "1", "IDLE", 1, drained},
	} {
		dir, noted := slurmScripts(t, tt.verdict, tt.state)
		code, output := runCheck(t, dir, tt.script, []string{"SLURMD_NODENAME=gpu-7", "PATH=" + dir + ":" + os.Getenv("PATH")})
		require.Equal(t, tt.code, code, "%v: %s", tt, output)
		got, err := os.ReadFile(noted)
		if !errors.Is(err, os.ErrNotExist) {
			require.NoError(t, err)
		}
		require.Equal(t, tt.noted, string(got), "%v", tt)
	}
}

// The file has the keys that node-problem-detector reads, and no others.
func TestNodeProblemDetectorConfigurationIsComplete(t *testing.T) {
	var config struct {
		Plugin       string `json:"plugin"`
		PluginConfig struct {
			InvokeInterval string `json:"invoke_interval"`
			Timeout        string `json:"timeout"`
			MaxOutput      int    `json:"max_output_length"`
			Concurrency    int    `json:"concurrency"`
			OnMessage      bool   `json:"enable_message_change_based_condition_update"`
		} `json:"pluginConfig"`
		Source     string                                   `json:"source"`
		Metrics    bool                                     `json:"metricsReporting"`
		Conditions []struct{ Type, Reason, Message string } `json:"conditions"`
		Rules      []struct {
			Type, Condition, Reason, Path string
			Args                          []string
		} `json:"rules"`
	}
	file, err := os.Open(healthChecks + "node-problem-detector.json")
	require.NoError(t, err)
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&config))
	require.NoError(t, file.Close())
	require.Equal(t, "custom", config.Plugin)
	known := map[string]bool{}
	for _, c := range config.Conditions {
		known[c.Type] = true
	}
	for _, rule := range config.Rules {
		require.Equal(t, "permanent", rule.Type)
		require.True(t, known[rule.Condition], "a rule's condition has a default")
		require.FileExists(t, healthChecks+filepath.Base(rule.Path))
	}
	require.Len(t, config.Rules, 2)
}

// The probe asks for the Service's name, which a proxy takes to the agent here.
func TestReadinessGateFollowsTheVerdict(t *testing.T) {
	if _, err := exec.LookPath("wget"); err != nil {
		t.Skip("there is no wget")
	}
	content, err := os.ReadFile(healthChecks + "kubernetes/gpu-gate.yaml")
	require.NoError(t, err)
	var probe []string
	for line := range strings.SplitSeq(string(content), "\n") {
		if list, isProbe := strings.CutPrefix(strings.TrimSpace(line), "command: [wget"); isProbe {
			require.NoError(t, yaml.Unmarshal([]byte("[wget"+list), &probe))
		}
	}
	n := newNode(t, "h100x8", "")
	n.Args = append(n.Args, "--set=extensions.health_slo.sample_interval=200ms", "--set=extensions.health_slo.allowed_hosts=[otelcol-agent.tracecore.svc]")
	n.begin(t)
	ready := func() bool {
		gate := exec.Command(probe[0], append([]string{"--tries=1"}, probe[1:]...)...)
		gate.Env = []string{"PATH=" + os.Getenv("PATH"), "http_proxy=http://" + n.health}
		return gate.Run() == nil
	}
	eventually(t, ready, "the pod never is ready")
	n.send(t, "gpu_lost gpu=3")
	eventually(t, func() bool { return !ready() }, "the pod stays ready")
	requireStatus(t, n.health, "/readyz", 200)
	n.send(t, "gpu_restored gpu=3")
	eventually(t, ready, "the pod is not ready again")
	n.stop(t)
}

// slurm is a cluster of one node.
type slurm struct{ dir string }

// startSlurm runs Debian's Slurm, whose node asks the Collector at that address.
func startSlurm(t *testing.T, health string, settings ...string) *slurm {
	t.Helper()
	if os.Getenv("SLURM") == "" {
		t.Skip("make test-health-checks installs Slurm and runs this")
	}
	dir, err := os.MkdirTemp("", "slurm") //nolint:usetesting // The path of a socket is short.
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	s := &slurm{dir}
	checks, err := filepath.Abs(healthChecks)
	require.NoError(t, err)
	for _, name := range []string{"slurm-health-check", "slurm-prolog"} {
		script := "#!/bin/sh\nexport SLURM_CONF=" + dir + "/slurm.conf GPUS_URL=http://" + health + "/gpus\nexec " + checks + "/" + name + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700))
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	host, _, _ = strings.Cut(host, ".")
	config := strings.NewReplacer("DIR", dir, "HOST", host, "CONTROLLER", port(freeAddress(t)), "DAEMON", port(freeAddress(t))).Replace(`
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=CONTROLLER
SlurmUser=root
AuthInfo=socket=DIR/munge.sock
StateSaveLocation=DIR
SlurmdSpoolDir=DIR
SlurmctldPidFile=DIR/slurmctld.pid
SlurmdPidFile=DIR/slurmd.pid
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
ReturnToService=2
HealthCheckProgram=DIR/slurm-health-check
GresTypes=gpu
NodeName=gpu-7 NodeHostname=HOST NodeAddr=127.0.0.1 Port=DAEMON CPUs=1 Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
`) + strings.Join(settings, "\n") + "\n"
	config = strings.ReplaceAll(config, "=DIR/", "="+dir+"/")
	require.NoError(t, os.WriteFile(dir+"/slurm.conf", []byte(config), 0o644))
	require.NoError(t, os.WriteFile(dir+"/gres.conf", []byte("Name=gpu File=/dev/zero\nName=gpu File=/dev/full\n"), 0o644))
	require.NoError(t, os.WriteFile(dir+"/munge.key", []byte(strings.Repeat("0123456789abcdef", 8)), 0o400))
	s.daemon(t, "munged", "--foreground", "--force", "--key-file="+dir+"/munge.key", "--socket="+dir+"/munge.sock",
		"--pid-file="+dir+"/munge.pid", "--log-file="+dir+"/munge.log", "--seed-file="+dir+"/munge.seed")
	s.daemon(t, "slurmctld", "-D")
	s.daemon(t, "slurmd", "-D", "-N", "gpu-7")
	return s
}

// daemon runs until the test ends.
func (s *slurm) daemon(t *testing.T, path string, args ...string) {
	t.Helper()
	c := commandOf(path, args...)
	c.Env = append(os.Environ(), "SLURM_CONF="+s.dir+"/slurm.conf")
	c.Stdout = &c.out
	c.launch(t)
}

// run runs one of Slurm's commands.
func (s *slurm) run(name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Env, c.Dir = append(os.Environ(), "SLURM_CONF="+s.dir+"/slurm.conf"), s.dir
	output, err := c.CombinedOutput()
	return string(output), err
}

func (s *slurm) waitNode(t *testing.T, wants ...string) {
	t.Helper()
	eventually(t, func() bool {
		got, err := s.run("scontrol", "--oneliner", "show", "node", "gpu-7")
		for _, want := range wants {
			if !strings.Contains(got, want) {
				return false
			}
		}
		return err == nil
	}, "the node never is %v", wants)
}

func TestSlurmDrainsANodeWhoseGPUsAreUnfit(t *testing.T) {
	n := startJudged(t)
	s := startSlurm(t, n.health, "HealthCheckInterval=1")
	s.waitNode(t, "State=IDLE ")
	output, err := s.run("srun", "echo", "a job runs")
	require.NoError(t, err, output)
	require.Contains(t, output, "a job runs\n")

	n.send(t, "gpu_lost gpu=3")
	s.waitNode(t, "State=IDLE+DRAIN ", "Reason=GPUs unfit: Simulated GPU nvidia3 is unfit: lost (RESTART_BM)")
}

func TestSlurmBeginsNoJobOnANodeWhoseGPUsAreUnfit(t *testing.T) {
	n := startJudged(t)
	s := startSlurm(t, n.health, "HealthCheckInterval=0", "Prolog=DIR/slurm-prolog", "PrologFlags=Alloc")
	s.waitNode(t, "State=IDLE ")
	n.send(t, "recovery gpu=5 action=gpu_reset")
	waitVerdict(t, n.health, "", 503, "unfit: ")
	output, err := s.run("sbatch", "--wrap", "touch begun")
	require.NoError(t, err, output)
	s.waitNode(t, "+DRAIN", "Reason=GPUs unfit: Simulated GPU nvidia5 is unfit: recovery action GPU reset (RESET_GPU)")
	eventually(t, func() bool {
		jobs, _ := s.run("squeue", "--noheader", "--format=%T")
		return strings.TrimSpace(jobs) == "PENDING"
	}, "the job is not requeued")
	require.NoFileExists(t, s.dir+"/begun")
}
