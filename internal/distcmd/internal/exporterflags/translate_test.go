// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files")

func none(string) (string, bool) { return "", false }

func environ(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range pairs {
			if key, text, _ := strings.Cut(pair, "="); key == name {
				return text, true
			}
		}
		return "", false
	}
}

func TestCommandLinesBecomeConfigurations(t *testing.T) {
	web := filepath.Join("testdata", "web-config.yaml")
	for name, c := range map[string]struct {
		args []string
		env  func(string) (string, bool)
	}{
		"none":    {nil, none},
		"chart":   {[]string{"-f", "/etc/dcgm-exporter/default-counters.csv"}, environ("DCGM_EXPORTER_KUBERNETES=true", "DCGM_EXPORTER_LISTEN=:9400", "NODE_NAME=n1")},
		"slurm":   {[]string{"-r", "localhost:5555", "--hpc-job-mapping-dir=/run/jobs", "-c", "5000"}, none},
		"web":     {[]string{"-web-config-file", web, "--web-read-timeout=20s", "-a", "[::1]:9401"}, none},
		"labels":  {[]string{"-k", "--kubernetes-enable-pod-labels", "--kubernetes-pod-label-allowlist-regex", "^app$,team", "--nvidia-resource-names", "nvidia.com/a100", "--kubernetes-enable-dra", "-o", "-rbmn"}, none},
		"details": {[]string{"-d", "g:0,2-3", "-n", "-x", "60000", "--debug", "--log-format", "json", "--dump-enabled", "--dump-directory=/var/tmp/x", "--enable-pprof", "--names", "both"}, none},
	} {
		t.Run(name, func(t *testing.T) {
			translation, err := Translate(c.args, c.env)
			require.NoError(t, err)
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(translation.YAML), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), translation.YAML)
			require.False(t, translation.Print)
		})
	}
}

func TestFlagsAreWrittenAsForDCGMExporter(t *testing.T) {
	for _, args := range [][]string{
		{"-c", "1000", "-k"}, {"--collect-interval=1000", "--kubernetes=true"}, {"-collect-interval", "1000", "-kubernetes"},
	} {
		translation, err := Translate(append(args, "--"+PrintConfig), none)
		require.NoError(t, err)
		require.True(t, translation.Print)
		require.Contains(t, translation.YAML, "collection_interval: 1s\n")
		require.Contains(t, translation.YAML, "gpu_attribution:\n")
	}
	translation, err := Translate([]string{"-c", "1000"}, environ("DCGM_EXPORTER_INTERVAL=2000"))
	require.NoError(t, err)
	require.Contains(t, translation.YAML, "collection_interval: 1s\n")
	_, err = Translate([]string{"--help"}, none)
	require.ErrorIs(t, err, ErrHelp)
}

func TestFlagsWithoutCounterpartAreRefusedByName(t *testing.T) {
	refused := 0
	for _, f := range Flags {
		if f.Instead == "" {
			continue
		}
		var with []string
		if f.without != "" {
			with = []string{"--" + f.without}
		}
		text := map[kind]string{text: "x", toggle: "true"}[f.kind]
		_, err := Translate(append(with, "--"+f.Name+"="+text), none)
		require.ErrorContains(t, err, fmt.Sprintf("%q: is not supported: %s", "--"+f.Name, f.Instead))
		_, err = Translate(with, environ(f.Env+"="+text))
		require.ErrorContains(t, err, fmt.Sprintf("%q: is not supported: %s", f.Env, f.Instead))
		refused++
		if with == nil {
			continue
		}
		_, err = Translate([]string{"--" + f.Name + "=" + text}, none)
		require.NoError(t, err, "%s has no effect without %s, for dcgm-exporter as well", f.Name, f.without)
	}
	require.Equal(t, 9, refused)
}

func TestHostIsNamedAsByDCGMExporter(t *testing.T) {
	for _, c := range []struct{ endpoint, node, want string }{
		{"", "", ""},
		{"", "n1", "n1"},
		{"gpu7:5555", "n1", "n1"},
		{"gpu7:5555", "", "gpu7"},
		{"tcp://gpu7:5555", "", "gpu7"},
		{"gpu7", "", "gpu7"},
		{"localhost", "", ""},
		{"10.0.0.7:5555", "", "10.0.0.7"},
		{"localhost:5555", "", ""},
		{"127.0.0.1:5555", "", ""},
		{"[::1]:5555", "", ""},
		{"[::1]", "", ""},
		{"tcp://gpu7", "", "gpu7"},
		{"gpu7:", "", "gpu7"},
		{"unix:///run/dcgm.sock", "", ""},
		{"vsock://3:5555", "", ""},
	} {
		var args []string
		if c.endpoint != "" {
			args = []string{"-r", c.endpoint}
		}
		translation, err := Translate(args, environ("NODE_NAME="+c.node))
		require.NoError(t, err)
		require.Equal(t, c.want, translation.Hostname, c.endpoint)
	}
}

func TestCountersFilesThatExistAreTaken(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/dcgm-exporter/default-counters.csv": "default", "/etc/dcgm-exporter/dcp-metrics-included.csv": dcpCounters, "/etc/dcgm-exporter/1.x-compatibility-metrics.csv": oldCounters, "DCGM_FI_DEV_GPU_TEMP, gauge, t": "DCGM_FI_DEV_GPU_TEMP, gauge, t", "testdata/web.yaml": "testdata/web.yaml",
	} {
		translation, err := Translate([]string{"-f", path}, none)
		require.NoError(t, err)
		var tree struct {
			Receivers struct {
				DCGM struct {
					Exporter struct {
						Counters string `yaml:"counters"`
					} `yaml:"dcgm_exporter"`
				} `yaml:"dcgm"`
			} `yaml:"receivers"`
		}
		require.NoError(t, yaml.Unmarshal([]byte(translation.YAML), &tree))
		require.Equal(t, want, tree.Receivers.DCGM.Exporter.Counters)
	}
}

func TestEveryFlagIsDocumented(t *testing.T) {
	var table strings.Builder
	table.WriteString("| flag | variable | becomes |\n| --- | --- | --- |\n")
	for _, f := range Flags {
		require.NotEqual(t, f.Becomes == "", f.Instead == "", f.Name)
		becomes := f.Becomes
		if f.Instead != "" {
			becomes = "refused: " + f.Refused()
		}
		env := "none"
		if f.Env != "" {
			env = "`" + f.Env + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", f.Usage(), env, becomes)
	}
	const begin, end = "<!-- generated flags of dcgm-exporter -->\n", "<!-- end generated flags of dcgm-exporter -->\n"
	const page = "../../../../docs/cli.md"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	got, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+table.String()+end+after), 0o600))
		return
	}
	require.Equal(t, table.String(), got, "run go test -run Documented ./internal/exporterflags -update in internal/distcmd")
}
