// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// The field functions write nothing for the zero value, as proto3 does for fields without presence.

// The keys of strings and of 64-bit integers include the opening quote of the value.

func stringField(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	return append(jsontext.Text(jsontext.Key(b, key), v), '"')
}

func uint64Field(b []byte, key string, v uint64) []byte {
	if v == 0 {
		return b
	}
	return append(jsontext.Uint64(jsontext.Key(b, key), v), '"')
}

func int64Field(b []byte, key string, v int64) []byte {
	if v == 0 {
		return b
	}
	return append(jsontext.Int64(jsontext.Key(b, key), v), '"')
}

func uint32Field(b []byte, key string, v uint32) []byte {
	if v == 0 {
		return b
	}
	return jsontext.Uint32(jsontext.Key(b, key), v)
}

func int32Field(b []byte, key string, v int32) []byte {
	if v == 0 {
		return b
	}
	return jsontext.Int32(jsontext.Key(b, key), v)
}

func float64Field(b []byte, key string, v float64) []byte {
	if v == 0 {
		return b
	}
	return jsontext.Float64(jsontext.Key(b, key), v)
}

func timeField(b []byte, key string, v pcommon.Timestamp) []byte {
	return uint64Field(b, key, uint64(v))
}

func traceIDField(b []byte, id pcommon.TraceID) []byte {
	if id.IsEmpty() {
		return b
	}
	return jsontext.Hex(jsontext.Key(b, `"traceId":`), id[:])
}

func spanIDField(b []byte, key string, id pcommon.SpanID) []byte {
	if id.IsEmpty() {
		return b
	}
	return jsontext.Hex(jsontext.Key(b, key), id[:])
}
