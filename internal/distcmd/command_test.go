// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

const good = `
receivers: {nop: }
exporters: {nop: }
service: {pipelines: {metrics: {receivers: [nop], exporters: [nop]}}}
`

func nopSettings() otelcol.CollectorSettings {
	return otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{Command: "otelcol-tracecore", Version: "1.2.3"},
		Factories: func() (otelcol.Factories, error) {
			rcv, exp := receivertest.NewNopFactory(), exportertest.NewNopFactory()
			return otelcol.Factories{
				Receivers: map[component.Type]receiver.Factory{rcv.Type(): rcv},
				Exporters: map[component.Type]exporter.Factory{exp.Type(): exp},
				Telemetry: otelconftelemetry.NewFactory(),
			}, nil
		},
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			ProviderFactories: []confmap.ProviderFactory{envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory()},
		}},
	}
}

// execute runs the command and returns what it printed to stdout and its error.
func execute(args ...string) (string, error) {
	return run(NewCommand(nopSettings()), args...)
}

func run(cmd *cobra.Command, args ...string) (string, error) {
	cmd.SetArgs(args)
	return runWithoutArgs(cmd)
}

func runWithoutArgs(cmd *cobra.Command) (string, error) {
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	err := cmd.Execute()
	return out.String(), err
}

func TestVersionNamesRevisionGoAndSDK(t *testing.T) {
	out, err := execute("--version")
	require.NoError(t, err)
	require.Regexp(t, `^otelcol-tracecore version 1\.2\.3 \(revision unknown, `+runtime.Version()+
		`, OpenTelemetry SDK (1\.\d+\.\d+|unknown), Prometheus exporter (0\.\d+\.\d+|unknown)\)\n$`, out)
}

func TestFaultyConfigFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	fine, empty, comment := file("fine.yaml", good), file("empty.yaml", ""), file("comment.yaml", "# nothing\n")
	notYAML, list, text := file("not.yaml", "{{{"), file("list.yaml", "[1]"), file("text.yaml", "hello")
	unknown := file("unknown.yaml", good+"\nfoo: 1\n")
	missing := filepath.Join(dir, "missing.yaml")

	for _, tt := range []struct {
		name  string
		files []string
		want  string // a regular expression; empty if valid
	}{
		{"fine", []string{fine}, ``},
		{"an empty file beside a fine one", []string{fine, empty}, ``},
		{"missing", []string{missing}, `^"--config .*missing.yaml": open .*: no such file or directory$`},
		{"missing, with scheme", []string{"file:" + missing}, `^"--config file:.*missing.yaml": open .*: no such file or directory$`},
		{"directory", []string{dir}, `^"--config .*": read .*: is a directory$`},
		{"empty", []string{empty}, `^"--config .*empty.yaml": must not be empty$`},
		{"comments alone", []string{comment}, `^"--config .*comment.yaml": must not be empty$`},
		{"not YAML", []string{notYAML}, `^"--config .*not.yaml": must be YAML: yaml: line 1: did not find expected node content$`},
		{"a list", []string{list}, `^"--config .*list.yaml": must be a YAML mapping`},
		{"text", []string{text}, `^"--config .*text.yaml": must be a YAML mapping`},
		{"the second of two", []string{fine, notYAML}, `^"--config .*not.yaml": must be YAML`},
		{"another scheme is not asked again", []string{"yaml:[1]"}, `cannot be used as a Conf`},
		{"a fault in the content stays upstream's", []string{unknown, empty}, `invalid keys: foo`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"validate"}
			for _, f := range tt.files {
				args = append(args, "--config", f)
			}
			out, err := execute(args...)
			require.Empty(t, out)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Regexp(t, tt.want, err.Error())
		})
	}
}

func TestAPipeIsNotReadAgain(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	_, err = w.WriteString(strings.Replace(good, "receivers: {nop: }", "receivers: {nop: '${nope:x}'}", 1))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = execute("validate", "--config", fmt.Sprintf("/dev/fd/%d", r.Fd()))
	require.ErrorContains(t, err, `scheme "nope" is not supported`)
}

func TestFilesAreNotBlamedForOtherErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	cmd := &cobra.Command{Use: "run", SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error {
		return errors.New("receiver died")
	}}
	cmd.Flags().String("config", "", "")
	cmd.SetArgs([]string{"--config", path})
	blameConfigFile(cmd)
	require.EqualError(t, cmd.Execute(), "receiver died", "the missing file is not the cause")
}

func TestRunNamesTheFaultyConfigFileToo(t *testing.T) {
	_, err := execute("--config", filepath.Join(t.TempDir(), "missing.yaml"))
	require.ErrorContains(t, err, `missing.yaml": open`)
}

func TestMissingDependencyIsNamedByItsKey(t *testing.T) {
	upstreams := errors.New("failed to order extensions: unable to find extension basicauth on which extension health_slo depends")
	cmd := &cobra.Command{Use: "run", SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error { return upstreams }}
	cmd.SetArgs(nil)
	nameMissingDependencies(cmd)
	err := cmd.Execute()
	require.EqualError(t, err, `failed to order extensions: "service::extensions": must contain "basicauth", which the extension "health_slo" uses`)
	require.ErrorIs(t, err, upstreams)
}

// changing answers another value each time.
type changing struct {
	confmap.Provider
	asked *int
}

func (c changing) Retrieve(context.Context, string, confmap.WatcherFunc) (*confmap.Retrieved, error) {
	*c.asked++
	return confmap.NewRetrieved(*c.asked)
}

func TestSourcesAreReadAgainUntilWhatTheyAnswerIsExplained(t *testing.T) {
	m, asked := &memory{answers: map[string]answer{}}, 0
	provider := m.wrap([]confmap.ProviderFactory{
		confmap.NewProviderFactory(func(confmap.ProviderSettings) confmap.Provider { return changing{asked: &asked} }),
	})[0].Create(confmap.ProviderSettings{})
	read := func() any {
		retrieved, err := provider.Retrieve(t.Context(), "x:", nil)
		require.NoError(t, err)
		value, err := retrieved.AsRaw()
		require.NoError(t, err)
		return value
	}
	require.Equal(t, []any{1, 2}, []any{read(), read()}, "a Collector that runs")
	m.start()
	require.Equal(t, []any{2, 2}, []any{read(), read()}, "an explanation")
}

func TestConverterLogHasTheWarningsSinceItsStart(t *testing.T) {
	log := &converterLog{}
	factory := log.wrap([]confmap.ConverterFactory{
		confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter { return warner{set.Logger} }),
	})[0]
	convert := func() {
		require.NoError(t, factory.Create(confmap.ConverterSettings{}).Convert(t.Context(), confmap.NewFromStringMap(map[string]any{"later": 1})))
	}
	for range 2 {
		convert()
		log.start()
		convert()
		require.Equal(t, []string{`"later" is a later name`}, log.stop())
	}
}
