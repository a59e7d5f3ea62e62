// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

const root = "../../.."

func TestTheSchemaIsThatOfTheComponents(t *testing.T) {
	want, err := render(root)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "make generate writes it")
}

// compiled is the schema as editors have it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("config.schema.json", parsed))
	compiled, err := compiler.Compile("config.schema.json")
	require.NoError(t, err)
	return compiled
}

// parsed is a configuration as the Collector reads it, before references are resolved.
func parsed(t *testing.T, content []byte) any {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML(content)
	require.NoError(t, err)
	raw, err := retrieved.AsRaw()
	require.NoError(t, err)
	return withTexts(raw)
}

// withTexts makes texts of keys that are numbers, as editors do.
func withTexts(value any) any {
	switch value := value.(type) {
	case map[any]any:
		texts := map[string]any{}
		for key, of := range value {
			texts[fmt.Sprint(key)] = withTexts(of)
		}
		return texts
	case map[string]any:
		for key, of := range value {
			value[key] = withTexts(of)
		}
	case []any:
		for i, of := range value {
			value[i] = withTexts(of)
		}
	}
	return value
}

func TestExamplesAreValid(t *testing.T) {
	schema, examples := compiled(t), 0
	for _, folder := range []string{"docs/examples", "distribution/otelcol-tracecore/config", "distribution/otelcol-tracecore-node/config", "internal/e2e/testdata"} {
		paths, err := filepath.Glob(filepath.Join(root, folder, "*.yaml"))
		require.NoError(t, err)
		deeper, err := filepath.Glob(filepath.Join(root, folder, "*", "*.yaml"))
		require.NoError(t, err)
		for _, path := range append(paths, deeper...) {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			if !bytes.Contains(content, []byte("\nservice:")) {
				continue // It is for something else.
			}
			examples++
			require.NoError(t, schema.Validate(parsed(t, content)), path)
		}
	}
	require.GreaterOrEqual(t, examples, 10)
}

// refused are configurations that tests of components expect to fail for a key, or a choice.
var refused = []string{"stdout/unknown_key", "stdout/retry", "stdout/bad_format", "stdout/bad_target", "stdout/bad_on_broken_pipe", "stdout/all_bad"}

// What the tests of a component load is valid, as far as keys and types go.
func TestConfigurationsOfTestsAreValid(t *testing.T) {
	schema := compiled(t)
	for _, section := range sections {
		for _, factory := range section.factories {
			content, err := os.ReadFile(filepath.Join(root, folderOf(section.name, factory), "testdata", "config.yaml"))
			require.NoError(t, err)
			for id, config := range parsed(t, content).(map[string]any) {
				err := schema.Validate(map[string]any{section.name: map[string]any{id: config}})
				require.Equal(t, slices.Contains(refused, id), err != nil, "%s: %v", id, err)
			}
		}
	}
}

