// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// shipped is what tests ask of a configuration that users are given.
type shipped struct {
	Receivers  map[string]map[string]any
	Processors map[string]struct{ Attributes actions }
	Exporters  map[string]map[string]any
	Extensions map[string]map[string]any
	Service    struct {
		Extensions []string
		Pipelines  map[string]*struct{ Receivers, Processors, Exporters []string }
	}
}

// actions are those of a resource processor.
type actions []action

type action struct{ Key, Value, Action string }

// UnmarshalYAML leaves out what another processor has under that key.
func (a *actions) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Decode((*[]action)(a))
}

// ofOtherCharts are values of charts that know no configuration of a Collector.
var ofOtherCharts = []string{"helm-dcgm-exporter.values.yaml", "helm-gpu-operator.values.yaml"}

// allShipped reads every configuration of the repository, also where the binary under test
// lacks what it needs, by its file.
func allShipped(t *testing.T) map[string]shipped {
	t.Helper()
	all := map[string]shipped{}
	for _, pattern := range []string{"distribution/*/config/*.yaml", "distribution/*/packaging/*/config.yaml", "docs/examples/*.yaml", "docs/examples/*/*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, paths, pattern)
		for _, path := range paths {
			if slices.Contains(ofOtherCharts, filepath.Base(path)) {
				continue
			}
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			var config shipped
			require.NoError(t, yaml.Unmarshal(embedded(t, content), &config), path)
			require.NotEmpty(t, config.Service.Pipelines, path)
			all[strings.TrimPrefix(path, root+"/")] = config
		}
	}
	return all
}

// embedded returns the configuration in a Kubernetes manifest, a resource of the Operator or
// values of the chart; any other file is one.
func embedded(t *testing.T, content []byte) []byte {
	t.Helper()
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var object struct {
			Data   map[string]string
			Config yaml.Node
			Spec   struct{ Config yaml.Node }
		}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return content
		}
		require.NoError(t, err)
		for _, node := range []yaml.Node{object.Config, object.Spec.Config} {
			if node.Kind == yaml.MappingNode {
				config, err := yaml.Marshal(&node)
				require.NoError(t, err)
				return config
			}
		}
		if config, ok := object.Data["config.yaml"]; ok {
			return []byte(config)
		}
	}
}

// sources returns the receivers that feed a pipeline, through connectors as well.
func (s *shipped) sources(pipeline string) []string {
	var found []string
	for _, receiver := range s.Service.Pipelines[pipeline].Receivers {
		if _, isReceiver := s.Receivers[receiver]; isReceiver {
			found = append(found, receiver)
			continue
		}
		for name, other := range s.Service.Pipelines {
			if other != nil && slices.Contains(other.Exporters, receiver) {
				found = append(found, s.sources(name)...)
			}
		}
	}
	return found
}

// interval is what a receiver's configuration says, or its default.
func (s *shipped) interval(t *testing.T, receiver string) time.Duration {
	t.Helper()
	if text, ok := s.Receivers[receiver]["collection_interval"].(string); ok {
		d, err := time.ParseDuration(text)
		require.NoError(t, err)
		return d
	}
	require.Contains(t, []string{"clock", "dcgm"}, receiver, "a receiver whose default this test knows")
	return 15 * time.Second
}

// expiration is three intervals, or one and a half where dashboards made for dcgm-exporter would count a GPU with its former holder twice.
func (s *shipped) expiration(pipeline string, interval time.Duration) time.Duration {
	views, _ := s.Receivers["dcgm"]["views"].([]any)
	if slices.Contains(views, "dcgm_exporter") && slices.Contains(s.Service.Pipelines[pipeline].Processors, "gpu_attribution") {
		return interval + interval/2
	}
	return 3 * interval
}

