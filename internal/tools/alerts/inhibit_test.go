// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const alertmanagerExample = "docs/alerts/alertmanager.yaml"

func TestInhibitionsNameAlertsThatExist(t *testing.T) {
	var config struct {
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, alertmanagerExample)), &config))
	require.NotEmpty(t, config.Inhibit)
	matcher := regexp.MustCompile(`^alertname=~?"(.+)"$`)
	for _, rule := range config.Inhibit {
		for _, m := range append(rule.Source, rule.Target...) {
			if named := matcher.FindStringSubmatch(m); named != nil {
				requireAlerts(t, named[1])
			}
		}
	}
}

// requireAlerts holds each side of a flat alternation to some alert's name.
func requireAlerts(t *testing.T, expression string) {
	t.Helper()
	for side := range strings.SplitSeq(expression, "|") {
		pattern, found := regexp.MustCompile("^(?:"+side+")$"), false
		for _, r := range allRules() {
			found = found || pattern.MatchString(r.Name)
		}
		require.True(t, found, "%s: no alert is called so", side)
	}
}

type labels map[string]string

// causes are alerts that fire together, the second one muted by the first or not.
var causes = map[string]struct {
	cause, other labels
	muted        bool
}{
	"a dead agent sends no heartbeats":         {labels{"alertname": "CollectorDown"}, labels{"alertname": "HeartbeatGap"}, true},
	"of another node it says nothing":          {labels{"alertname": "CollectorDown"}, labels{"alertname": "HeartbeatGap", "instance": "gpu-8"}, false},
	"what the kernel said stays":               {labels{"alertname": "CollectorDown"}, labels{"alertname": "KernelGPUFellOffBus", "severity": "page"}, false},
	"a dead engine has old samples":            {labels{"alertname": "DCGMDisconnected"}, labels{"alertname": "DCGMSamplesStale", "severity": "ticket"}, true},
	"an XID may be why the engine is dead":     {labels{"alertname": "DCGMDisconnected"}, labels{"alertname": "GPUXidCritical", "severity": "page", "hw_id": "GPU-1"}, false},
	"all GPUs are missing":                     {labels{"alertname": "GPUMissing"}, labels{"alertname": "DCGMNoGPU", "severity": "ticket"}, true},
	"a GPU that fell off the bus is not hot":   {labels{"alertname": "GPUXidCritical", "hw_id": "GPU-1"}, labels{"alertname": "GPUThrottled", "severity": "ticket", "hw_id": "GPU-1"}, true},
	"its neighbour may be":                     {labels{"alertname": "GPUXidCritical", "hw_id": "GPU-1"}, labels{"alertname": "GPUThrottled", "severity": "ticket", "hw_id": "GPU-2"}, false},
	"in names of dcgm-exporter it is the same": {labels{"alertname": "GPUXidCritical", "UUID": "GPU-1"}, labels{"alertname": "GPUThrottled", "severity": "ticket", "UUID": "GPU-1"}, true},
	"its pages stay":                           {labels{"alertname": "GPUXidCritical", "hw_id": "GPU-1"}, labels{"alertname": "GPUNvlinkDown", "severity": "page", "hw_id": "GPU-1"}, false},
	"its node is unfit, as its page says":      {labels{"alertname": "GPUDown", "hw_id": "GPU-1"}, labels{"alertname": "GPUNodeUnfit", "severity": "ticket"}, true},
	"a link that flaps goes down":              {labels{"alertname": "KernelInfinibandFlapping", "kernel_device": "ib0"}, labels{"alertname": "KernelInfinibandLink", "severity": "ticket", "kernel_device": "ib0"}, true},
}

// TestAlertmanagerMutesWhatFollowsFromACause posts each pair to an Alertmanager with the shipped configuration, one cluster each.
func TestAlertmanagerMutesWhatFollowsFromACause(t *testing.T) {
	web := startAlertmanager(t)
	var posted []map[string]any
	for name, c := range causes {
		for _, alert := range []labels{c.cause, c.other} {
			all := labels{"instance": "gpu-7", "severity": "page", "cluster": name}
			maps.Copy(all, alert)
			posted = append(posted, map[string]any{"labels": all})
		}
	}
	body, err := json.Marshal(posted)
	require.NoError(t, err)
	response, err := http.Post(web+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	wrong := func() (wrong []string) {
		seen := mutedBy(t, web)
		for name, c := range causes {
			for alert, want := range map[string]bool{c.cause["alertname"]: false, c.other["alertname"]: c.muted} {
				if muted, is := seen[name+": "+alert]; !is || muted != want {
					wrong = append(wrong, name)
				}
			}
		}
		return wrong
	}
	for range 100 {
		if len(wrong()) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	require.Empty(t, wrong())
}

// mutedBy returns whether each alert that Alertmanager has is inhibited.
func mutedBy(t *testing.T, web string) map[string]bool {
	t.Helper()
	response, err := http.Get(web + "/api/v2/alerts")
	require.NoError(t, err)
	defer response.Body.Close() //nolint:errcheck // It was read.
	var alerts []struct {
		Labels labels
		Status struct{ InhibitedBy []string }
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&alerts))
	seen := map[string]bool{}
	for _, a := range alerts {
		seen[a.Labels["cluster"]+": "+a.Labels["alertname"]] = len(a.Status.InhibitedBy) > 0
	}
	return seen
}

// startAlertmanager skips where nobody asked for it: `make test-alerts` does.
func startAlertmanager(t *testing.T) (web string) {
	t.Helper()
	binary := os.Getenv("ALERTMANAGER")
	if binary == "" {
		t.Skip("ALERTMANAGER is not set: see make test-alerts")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	cmd := exec.Command(binary, "--config.file="+root+"/"+alertmanagerExample, "--storage.path="+t.TempDir(), "--web.listen-address="+address, "--cluster.listen-address=")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/-/ready")
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, 30*time.Second, 50*time.Millisecond)
	return "http://" + address
}

func TestAmtoolAndPromtoolAcceptTheExamples(t *testing.T) {
	promtool := promtoolBinary(t)
	const pods = "kubernetes_sd_configs: &agents\n      - role: pod\n        namespaces:\n          names: [tracecore]\n"
	inCluster := read(t, "docs/alerts/prometheus-kubernetes.yml")
	require.Contains(t, inCluster, pods)
	// Debian's has no Kubernetes in it.
	elsewhere := strings.NewReplacer(pods, "static_configs: &agents\n      - targets: [pod:1]\n", "kubernetes_sd_configs: *", "static_configs: *", "[tracecore.rules.yaml]", "[]").Replace(inCluster)
	copied := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(copied, []byte(elsewhere), 0o600))
	out, err := exec.Command(promtool, "check", "config", root+"/docs/alerts/prometheus.yml", copied).CombinedOutput()
	require.NoError(t, err, string(out))
	amtool := os.Getenv("AMTOOL")
	if amtool == "" {
		t.Skip("AMTOOL is not set: see make test-alerts")
	}
	out, err = exec.Command(amtool, "check-config", root+"/"+alertmanagerExample).CombinedOutput()
	require.NoError(t, err, string(out))
}