func TestWrongConfigurationsAreInvalid(t *testing.T) {
	schema := compiled(t)
	for name, tt := range map[string]struct {
		config string
		want   string // the place of the fault, "" where there is none
	}{
		"none":                        {"receivers: {clock: , clock/2: {collection_interval: 10s}, host_metrics: {any: thing}}", ""},
		"a reference":                 {"receivers: {dcgm: {max_series: '${env:MOST}', collection_interval: '${env:EVERY}'}}", ""},
		"GPUs by their numbers":       {"receivers: {dcgm: {devices: [0, GPU-1]}}", ""},
		"Google's metrics":            {"receivers: {dcgm: {metrics: {gpu.dcgm.utilization: {enabled: true}}}}", ""},
		"Google's attributes":         {"receivers: {dcgm: {resource_attributes: {gpu.number: {enabled: false}}}}", ""},
		"a section for a reference":   {"service: '${file:s.yaml}'\nreceivers: {clock: '${file:c.yaml}', dcgm: {metrics: '${file:m.yaml}', devices: '${env:D}', views: '${env:V}'}}\nextensions: '${file:e.yaml}'", ""},
		"pipelines for a reference":   {"service: {extensions: '${env:E}', pipelines: {metrics: '${file:m.yaml}', logs: {receivers: '${env:R}'}}}", ""},
		"a queue that is off":         {"exporters: {stdout: {sending_queue: {enabled: false}}}", ""},
		"a queue by items":            {"exporters: {stdout: {sending_queue: {sizer: items, batch: {sizer: '${env:S}'}}}}", ""},
		"headers as a map":            {"extensions: {health_slo: {http: {response_headers: {a: b, c: '${env:C}'}}}}", ""},
		"headers as a list":           {"extensions: {health_slo: {http: {response_headers: [{name: a, value: b}]}}}", ""},
		"the later keepalive":         {"extensions: {health_slo: {http: {keepalive: {enabled: true, idle_timeout: 1m}}}}", ""},
		"a text for a list":           {"receivers: {dcgm: {views: 'otel,dcgm_exporter', devices: all}}\nextensions: {health_slo: {allowed_hosts: '*'}}\nprocessors: {gpu_attribution: {device_metrics: x}}", ""},
		"nothing":                     {"receivers: {dcgm: {storage: , dump: , views: , stale_after: , metrics: }}\nexporters:", ""},
		"zero for a duration":         {"receivers: {dcgm: {stale_after: 0, initial_delay: 0, health_interval: 0}, clock: {jitter: 0}}", ""},
		"codes by their numbers":      {"receivers: {kernel_events: {xids: {79: {severity: info}, '43': {action: IGNORE}}}}", ""},
		"a code with a zero":          {"receivers: {dcgm: {xids: {'043': {severity: info}}}}", "receivers/dcgm/xids"},
		"code 0":                      {"receivers: {dcgm: {sxids: {0: {severity: info}}}}", "receivers/dcgm/sxids"},
		"a code of six digits":        {"receivers: {kernel_events: {xids: {100000: {meaning: m}}}}", "receivers/kernel_events/xids"},
		"an action that is none":      {"receivers: {kernel_events: {xids: {79: {action: PRAY}}}}", "receivers/kernel_events/xids/79/action"},
		"an objective with a name":    {"extensions: {health_slo: {objectives: [{name: a}]}}", "extensions/health_slo/objectives/0"},
		"an objective of no window":   {"extensions: {health_slo: {objectives: [{name: a, indicator: readiness, target: 0.9, windows: []}]}}", "extensions/health_slo/objectives/0/windows"},
		"an objective without a name": {"extensions: {health_slo: {objectives: [{name: '', indicator: readiness, target: 0.9, windows: [5m]}]}}", "extensions/health_slo/objectives/0/name"},
		"no view":                     {"receivers: {dcgm: {views: []}}", "receivers/dcgm/views"},
		"a view twice":                {"receivers: {dcgm: {views: [otel, otel]}}", "receivers/dcgm/views"},
		"views in a text, one wrong":  {"receivers: {dcgm: {views: 'otel,x'}}", "receivers/dcgm/views"},
		"no device":                   {"receivers: {dcgm: {devices: []}}", "receivers/dcgm/devices"},
		"a negative duration":         {"receivers: {dcgm: {initial_delay: -1s}}", "receivers/dcgm/initial_delay"},
		"a negative jitter":           {"receivers: {clock: {jitter: -1ms}}", "receivers/clock/jitter"},
		"no interval":                 {"receivers: {clock: {collection_interval: 0s}}", "receivers/clock/collection_interval"},
		"an interval without a value": {"receivers: {clock: {collection_interval: }}", "receivers/clock/collection_interval"},
		"a queue by what is not":      {"exporters: {stdout: {sending_queue: {sizer: x}}}", "exporters/stdout/sending_queue/sizer"},
		"an id that is none":          {"receivers: {dcgm: {storage: 1s}}", "receivers/dcgm/storage"},
		"an unknown key":              {"receivers: {dcgm: {colection_interval: 10s}}", "receivers/dcgm"},
		"an unknown key of a second":  {"receivers: {clock/2: {x: 1}}", "receivers/clock~12"},
		"an unknown metric":           {"receivers: {dcgm: {metrics: {gpu.nothing: {enabled: true}}}}", "receivers/dcgm/metrics"},
		"a number without its unit":   {"receivers: {clock: {collection_interval: 10}}", "receivers/clock/collection_interval"},
		"a duration with a bad unit":  {"receivers: {clock: {collection_interval: 10 seconds}}", "receivers/clock/collection_interval"},
		"none of the choices":         {"receivers: {kernel_events: {start_at: yesterday}}", "receivers/kernel_events/start_at"},
		"a release as a number":       {"receivers: {dcgm: {dcgm_exporter: {names: 4.9}}}", ""},
		"none of the views":           {"receivers: {dcgm: {views: [prometheus]}}", "receivers/dcgm/views"},
		"a number below its least":    {"receivers: {dcgm: {max_series: 0}}", "receivers/dcgm/max_series"},
		"a number above its most":     {"processors: {gpu_attribution: {idle: {utilization: 1.5}}}", "processors/gpu_attribution/idle/utilization"},
		"a list that is none":         {"extensions: {health_slo: {objectives: fast}}", "extensions/health_slo/objectives"},
		"a text for a number":         {"receivers: {dcgm: {max_series: many}}", "receivers/dcgm/max_series"},
		"an optional part's":          {"processors: {gpu_attribution: {jobs: {folder: /x}}}", "processors/gpu_attribution/jobs"},
		"a pipeline without a plural": {"service: {pipelines: {logs: {receiver: [clock]}}}", "service/pipelines/logs"},
	} {
		err := schema.Validate(parsed(t, []byte(tt.config)))
		if tt.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, "at '/"+tt.want, name)
	}
}
