// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/exporterflags"
)

// anyConfig takes every configuration but one interval.
type anyConfig struct{}

func (*anyConfig) Unmarshal(conf *confmap.Conf) error {
	if interval := conf.Get("collection_interval"); interval == "777ms" {
		return errors.New("collection_interval is odd")
	}
	return nil
}

// idle is a component that does nothing.
type idle struct {
	component.StartFunc
	component.ShutdownFunc
	consumer.Metrics
}

// exporterSettings are those of a build with stand-ins for what the command's configuration has.
func exporterSettings() otelcol.CollectorSettings {
	set := nopSettings()
	set.Factories = func() (otelcol.Factories, error) {
		config := func() component.Config { return &anyConfig{} }
		dcgm, prometheus, health := component.MustNewType("dcgm"), component.MustNewType("prometheus"), component.MustNewType("health_slo")
		createHealth := func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return &idle{}, nil
		}
		receive := func(context.Context, receiver.Settings, component.Config, consumer.Metrics) (receiver.Metrics, error) {
			return &idle{}, nil
		}
		export := func(context.Context, exporter.Settings, component.Config) (exporter.Metrics, error) {
			metrics, err := consumer.NewMetrics(func(context.Context, pmetric.Metrics) error { return nil })
			return &idle{Metrics: metrics}, err
		}
		return otelcol.Factories{
			Receivers:  map[component.Type]receiver.Factory{dcgm: receiver.NewFactory(dcgm, config, receiver.WithMetrics(receive, component.StabilityLevelAlpha))},
			Exporters:  map[component.Type]exporter.Factory{prometheus: exporter.NewFactory(prometheus, config, exporter.WithMetrics(export, component.StabilityLevelAlpha))},
			Extensions: map[component.Type]extension.Factory{health: extension.NewFactory(health, config, createHealth, component.StabilityLevelAlpha)},
			Telemetry:  otelconftelemetry.NewFactory(),
		}, nil
	}
	return set
}

func TestDCGMExporterPrintsItsConfiguration(t *testing.T) {
	out, err := run(NewCommand(exporterSettings()), "dcgm-exporter", "-c", "1000", "--print-config")
	require.NoError(t, err)
	require.Contains(t, out, "collection_interval: 1s\n")
}

// What is printed is what would run.
func TestDCGMExporterPrintsNoConfigurationThatIsWrong(t *testing.T) {
	out, err := run(NewCommand(exporterSettings()), "dcgm-exporter", "-c", "777", "--print-config")
	require.ErrorContains(t, err, "collection_interval is odd")
	require.Empty(t, out)
	out, err = run(NewCommand(exporterSettings()), "dcgm-exporter", "-k", "--print-config")
	require.ErrorContains(t, err, `unknown type: "gpu_attribution"`)
	require.Empty(t, out)
}

func TestDCGMExporterPrintsItsVersion(t *testing.T) {
	for _, flag := range []string{"-v", "--version"} {
		out, err := execute("dcgm-exporter", flag)
		require.NoError(t, err)
		require.Contains(t, out, "otelcol-tracecore version 1.2.3")
	}
}

func TestLinkRunsDCGMExporter(t *testing.T) {
	for _, name := range []string{"/usr/lib/otelcol-tracecore/dcgm-exporter", "dcgm-exporter", "dcgm-exporter.exe"} {
		root := NewCommand(exporterSettings())
		for _, args := range [][]string{{name, "--print-config"}, {name, "dcgm-exporter", "--print-config"}} {
			runAsDCGMExporter(root, args)
			out, err := runWithoutArgs(root)
			require.NoError(t, err)
			require.Contains(t, out, "dcgm_exporter:\n", name)
		}
	}
	root := NewCommand(nopSettings())
	root.SetArgs([]string{"--version"})
	runAsDCGMExporter(root, []string{"/usr/bin/otelcol-tracecore", "--print-config"})
	out, err := runWithoutArgs(root)
	require.NoError(t, err)
	require.Contains(t, out, "otelcol-tracecore version")
}

func TestDCGMExporterListsItsFlags(t *testing.T) {
	out, err := execute("dcgm-exporter", "--help")
	require.NoError(t, err)
	for _, f := range exporterflags.Flags {
		require.Contains(t, out, "  "+f.Usage()+" ")
	}
	require.Contains(t, out, "not supported: mount the ConfigMap")
	require.Contains(t, out, " dcgm-exporter [flags of dcgm-exporter]\n\n")
}

// The build has no dcgm receiver, so the configuration arrives and is refused.
func TestDCGMExporterRunsItsConfiguration(t *testing.T) {
	t.Setenv("NODE_NAME", "n1")
	t.Setenv("HOST_NAME", "mine")
	_, err := execute("dcgm-exporter", "-r", "localhost:5555")
	require.ErrorContains(t, err, `unknown type: "dcgm"`)
	_, err = execute("dcgm-exporter", "--fake-gpus")
	require.ErrorContains(t, err, `"--fake-gpus": is not supported`)
}
