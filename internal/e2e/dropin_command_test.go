// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// What the distribution adds to upstream's command line.
var additions = map[string][]string{
	"":         {"dcgm-exporter", "migrate-rules", "support-bundle"},
	"validate": {"--explain", "--format"},
}

func TestDropInFlagsAndSubcommands(t *testing.T) {
	stock(t)
	word := regexp.MustCompile(`(?m)^  (?:-\w, |    )?(--)?([a-z-]+)`)
	names := func(help string) (list []string) {
		for _, match := range word.FindAllStringSubmatch(help, -1) {
			if !strings.HasPrefix(match[2], "otelcol-") {
				list = append(list, match[1]+match[2])
			}
		}
		slices.Sort(list)
		return list
	}
	for _, command := range []string{"", "components", "validate", "featuregate", "print-config", "print-initial-config", "completion", "completion bash"} {
		t.Run(command, func(t *testing.T) {
			theirs, own := both(t, append(strings.Fields(command), "--help")...)
			require.Zero(t, theirs.code)
			require.Zero(t, own.code)
			require.Contains(t, names(theirs.stdout), "--help")
			want := append(names(theirs.stdout), additions[command]...)
			slices.Sort(want)
			require.Equal(t, want, names(own.stdout))
		})
	}
}

func TestDropInVersion(t *testing.T) {
	theirs, own := both(t, "--version")
	version := regexp.MustCompile(`^otelcol-[a-z]+ version (\d+\.\d+\.\d+)\b`)
	require.Regexp(t, version, theirs.stdout)
	require.Regexp(t, version, own.stdout)
	require.Equal(t, version.FindStringSubmatch(theirs.stdout)[1], version.FindStringSubmatch(own.stdout)[1])
}

// asStock puts the other name in place, for what is equal but for it.
func (r result) asStock() result {
	name := filepath.Base(binary)
	return result{strings.ReplaceAll(r.stdout, name, stockBinary), strings.ReplaceAll(r.stderr, name, stockBinary), r.code}
}

func TestDropInCommandsEndAsStock(t *testing.T) {
	stock(t)
	good := configFile(t, "receivers: {nop: }\nexporters: {nop: }\nservice: {pipelines: {logs: {receivers: [nop], exporters: [nop]}}}\n")
	for _, tt := range []struct {
		command string
		code    int
	}{
		{"", 1},
		{"validate", 1},
		{"print-config", 1},
		{"validate --config=" + good, 0},
		{"validate --config=" + good + " --set=service.telemetry.logs.level=debug", 0},
		{"validate --config=" + good + " --set=service.telemetry.logs.level=loud", 1},
		{"validate --config=" + good + " --set=receivers.nop.x=1", 1},
		{"validate --config=" + good + " --feature-gates=nope", 1},
		{"validate --config=" + good + " --feature-gates=-telemetry.newPipelineTelemetry,+otelcol.printInitialConfig", 0},
		{"print-config --config=" + good, 0},
		{"print-config --config=" + good + " --mode=unredacted", 0},
		{"print-config --config=" + good + " --format=json", 0},
		{"print-initial-config --config=" + good, 0},
		{"print-config --config=" + good + " --feature-gates=-otelcol.printInitialConfig", 1},
		{"featuregate", 0},
		{"featuregate telemetry.newPipelineTelemetry", 0},
		{"featuregate nope", 1},
		{"components extra", 1},
		{"nope", 1},
		{"--nope", 1},
		{"--set=x", 1},
		{"validate --config=nope:x", 1},
		{"validate --config=env:DROPIN_UNSET", 1},
		{"validate --config=https://127.0.0.1:9/x", 1},
	} {
		t.Run(tt.command, func(t *testing.T) {
			theirs, own := both(t, strings.Fields(tt.command)...)
			require.Equal(t, tt.code, theirs.code, theirs.stderr)
			require.Equal(t, theirs, own.asStock())
		})
	}
}

func TestDropInCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		own := finish(t, "", nil, "completion", shell)
		require.Zero(t, own.code, own.stderr)
		require.Contains(t, own.stdout, "otelcol-tracecore", "the program it completes")
	}
}

// listedComponent is one component as `components` prints it.
type listedComponent struct {
	Name, Module, Scheme string
	Stability            map[string]string
}

var componentKinds = []string{"receivers", "processors", "exporters", "connectors", "extensions", "providers", "converters"}

func components(t *testing.T, path string) map[string][]listedComponent {
	t.Helper()
	r := finishOf(t, path, "", nil, "components")
	require.Zero(t, r.code, r.stderr)
	var sections map[string]yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(r.stdout), &sections))
	byKind := map[string][]listedComponent{}
	for _, kind := range componentKinds {
		var list []listedComponent
		section := sections[kind]
		require.NoError(t, section.Decode(&list))
		byKind[kind] = list
	}
	return byKind
}

func TestDropInComponentsAreStockAndOurOwn(t *testing.T) {
	theirs, own := components(t, stock(t)), components(t, binary)
	var added []string
	for _, kind := range componentKinds {
		own[kind] = slices.DeleteFunc(own[kind], func(c listedComponent) bool {
			isOurs := strings.HasPrefix(c.Module, ours)
			if isOurs {
				added = append(added, kind+" "+c.Name)
			}
			return isOurs
		})
	}
	require.NotEmpty(t, theirs["receivers"])
	for _, kind := range componentKinds {
		require.ElementsMatch(t, theirs[kind], own[kind], kind)
	}
	require.ElementsMatch(t, []string{"converters ", "exporters stdout", "extensions health_slo", "processors gpu_attribution", "receivers clock", "receivers dcgm", "receivers kernel_events"}, added)
}

// The schemes of otelcol-contrib's providers, of which the ones that are missing here are in
// the table of docs/compatibility.md.
func TestDropInProviderSchemes(t *testing.T) {
	var schemes []string
	for _, provider := range components(t, binary)["providers"] {
		schemes = append(schemes, provider.Scheme)
	}
	require.Subset(t, schemes, []string{"env", "file", "http", "https", "yaml"})

	file := filepath.Join(t.TempDir(), "level")
	require.NoError(t, os.WriteFile(file, []byte("detailed"), 0o600))
	t.Setenv("DROPIN_EXPORTER", "debug")
	config := configFile(t, `
receivers: {nop: }
exporters: {debug: {verbosity: "${file:%s}", sampling_initial: "${env:DROPIN_UNSET:-7}", use_internal_logger: "${yaml:true}"}}
service: {pipelines: {logs: {receivers: [nop], exporters: ["${DROPIN_EXPORTER}"]}}}
`, file)
	theirs, own := both(t, "print-config", "--config", config)
	require.Contains(t, own.stdout, "verbosity: Detailed", own.stderr)
	require.Contains(t, own.stdout, "sampling_initial: 7")
	require.Equal(t, theirs, own.asStock())
}
