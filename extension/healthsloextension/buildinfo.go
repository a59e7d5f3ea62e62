// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"runtime"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/internal/buildinfo"
)

// reportBuildInfo publishes tracecore.build.info until the returned builder is shut down.
func reportBuildInfo(set component.TelemetrySettings, build component.BuildInfo) (*metadata.TelemetryBuilder, error) {
	telemetry, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	attributes := metric.WithAttributes(
		attribute.String("command", build.Command),
		attribute.String("goversion", runtime.Version()),
		attribute.String("revision", buildinfo.Revision()),
		attribute.String("version", build.Version),
	)
	err = telemetry.RegisterBuildInfoCallback(func(_ context.Context, observer metric.Int64Observer) error {
		observer.Observe(1, attributes)
		return nil
	})
	return telemetry, err
}
