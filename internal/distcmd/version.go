// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"fmt"
	"runtime"
	"strings"

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
