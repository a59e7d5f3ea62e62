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
	b = presentField(b, `"sum":`, dp.Sum(), dp.HasSum())
	b = arrayField(b, `"bucketCounts":`, dp.BucketCounts(), jsontext.QuotedUint64)
	b = arrayField(b, `"explicitBounds":`, dp.ExplicitBounds(), jsontext.Float64)
	b = arrayField(b, `"exemplars":`, dp.Exemplars(), appendExemplar)
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	b = presentField(b, `"min":`, dp.Min(), dp.HasMin())
	b = presentField(b, `"max":`, dp.Max(), dp.HasMax())
	return append(b, '}')
}

func appendExponentialHistogramDataPoint(b []byte, dp pmetric.ExponentialHistogramDataPoint) []byte {
	b = append(b, '{')
	b = attributesField(b, `"attributes":`, dp.Attributes(), nil)
	b = timeField(b, `"startTimeUnixNano":"`, dp.StartTimestamp())
	b = timeField(b, `"timeUnixNano":"`, dp.Timestamp())
	b = uint64Field(b, `"count":"`, dp.Count())
	b = presentField(b, `"sum":`, dp.Sum(), dp.HasSum())
	b = int32Field(b, `"scale":`, dp.Scale())
	b = uint64Field(b, `"zeroCount":"`, dp.ZeroCount())
	b = bucketsField(b, `"positive":`, dp.Positive())
	b = bucketsField(b, `"negative":`, dp.Negative())
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	b = arrayField(b, `"exemplars":`, dp.Exemplars(), appendExemplar)
	b = presentField(b, `"min":`, dp.Min(), dp.HasMin())
	b = presentField(b, `"max":`, dp.Max(), dp.HasMax())
	b = float64Field(b, `"zeroThreshold":`, dp.ZeroThreshold())
	return append(b, '}')
}

// presentField appends an optional scalar, which is written when it is set, zero included.
func presentField(b []byte, key string, v float64, present bool) []byte {
	if !present {
		return b
	}
	return jsontext.Float64(jsontext.Key(b, key), v)
}

func bucketsField(b []byte, key string, buckets pmetric.ExponentialHistogramDataPointBuckets) []byte {
	b = append(jsontext.Key(b, key), '{')
	b = int32Field(b, `"offset":`, buckets.Offset())
	b = arrayField(b, `"bucketCounts":`, buckets.BucketCounts(), jsontext.QuotedUint64)
	return append(b, '}')
}

func appendSummaryDataPoint(b []byte, dp pmetric.SummaryDataPoint) []byte {
	b = append(b, '{')
	b = attributesField(b, `"attributes":`, dp.Attributes(), nil)
	b = timeField(b, `"startTimeUnixNano":"`, dp.StartTimestamp())
	b = timeField(b, `"timeUnixNano":"`, dp.Timestamp())
	b = uint64Field(b, `"count":"`, dp.Count())
	b = float64Field(b, `"sum":`, dp.Sum())
	b = arrayField(b, `"quantileValues":`, dp.QuantileValues(), appendQuantile)
	b = uint32Field(b, `"flags":`, uint32(dp.Flags()))
	return append(b, '}')
}

func appendQuantile(b []byte, q pmetric.SummaryDataPointValueAtQuantile) []byte {
	b = append(b, '{')
	b = float64Field(b, `"quantile":`, q.Quantile())
	b = float64Field(b, `"value":`, q.Value())
	return append(b, '}')
}
