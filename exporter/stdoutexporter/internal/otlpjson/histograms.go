// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

func appendHistogramDataPoint(b []byte, dp pmetric.HistogramDataPoint) []byte {
	b = append(b, '{')
	b = attributesField(b, `"attributes":`, dp.Attributes(), nil)
	b = timeField(b, `"startTimeUnixNano":"`, dp.StartTimestamp())
	b = timeField(b, `"timeUnixNano":"`, dp.Timestamp())
	b = uint64Field(b, `"count":"`, dp.Count())
	b = jsontext.OptionalFloat64Field(b, `"sum":`, dp.Sum(), dp.HasSum())
	b = jsontext.ArrayField(b, `"bucketCounts":`, dp.BucketCounts(), jsontext.QuotedUint64)
	b = jsontext.ArrayField(b, `"explicitBounds":`, dp.ExplicitBounds(), jsontext.Float64)
	b = jsontext.ArrayField(b, `"exemplars":`, dp.Exemplars(), appendExemplar)
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	b = jsontext.OptionalFloat64Field(b, `"min":`, dp.Min(), dp.HasMin())
	b = jsontext.OptionalFloat64Field(b, `"max":`, dp.Max(), dp.HasMax())
	return append(b, '}')
}

func appendExponentialHistogramDataPoint(b []byte, dp pmetric.ExponentialHistogramDataPoint) []byte {
	b = append(b, '{')
	b = attributesField(b, `"attributes":`, dp.Attributes(), nil)
	b = timeField(b, `"startTimeUnixNano":"`, dp.StartTimestamp())
	b = timeField(b, `"timeUnixNano":"`, dp.Timestamp())
	b = uint64Field(b, `"count":"`, dp.Count())
	b = jsontext.OptionalFloat64Field(b, `"sum":`, dp.Sum(), dp.HasSum())
	b = int32Field(b, `"scale":`, dp.Scale())
	b = uint64Field(b, `"zeroCount":"`, dp.ZeroCount())
	b = bucketsField(b, `"positive":`, dp.Positive())
	b = bucketsField(b, `"negative":`, dp.Negative())
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	b = jsontext.ArrayField(b, `"exemplars":`, dp.Exemplars(), appendExemplar)
	b = jsontext.OptionalFloat64Field(b, `"min":`, dp.Min(), dp.HasMin())
	b = jsontext.OptionalFloat64Field(b, `"max":`, dp.Max(), dp.HasMax())
	b = float64Field(b, `"zeroThreshold":`, dp.ZeroThreshold())
	return append(b, '}')
}

func bucketsField(b []byte, key string, buckets pmetric.ExponentialHistogramDataPointBuckets) []byte {
	b = append(jsontext.Key(b, key), '{')
	b = int32Field(b, `"offset":`, buckets.Offset())
	b = jsontext.ArrayField(b, `"bucketCounts":`, buckets.BucketCounts(), jsontext.QuotedUint64)
	return append(b, '}')
}

func appendSummaryDataPoint(b []byte, dp pmetric.SummaryDataPoint) []byte {
	b = append(b, '{')
	b = attributesField(b, `"attributes":`, dp.Attributes(), nil)
	b = timeField(b, `"startTimeUnixNano":"`, dp.StartTimestamp())
	b = timeField(b, `"timeUnixNano":"`, dp.Timestamp())
	b = uint64Field(b, `"count":"`, dp.Count())
	b = float64Field(b, `"sum":`, dp.Sum())
	b = jsontext.ArrayField(b, `"quantileValues":`, dp.QuantileValues(), appendQuantile)
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	return append(b, '}')
}

func appendQuantile(b []byte, q pmetric.SummaryDataPointValueAtQuantile) []byte {
	b = append(b, '{')
	b = float64Field(b, `"quantile":`, q.Quantile())
	b = float64Field(b, `"value":`, q.Value())
	return append(b, '}')
}
