// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendMetrics appends one line per data point.
func AppendMetrics(b []byte, md pmetric.Metrics) []byte {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			from := origin{rm.Resource(), sm.Scope()}
			for _, m := range sm.Metrics().All() {
				b = appendMetric(b, m, from)
			}
		}
	}
	return b
}

func appendMetric(b []byte, m pmetric.Metric, from origin) []byte {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, dp := range m.Gauge().DataPoints().All() {
			b = from.end(numberFields(start(b, m, dp), dp))
		}
	case pmetric.MetricTypeSum:
		for _, dp := range m.Sum().DataPoints().All() {
			b = from.end(numberFields(sumFields(start(b, m, dp), m.Sum()), dp))
		}
	case pmetric.MetricTypeHistogram:
		for _, dp := range m.Histogram().DataPoints().All() {
			b = temporalityField(start(b, m, dp), m.Histogram().AggregationTemporality())
			b = from.end(histogramFields(b, dp))
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, dp := range m.ExponentialHistogram().DataPoints().All() {
			b = temporalityField(start(b, m, dp), m.ExponentialHistogram().AggregationTemporality())
			b = from.end(exponentialFields(b, dp))
		}
	case pmetric.MetricTypeSummary:
		for _, dp := range m.Summary().DataPoints().All() {
			b = from.end(summaryFields(start(b, m, dp), dp))
		}
	case pmetric.MetricTypeEmpty:
	}
	return b
}

// dataPoint is what the data points of all metric types have in common.
type dataPoint interface {
	Timestamp() pcommon.Timestamp
	StartTimestamp() pcommon.Timestamp
	Attributes() pcommon.Map
	Flags() pmetric.DataPointFlags
}

var typeNames = [...]string{
	pmetric.MetricTypeEmpty:                "",
	pmetric.MetricTypeGauge:                "gauge",
	pmetric.MetricTypeSum:                  "sum",
	pmetric.MetricTypeHistogram:            "histogram",
	pmetric.MetricTypeExponentialHistogram: "exponential_histogram",
	pmetric.MetricTypeSummary:              "summary",
}

// start begins a line with what comes before the value.
func start[D dataPoint](b []byte, m pmetric.Metric, dp D) []byte {
	b = append(b, `{"signal":"metric"`...)
	b = timeField(b, `"time":`, dp.Timestamp())
	b = timeField(b, `"start_time":`, dp.StartTimestamp())
	b = stringField(b, `"name":`, m.Name())
	b = stringField(b, `"type":`, typeNames[m.Type()])
	b = stringField(b, `"unit":`, m.Unit())
	b = attributesField(b, `"attributes":`, dp.Attributes())
	if dp.Flags().NoRecordedValue() {
		b = jsontext.Key(b, `"no_recorded_value":true`)
	}
	return b
}

func sumFields(b []byte, sum pmetric.Sum) []byte {
	if sum.IsMonotonic() {
		b = jsontext.Key(b, `"monotonic":true`)
	}
	return temporalityField(b, sum.AggregationTemporality())
}

func temporalityField(b []byte, temporality pmetric.AggregationTemporality) []byte {
	switch temporality {
	case pmetric.AggregationTemporalityCumulative:
		return jsontext.Key(b, `"temporality":"cumulative"`)
	case pmetric.AggregationTemporalityDelta:
		return jsontext.Key(b, `"temporality":"delta"`)
	case pmetric.AggregationTemporalityUnspecified:
	}
	return b
}

func numberFields(b []byte, dp pmetric.NumberDataPoint) []byte {
	switch dp.ValueType() {
	case pmetric.NumberDataPointValueTypeDouble:
		b = jsontext.Float64(jsontext.Key(b, `"value":`), dp.DoubleValue())
	case pmetric.NumberDataPointValueTypeInt:
		b = jsontext.Int64(jsontext.Key(b, `"value":`), dp.IntValue())
	case pmetric.NumberDataPointValueTypeEmpty:
	}
	return jsontext.ArrayField(b, `"exemplars":`, dp.Exemplars(), appendExemplar)
}

func appendExemplar(b []byte, e pmetric.Exemplar) []byte {
	b = append(b, '{')
	b = timeField(b, `"time":`, e.Timestamp())
	switch e.ValueType() {
	case pmetric.ExemplarValueTypeDouble:
		b = jsontext.Float64(jsontext.Key(b, `"value":`), e.DoubleValue())
	case pmetric.ExemplarValueTypeInt:
		b = jsontext.Int64(jsontext.Key(b, `"value":`), e.IntValue())
	case pmetric.ExemplarValueTypeEmpty:
	}
	b = traceFields(b, e.TraceID(), e.SpanID())
	b = attributesField(b, `"attributes":`, e.FilteredAttributes())
	return append(b, '}')
}
