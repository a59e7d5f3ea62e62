// SPDX-License-Identifier: Apache-2.0

package selftelemetry

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/tracecoreai/tracecore/internal/selftelemetry/internal/metadatatest"
)

func TestExporterReportsThroughTheMeterProvider(t *testing.T) {
	tel := componenttest.NewTelemetry()
	e := NewExporter(tel.NewTelemetrySettings(), dcgmID)
	e.IncCallSuccess()
	e.IncCallSuccess()
	e.IncCallFailure(KindDownstream)
	require.EqualValues(t, 2, e.Successes())
	require.EqualValues(t, 1, e.Failures())
	metadatatest.AssertEqualExporterCallsTotal(t, tel, []metricdata.DataPoint[int64]{
		{Attributes: idSet(attribute.String("result", "success")), Value: 2},
		{Attributes: idSet(attribute.String("result", "failure"), attribute.String("kind", "downstream")), Value: 1},
	}, metricdatatest.IgnoreTimestamp())
}
