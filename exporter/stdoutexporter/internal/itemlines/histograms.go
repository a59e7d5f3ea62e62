// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// statistics is what both kinds of histogram know besides their buckets.
type statistics interface {
	Count() uint64
	Sum() float64
	HasSum() bool
	Min() float64
	HasMin() bool
	Max() float64
	HasMax() bool
	Exemplars() pmetric.ExemplarSlice
}

func statisticsFields[S statistics](b []byte, s S) []byte {
	b = jsontext.Uint64(jsontext.Key(b, `"count":`), s.Count())
	b = jsontext.OptionalFloat64Field(b, `"sum":`, s.Sum(), s.HasSum())
	b = jsontext.OptionalFloat64Field(b, `"min":`, s.Min(), s.HasMin())
	b = jsontext.OptionalFloat64Field(b, `"max":`, s.Max(), s.HasMax())
	return jsontext.ArrayField(b, `"exemplars":`, s.Exemplars(), appendExemplar)
}

func histogramFields(b []byte, dp pmetric.HistogramDataPoint) []byte {
	b = statisticsFields(b, dp)
	b = jsontext.ArrayField(b, `"bounds":`, dp.ExplicitBounds(), jsontext.Float64)
	return jsontext.ArrayField(b, `"bucket_counts":`, dp.BucketCounts(), jsontext.Uint64)
}

func exponentialFields(b []byte, dp pmetric.ExponentialHistogramDataPoint) []byte {
	b = statisticsFields(b, dp)
	b = jsontext.Int32(jsontext.Key(b, `"scale":`), dp.Scale())
	b = jsontext.Uint64(jsontext.Key(b, `"zero_count":`), dp.ZeroCount())
	b = jsontext.OptionalFloat64Field(b, `"zero_threshold":`, dp.ZeroThreshold(), dp.ZeroThreshold() != 0)
	b = bucketsField(b, `"positive":`, dp.Positive())
	return bucketsField(b, `"negative":`, dp.Negative())
}

func bucketsField(b []byte, key string, buckets pmetric.ExponentialHistogramDataPointBuckets) []byte {
	if buckets.BucketCounts().Len() == 0 {
		return b
	}
	b = append(jsontext.Key(b, key), '{')
	b = jsontext.Int32(jsontext.Key(b, `"offset":`), buckets.Offset())
	b = jsontext.ArrayField(b, `"bucket_counts":`, buckets.BucketCounts(), jsontext.Uint64)
	return append(b, '}')
}

func summaryFields(b []byte, dp pmetric.SummaryDataPoint) []byte {
	b = jsontext.Uint64(jsontext.Key(b, `"count":`), dp.Count())
	b = jsontext.Float64(jsontext.Key(b, `"sum":`), dp.Sum())
	return jsontext.ArrayField(b, `"quantiles":`, dp.QuantileValues(), appendQuantile)
}

func appendQuantile(b []byte, q pmetric.SummaryDataPointValueAtQuantile) []byte {
	b = jsontext.Float64(append(b, `{"quantile":`...), q.Quantile())
	b = jsontext.Float64(append(b, `,"value":`...), q.Value())
	return append(b, '}')
}
