// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendMetrics appends an ExportMetricsServiceRequest.
func AppendMetrics(b []byte, md pmetric.Metrics) []byte {
	b = append(b, '{')
	b = jsontext.ArrayField(b, `"resourceMetrics":`, md.ResourceMetrics(), appendResourceMetrics)
	return append(b, '}')
}

func appendResourceMetrics(b []byte, rm pmetric.ResourceMetrics) []byte {
	b = append(b, '{')
	b = resourceField(b, rm.Resource(), nil)
	b = jsontext.ArrayField(b, `"scopeMetrics":`, rm.ScopeMetrics(), appendScopeMetrics)
	b = stringField(b, `"schemaUrl":"`, rm.SchemaUrl())
	return append(b, '}')
}

func appendScopeMetrics(b []byte, sm pmetric.ScopeMetrics) []byte {
	b = append(b, '{')
	b = scopeField(b, sm.Scope(), nil)
	b = jsontext.ArrayField(b, `"metrics":`, sm.Metrics(), appendMetric)
	b = stringField(b, `"schemaUrl":"`, sm.SchemaUrl())
	return append(b, '}')
}

func appendMetric(b []byte, m pmetric.Metric) []byte {
	b = append(b, '{')
	b = stringField(b, `"name":"`, m.Name())
	b = stringField(b, `"description":"`, m.Description())
	b = stringField(b, `"unit":"`, m.Unit())
	b = metricDataField(b, m)
	b = attributesField(b, `"metadata":`, m.Metadata(), nil)
	return append(b, '}')
}

func metricDataField(b []byte, m pmetric.Metric) []byte {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		b = append(jsontext.Key(b, `"gauge":`), '{')
		b = jsontext.ArrayField(b, `"dataPoints":`, m.Gauge().DataPoints(), appendNumberDataPoint)
	case pmetric.MetricTypeSum:
		b = append(jsontext.Key(b, `"sum":`), '{')
		b = sumFields(b, m.Sum())
	case pmetric.MetricTypeHistogram:
		b = append(jsontext.Key(b, `"histogram":`), '{')
		b = jsontext.ArrayField(b, `"dataPoints":`, m.Histogram().DataPoints(), appendHistogramDataPoint)
		b = temporalityField(b, m.Histogram().AggregationTemporality())
	case pmetric.MetricTypeExponentialHistogram:
		b = append(jsontext.Key(b, `"exponentialHistogram":`), '{')
		b = jsontext.ArrayField(b, `"dataPoints":`, m.ExponentialHistogram().DataPoints(), appendExponentialHistogramDataPoint)
		b = temporalityField(b, m.ExponentialHistogram().AggregationTemporality())
	case pmetric.MetricTypeSummary:
		b = append(jsontext.Key(b, `"summary":`), '{')
		b = jsontext.ArrayField(b, `"dataPoints":`, m.Summary().DataPoints(), appendSummaryDataPoint)
	case pmetric.MetricTypeEmpty:
		return b
	}
	return append(b, '}')
}

func sumFields(b []byte, sum pmetric.Sum) []byte {
	b = jsontext.ArrayField(b, `"dataPoints":`, sum.DataPoints(), appendNumberDataPoint)
	b = temporalityField(b, sum.AggregationTemporality())
	if sum.IsMonotonic() {
		b = jsontext.Key(b, `"isMonotonic":true`)
	}
	return b
}

func temporalityField(b []byte, temporality pmetric.AggregationTemporality) []byte {
	return int32Field(b, `"aggregationTemporality":`, int32(temporality))
}

func appendNumberDataPoint(b []byte, dp pmetric.NumberDataPoint) []byte {
	b = append(b, '{')
	b = attributesField(b, `"attributes":`, dp.Attributes(), nil)
	b = timeField(b, `"startTimeUnixNano":"`, dp.StartTimestamp())
	b = timeField(b, `"timeUnixNano":"`, dp.Timestamp())
	switch dp.ValueType() {
	case pmetric.NumberDataPointValueTypeDouble:
		b = jsontext.Float64(jsontext.Key(b, `"asDouble":`), dp.DoubleValue())
	case pmetric.NumberDataPointValueTypeInt:
		b = jsontext.QuotedInt64(jsontext.Key(b, `"asInt":`), dp.IntValue())
	case pmetric.NumberDataPointValueTypeEmpty:
	}
	b = jsontext.ArrayField(b, `"exemplars":`, dp.Exemplars(), appendExemplar)
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	return append(b, '}')
}

func appendExemplar(b []byte, e pmetric.Exemplar) []byte {
	b = append(b, '{')
	b = attributesField(b, `"filteredAttributes":`, e.FilteredAttributes(), nil)
	b = timeField(b, `"timeUnixNano":"`, e.Timestamp())
	switch e.ValueType() {
	case pmetric.ExemplarValueTypeDouble:
		b = jsontext.Float64(jsontext.Key(b, `"asDouble":`), e.DoubleValue())
	case pmetric.ExemplarValueTypeInt:
		b = jsontext.QuotedInt64(jsontext.Key(b, `"asInt":`), e.IntValue())
	case pmetric.ExemplarValueTypeEmpty:
	}
	b = traceIDField(b, e.TraceID())
	b = spanIDField(b, `"spanId":`, e.SpanID())
	return append(b, '}')
}
