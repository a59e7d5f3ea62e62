// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// origin is what all items of one scope have in common.
type origin struct {
	resource pcommon.Resource
	scope    pcommon.InstrumentationScope
}

// end appends the origin and ends the line.
func (o origin) end(b []byte) []byte {
	b = attributesField(b, `"resource":`, o.resource.Attributes())
	if o.scope.Name() != "" || o.scope.Version() != "" || o.scope.Attributes().Len() > 0 {
		b = append(jsontext.Key(b, `"scope":`), '{')
		b = stringField(b, `"name":`, o.scope.Name())
		b = stringField(b, `"version":`, o.scope.Version())
		b = attributesField(b, `"attributes":`, o.scope.Attributes())
		b = append(b, '}')
	}
	return append(b, '}', '\n')
}

func stringField(b []byte, key, v string) []byte {
	if v == "" {
		return b
	}
	return jsontext.String(jsontext.Key(b, key), v)
}

func timeField(b []byte, key string, ts pcommon.Timestamp) []byte {
	if ts == 0 {
		return b
	}
	return appendTime(jsontext.Key(b, key), uint64(ts))
}

// appendTime appends a time stamp as RFC 3339 in UTC with as many decimals as it needs.
func appendTime(b []byte, nanos uint64) []byte {
	t := time.Unix(int64(nanos/1e9), int64(nanos%1e9)).UTC()
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

func traceFields(b []byte, trace pcommon.TraceID, span pcommon.SpanID) []byte {
	if !trace.IsEmpty() {
		b = jsontext.Hex(jsontext.Key(b, `"trace_id":`), trace[:])
	}
	if !span.IsEmpty() {
		b = jsontext.Hex(jsontext.Key(b, `"span_id":`), span[:])
	}
	return b
}

func attributesField(b []byte, key string, attributes pcommon.Map) []byte {
	if attributes.Len() == 0 {
		return b
	}
	return appendMap(jsontext.Key(b, key), attributes)
}

func appendMap(b []byte, m pcommon.Map) []byte {
	b = append(b, '{')
	for k, v := range m.All() {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = appendValue(append(jsontext.String(b, k), ':'), v)
	}
	return append(b, '}')
}

// appendValue appends v as the JSON value closest to it: bytes as base64, an unset value as null.
func appendValue(b []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return jsontext.String(b, v.Str())
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(b, v.Bool())
	case pcommon.ValueTypeInt:
		return jsontext.Int64(b, v.Int())
	case pcommon.ValueTypeDouble:
		return jsontext.Float64(b, v.Double())
	case pcommon.ValueTypeBytes:
		return jsontext.Base64(b, v.Bytes())
	case pcommon.ValueTypeMap:
		return appendMap(b, v.Map())
	case pcommon.ValueTypeSlice:
		return appendSlice(b, v.Slice())
	case pcommon.ValueTypeEmpty:
	}
	return append(b, `null`...)
}

func appendSlice(b []byte, values pcommon.Slice) []byte {
	b = append(b, '[')
	for i := range values.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(b, values.At(i))
	}
	return append(b, ']')
}
