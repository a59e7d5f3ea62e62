// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// trial is an example that runs on a simulated node: as its head says, on other addresses.
type trial struct {
	*collector
	example
	page, health string
}

// patternMatches takes a name, or a prefix with * behind.
func patternMatches(pattern, name string) bool {
	prefix, isPrefix := strings.CutSuffix(pattern, "*")
	return name == pattern || isPrefix && strings.HasPrefix(name, prefix)
}

// requireEmits waits for the names that the head lists, and requires that there is no other one.
func requireEmits(t *testing.T, patterns []string, names func() []string) {
	t.Helper()
	for _, pattern := range patterns {
		eventually(t, func() bool {
			return slices.ContainsFunc(names(), func(name string) bool { return patternMatches(pattern, name) })
		}, "there is no %s", pattern)
	}
	for _, name := range names() {
		require.True(t, slices.ContainsFunc(patterns, func(pattern string) bool { return patternMatches(pattern, name) }), "%s is not in the head", name)
	}
}

// try starts an example. Settings come last, over those of the file.
func try(t *testing.T, e example, env []string, settings ...string) *trial {
	t.Helper()
	if strings.HasSuffix(binary, "-static") {
		t.Skip("the static flavour has no DCGM")
	}
	if e.Flavour == "full" {
		requireFull(t)
	}
	words := strings.Fields(e.Run)
	for i, word := range words {
		if strings.HasPrefix(word, "docs/examples/") {
			words[i] = filepath.Join(root, word)
		}
	}
	x := &trial{collector: command(append(words[1:], settings...)...), example: e, page: freeAddress(t), health: freeAddress(t)}
	x.Stdout = &x.out
	x.Env = append(simulation(t, "h100x8", controlFile(t)), "AGENT_HEALTH="+x.health, "AGENT_PAGE="+x.page, "DCGM_EXPORTER_LISTEN="+x.page,
		"AGENT_GRPC="+freeAddress(t), "AGENT_HTTP="+freeAddress(t), "AGENT_QUEUE="+t.TempDir(), "AGENT_ARCHIVE="+filepath.Join(t.TempDir(), "archive.jsonl"),
		"AGENT_HEALTH_CHECK="+freeAddress(t), "SCRAPED="+freeAddress(t))
	x.Env = append(x.Env, env...)
	x.launch(t)
	if !e.apart() { // That test waits with a certificate.
		waitStatus(t, x.health, "/readyz", 200)
	}
	return x
}

var seriesOfPage = regexp.MustCompile(`(?m)^(\w+)\{?[^\n]*`)

// families returns the names of all series on the page, once for each.
func (x *trial) families() (names []string) {
	_, body := get(x.page, "/metrics")
	return namesOf(body)
}

func namesOf(body string) (names []string) {
	for _, series := range seriesOfPage.FindAllStringSubmatch(body, -1) {
		names = append(names, series[1])
	}
	return names
}

// ofGPUs counts the series of GPUs and NVSwitches on the page.
func (x *trial) ofGPUs() int {
	_, body := get(x.page, "/metrics")
	return strings.Count(body, `hw_id="`)
}

// more is what single examples need to show what they are for.
func more(t *testing.T, name string) (env, settings []string) {
	t.Helper()
	switch name {
	case "agent-slurm.yaml":
		jobs := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(jobs, "0"), []byte("4711\n"), 0o600))
		env = append(env, "GPU_JOBS_DIRECTORY="+jobs)
	case "agent-kernel-events.yaml":
		log := &kernelLog{path: filepath.Join(t.TempDir(), "kmsg")}
		log.write(t, "Linux version 6.8.0", kernelXID(79))
		return nil, []string{"--set=receivers.kernel_events.path=" + log.path}
	}
	// The first check of health is soon.
	return env, []string{"--set=receivers.dcgm.health_interval=30s"}
}

// apart is whether a test of its own runs the example.
func (e *example) apart() bool { return strings.HasPrefix(e.name, "mtls/") }

// Examples that serve a page serve all series that their heads list, and no others.
func TestExamplesServeTheSeriesOfTheirHeads(t *testing.T) {
	for _, e := range examples(t) {
		if len(e.Prometheus) == 0 || e.apart() {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			env, settings := more(t, e.name)
			x := try(t, e, env, settings...)
			requireEmits(t, e.Prometheus, x.families)
			if e.Series > 0 {
				eventually(t, func() bool { return x.ofGPUs() == e.Series }, "never %d series of GPUs", e.Series)
			}
			x.stop(t)
		})
	}
}

// partners are what stands at the other end of an example.
var partners = map[string]string{
	"full/agent-kafka.yaml":   "full/gateway-kafka.yaml",
	"full/gateway-kafka.yaml": "full/agent-kafka.yaml",
	"gateway-otlp.yaml":       "agent-otlp.yaml",
}

// Examples that send OTLP send all metrics that their heads list, and no others. Agents send them through a gateway, which is an example
// as well, and gateways get them from an agent.
func TestExamplesSendTheMetricsOfTheirHeads(t *testing.T) {
	for _, e := range examples(t) {
		if len(e.OTLP) == 0 || e.apart() {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			agent, gateway := e.name, cmp.Or(partners[e.name], "gateway-otlp.yaml")
			if strings.HasPrefix(filepath.Base(e.name), "gateway-") {
				agent, gateway = gateway, agent
			}
			to, address := newFleetSink(t), lastingAddress(t)
			env, settings := more(t, agent)
			env = append(env, "GATEWAY="+address, "GATEWAY_GRPC="+address, "GATEWAY_1="+address, "GATEWAY_2="+address, "BACKEND="+to.URL, "VENDOR_ENDPOINT="+to.URL, "VENDOR_TOKEN=secret")
			if strings.Contains(agent, "kafka") {
				requireFull(t)
				env = append(env, "KAFKA="+startKafka(t))
			}
			newSide(t, gateway, "GATEWAY", env...).start(t)
			x := try(t, readHead(t, examplesFolder+agent), env, settings...)
			requireEmits(t, e.OTLP, to.metrics)
			if e.Series > 0 {
				eventually(t, func() bool { return to.ofGPUs() == e.Series }, "never %d series of GPUs", e.Series)
			}
			x.stop(t)
		})
	}
}