func TestShippedPagesForgetASeriesInTimeAndKeepItOverUpgrades(t *testing.T) {
	pages := 0
	for path, config := range allShipped(t) {
		for name, pipeline := range config.Service.Pipelines {
			if pipeline == nil || !slices.Contains(pipeline.Exporters, "prometheus") {
				continue
			}
			pages++
			var slowest time.Duration
			for _, receiver := range config.sources(name) {
				if receiver == "otlp" {
					continue // Programs have intervals of their own.
				}
				slowest = max(slowest, config.interval(t, receiver))
			}
			require.Positive(t, slowest, path)
			require.Equal(t, config.expiration(name, slowest).String(), config.Exporters["prometheus"]["metric_expiration"], path)
			require.Equal(t, true, config.Exporters["prometheus"]["without_scope_info"], "%s: series that outlive an upgrade", path)
		}
	}
	require.Equal(t, 12, pages)
}

// hostActions are how an agent has to name its host: on Kubernetes by the node, whatever a pod
// takes for its host, elsewhere where a resource names none.
var hostActions = map[bool]map[string]string{
	false: {"host.name": "insert", "host.id": "insert"},
	true:  {"host.name": "upsert", "host.id": "upsert", "k8s.node.name": "upsert"},
}

func TestShippedAgentsNameTheirHostOnEveryResource(t *testing.T) {
	agents := 0
	for path, config := range allShipped(t) {
		if _, agent := config.Receivers["clock"]; !agent {
			continue
		}
		agents++
		actions := map[string]string{}
		for _, attribute := range config.Processors["resource"].Attributes {
			require.NotEmpty(t, attribute.Value, path)
			actions[attribute.Key] = attribute.Action
		}
		require.Equal(t, hostActions[strings.Contains(path, "kubernetes")], actions, path)
		for name, pipeline := range config.Service.Pipelines {
			if pipeline != nil && !slices.Contains(pipeline.Receivers, "forward/page") {
				require.Contains(t, pipeline.Processors, "resource", "%s: %s", path, name)
			}
		}
	}
	require.Equal(t, 20, agents)
}

// forgetful are the configurations that have no folder to write to. Their heads say what a restart forgets.
var forgetful = []string{"distribution/otelcol-tracecore-node/config/agent.yaml", "distribution/otelcol-tracecore-node/config/demo.yaml"}

// readsGPUs returns all that are whole configurations with a dcgm receiver.
func readsGPUs(t *testing.T) map[string]shipped {
	t.Helper()
	all := allShipped(t)
	maps.DeleteFunc(all, func(_ string, config shipped) bool {
		_, reads := config.Receivers["dcgm"]
		return !reads
	})
	require.Len(t, slices.Collect(maps.Keys(all)), 20)
	return all
}

// requireHeadSays looks for a text in the comment that a file begins with.
func requireHeadSays(t *testing.T, path, text string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	head, _, _ := strings.Cut(string(content), "\nreceivers:")
	require.Contains(t, strings.ReplaceAll(head, "\n# ", " "), text, path)
}

// The XIDs of the last hour are part of the verdict on GPUs.
func TestShippedAgentsKeepXIDsOverARestart(t *testing.T) {
	for path, config := range readsGPUs(t) {
		if slices.Contains(forgetful, path) {
			requireHeadSays(t, path, "a restart forgets XIDs")
			continue
		}
		require.Equal(t, "file_storage", config.Receivers["dcgm"]["storage"], path)
		require.Contains(t, config.Service.Extensions, "file_storage", path)
		require.NotEmpty(t, config.Extensions["file_storage"]["directory"], path)
	}
}

// pagesAlone have no exporter that takes records. Their heads say what does.
var pagesAlone = []string{"distribution/otelcol-tracecore-node/config/agent.yaml", "distribution/otelcol-tracecore/config/default.yaml", "docs/examples/dcgm-exporter.yaml"}

func TestShippedAgentsSendEventsOfGPUs(t *testing.T) {
	for path, config := range readsGPUs(t) {
		var sources []string
		for name := range config.Service.Pipelines {
			if signal, _, _ := strings.Cut(name, "/"); signal == "logs" {
				sources = append(sources, config.sources(name)...)
			}
		}
		if slices.Contains(pagesAlone, path) {
			require.Empty(t, sources, path)
			requireHeadSays(t, path, "take a pipeline of logs")
			continue
		}
		require.Contains(t, sources, "dcgm", path)
	}
}
