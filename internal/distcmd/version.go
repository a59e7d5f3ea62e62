// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"fmt"
	"runtime"
	"strings"

	"go.opentelemetry.io/collector/component"

	"github.com/tracecoreai/tracecore/internal/buildinfo"
)

// Modules whose versions decide the names and semantics of the Collector's own metrics.
const (
	sdkModule                = "go.opentelemetry.io/otel/sdk"
	prometheusExporterModule = "go.opentelemetry.io/otel/exporters/prometheus"
)

// versionText follows the name of the binary in the output of --version.
func versionText(version string) string {
	return fmt.Sprintf("%s (revision %s, %s, OpenTelemetry SDK %s, Prometheus exporter %s)",
		version, buildinfo.Revision(), runtime.Version(), versionOf(sdkModule), versionOf(prometheusExporterModule))
}

func versionOf(module string) string {
	return strings.TrimPrefix(buildinfo.Dependency(module), "v")
}

// versions are what a support bundle says of the build.
type versions struct {
	Binary             string `json:"binary"`
	Version            string `json:"version"`
	Revision           string `json:"revision"`
	Go                 string `json:"go"`
	OS                 string `json:"os"`
	Arch               string `json:"arch"`
	DCGM               string `json:"dcgm"`
	SDK                string `json:"opentelemetry_sdk"`
	PrometheusExporter string `json:"prometheus_exporter"`
}

func versionsOf(info component.BuildInfo) versions {
	return versions{
		Binary: info.Command, Version: info.Version, Revision: buildinfo.Revision(),
		Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		DCGM: dcgmVariant, SDK: versionOf(sdkModule), PrometheusExporter: versionOf(prometheusExporterModule),
	}
}
