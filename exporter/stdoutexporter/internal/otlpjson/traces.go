// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendTraces appends an ExportTraceServiceRequest.
func AppendTraces(b []byte, td ptrace.Traces) []byte {
	b = append(b, '{')
	b = jsontext.ArrayField(b, `"resourceSpans":`, td.ResourceSpans(), appendResourceSpans)
	return append(b, '}')
}

func appendResourceSpans(b []byte, rs ptrace.ResourceSpans) []byte {
	b = append(b, '{')
	b = resourceField(b, rs.Resource(), nil)
	b = jsontext.ArrayField(b, `"scopeSpans":`, rs.ScopeSpans(), appendScopeSpans)
	b = stringField(b, `"schemaUrl":"`, rs.SchemaUrl())
	return append(b, '}')
}

func appendScopeSpans(b []byte, ss ptrace.ScopeSpans) []byte {
	b = append(b, '{')
	b = scopeField(b, ss.Scope(), nil)
	b = jsontext.ArrayField(b, `"spans":`, ss.Spans(), appendSpan)
	b = stringField(b, `"schemaUrl":"`, ss.SchemaUrl())
	return append(b, '}')
}

func appendSpan(b []byte, span ptrace.Span) []byte {
	b = append(b, '{')
	b = traceIDField(b, span.TraceID())
	b = spanIDField(b, `"spanId":`, span.SpanID())
	b = stringField(b, `"traceState":"`, span.TraceState().AsRaw())
	b = spanIDField(b, `"parentSpanId":`, span.ParentSpanID())
	b = uint32Field(b, `"flags":`, span.Flags())
	b = stringField(b, `"name":"`, span.Name())
	b = int32Field(b, `"kind":`, int32(span.Kind()))
	b = timeField(b, `"startTimeUnixNano":"`, span.StartTimestamp())
	b = timeField(b, `"endTimeUnixNano":"`, span.EndTimestamp())
	b = attributesField(b, `"attributes":`, span.Attributes(), nil)
	b = uint32Field(b, `"droppedAttributesCount":`, span.DroppedAttributesCount())
	b = jsontext.ArrayField(b, `"events":`, span.Events(), appendSpanEvent)
	b = uint32Field(b, `"droppedEventsCount":`, span.DroppedEventsCount())
	b = jsontext.ArrayField(b, `"links":`, span.Links(), appendSpanLink)
	b = uint32Field(b, `"droppedLinksCount":`, span.DroppedLinksCount())
	b = statusField(b, span.Status())
	return append(b, '}')
}

func appendSpanEvent(b []byte, event ptrace.SpanEvent) []byte {
	b = append(b, '{')
	b = timeField(b, `"timeUnixNano":"`, event.Timestamp())
	b = stringField(b, `"name":"`, event.Name())
	b = attributesField(b, `"attributes":`, event.Attributes(), nil)
	b = uint32Field(b, `"droppedAttributesCount":`, event.DroppedAttributesCount())
	return append(b, '}')
}

func appendSpanLink(b []byte, link ptrace.SpanLink) []byte {
	b = append(b, '{')
	b = traceIDField(b, link.TraceID())
	b = spanIDField(b, `"spanId":`, link.SpanID())
	b = stringField(b, `"traceState":"`, link.TraceState().AsRaw())
	b = attributesField(b, `"attributes":`, link.Attributes(), nil)
	b = uint32Field(b, `"droppedAttributesCount":`, link.DroppedAttributesCount())
	b = uint32Field(b, `"flags":`, link.Flags())
	return append(b, '}')
}

func statusField(b []byte, status ptrace.Status) []byte {
	b = append(jsontext.Key(b, `"status":`), '{')
	b = stringField(b, `"message":"`, status.Message())
	b = int32Field(b, `"code":`, int32(status.Code()))
	return append(b, '}')
}
