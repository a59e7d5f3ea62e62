// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
)

func someExtensions() (otelcol.Factories, error) {
	return otelcol.Factories{ExtensionModules: map[component.Type]string{
		component.MustNewType("file_storage"): "github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage v0.152.0",
		component.MustNewType("pprof"):        "github.com/open-telemetry/opentelemetry-collector-contrib/extension/pprofextension v0.152.0",
		component.MustNewType("zpages"):       "go.opentelemetry.io/collector/extension/zpagesextension v0.152.1",
		component.MustNewType("health_slo"):   repository + "extension/healthsloextension v0.1.0",
		component.MustNewType("house"):        "example.com/house/extension v1.0.0",
	}}, nil
}

func misfitsOf(t *testing.T, config string) error {
	t.Helper()
	return convert(t, misfits{someExtensions, zap.NewNop()}, config)
}

func convert(t *testing.T, m misfits, config string) error {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(config))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	return m.Convert(t.Context(), conf)
}

func TestStorageIsAStorageExtensionOfTheService(t *testing.T) {
	f := func(components, want string) {
		t.Helper()
		err := misfitsOf(t, components+`
service:
  extensions: [file_storage, file_storage/a, pprof, zpages, health_slo, house]
  pipelines:
    metrics/a: {receivers: [dcgm, other], exporters: [otlp_grpc/a, nop]}
    metrics/b: {receivers: [dcgm, dcgm/b], exporters: [otlp_grpc/a]}
    logs: {receivers: [kernel_events], exporters: [otlp_grpc/a]}
`)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.EqualError(t, err, want)
	}
	const missing, other = ` is not among "service::extensions"`, " is no storage extension"
	for _, fits := range []string{"file_storage", "file_storage/a", "file_storage / a", "house", "null", "''"} {
		f("receivers: {dcgm: {storage: "+fits+"}}", "")
		f("exporters: {otlp_grpc/a: {sending_queue: {storage: "+fits+"}}}", "")
	}
	f("receivers: {dcgm: {storage: file_storage/x}}", `receivers::dcgm: "storage": extension "file_storage/x"`+missing)
	f("receivers: {dcgm/b: {storage: redis_storage}}", `receivers::dcgm/b: "storage": extension "redis_storage"`+missing)
	f("receivers: {dcgm: {storage: pprof}}", `receivers::dcgm: "storage": extension "pprof"`+other)
	f("receivers: {kernel_events: {storage: zpages}}", `receivers::kernel_events: "storage": extension "zpages"`+other)
	f("receivers: {kernel_events: {storage: health_slo}}", `receivers::kernel_events: "storage": extension "health_slo"`+other)
	f("exporters: {otlp_grpc/a: {sending_queue: {storage: file_storage/x}}}", `exporters::otlp_grpc/a: "sending_queue::storage": extension "file_storage/x"`+missing)
	f("exporters: {otlp_grpc/a: {sending_queue: {enabled: true, storage: pprof}}}", `exporters::otlp_grpc/a: "sending_queue::storage": extension "pprof"`+other)
	f("exporters: {otlp_grpc/a: {sending_queue: {enabled: false, storage: pprof}}}", "")
	f("exporters: {otlp_grpc: {sending_queue: {storage: pprof}}}\nreceivers: {dcgm/c: {storage: pprof}}", "") // No pipeline has them.
	f("receivers: {other: {storage: {directory: /tmp}}, dcgm: null}", "")
	f("receivers: {other: {storage: pprof}}", "") // What it means there is not known.
	f("receivers: {dcgm: {storage: pprof}, dcgm/b: {storage: nowhere}}",
		`receivers::dcgm: "storage": extension "pprof"`+other+"\n"+`receivers::dcgm/b: "storage": extension "nowhere"`+missing)
}

func TestWhatABuildHasNoListOfIsLeftToTheStart(t *testing.T) {
	unlisted := misfits{func() (otelcol.Factories, error) { return otelcol.Factories{}, errors.New("broken") }, zap.NewNop()}
	require.Empty(t, unlisted.storageFault(map[string]any{"service": map[string]any{"extensions": []any{"pprof"}}}, "pprof"))
}

func TestEveryDumpHasAFileOfItsOwn(t *testing.T) {
	f := func(first, second, want string) {
		t.Helper()
		err := misfitsOf(t, `
receivers: {dcgm: {dump: {path: "`+first+`"}}, dcgm/b: {dump: {path: "`+second+`"}}, dcgm/unused: {dump: {path: /dump}}, other: {dump: {path: /dump}}}
service: {pipelines: {metrics: {receivers: [dcgm, other, dcgm/b]}, logs: {receivers: [dcgm]}}}
`)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.EqualError(t, err, `receivers::dcgm/b: "dump::path": must not share a file with receivers::dcgm, each writes to its path and to that with .1 behind it: got "`+want+`"`)
	}
	f("/dump", "/dump", "/dump")
	f("/dump", "/x/..//dump", "/x/..//dump")
	f("/dump", "/dump.1", "/dump.1")
	f("/dump.1", "/dump", "/dump")
	f("/dump", "/dump2", "")
	f("/dump", "", "")
	f("", "", "")
}

// A value of a variable is the value that the component gets.
func TestVariablesSwitchAQueueOff(t *testing.T) {
	t.Setenv("QUEUE", "false")
	_, err := execute("validate", "--config", "yaml:"+good, "--config", "yaml:exporters::nop::sending_queue: {enabled: \"${env:QUEUE}\", storage: file_storage}")
	require.NotContains(t, err.Error(), "service::extensions")
}

func TestCommandsRefuseComponentsThatDoNotFitTogether(t *testing.T) {
	for _, command := range [][]string{{"validate"}, nil} {
		_, err := execute(append(command, "--config", "yaml:"+good, "--config", "yaml:exporters::nop::sending_queue::storage: file_storage")...)
		require.ErrorContains(t, err, `exporters::nop: "sending_queue::storage": extension "file_storage" is not among "service::extensions"`)
	}
}
