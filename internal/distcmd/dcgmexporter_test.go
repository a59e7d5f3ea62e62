// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/exporterflags"
)

func TestDCGMExporterPrintsItsConfiguration(t *testing.T) {
	out, err := execute("dcgm-exporter", "-c", "1000", "--print-config")
	require.NoError(t, err)
	require.Contains(t, out, "collection_interval: 1s\n")
}

func TestLinkRunsDCGMExporter(t *testing.T) {
	for _, name := range []string{"/usr/lib/otelcol-tracecore/dcgm-exporter", "dcgm-exporter", "dcgm-exporter.exe"} {
		root := NewCommand(nopSettings())
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
