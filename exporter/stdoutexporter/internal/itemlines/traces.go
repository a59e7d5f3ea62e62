// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendTraces appends one line per span.
func AppendTraces(b []byte, td ptrace.Traces) []byte {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			from := origin{rs.Resource(), ss.Scope()}
			for _, span := range ss.Spans().All() {
				b = from.end(spanFields(b, span))
			}
		}
	}
	return b
}

var kindNames = map[ptrace.SpanKind]string{
	ptrace.SpanKindInternal: "internal",
	ptrace.SpanKindServer:   "server",
	ptrace.SpanKindClient:   "client",
	ptrace.SpanKindProducer: "producer",
	ptrace.SpanKindConsumer: "consumer",
}

var statusNames = map[ptrace.StatusCode]string{
	ptrace.StatusCodeOk:    "ok",
	ptrace.StatusCodeError: "error",
}

func spanFields(b []byte, span ptrace.Span) []byte {
	b = append(b, `{"signal":"span"`...)
	b = timeField(b, `"time":`, span.StartTimestamp())
	b = timeField(b, `"end_time":`, span.EndTimestamp())
	if span.EndTimestamp() >= span.StartTimestamp() {
		b = jsontext.Uint64(jsontext.Key(b, `"duration_ns":`), uint64(span.EndTimestamp()-span.StartTimestamp()))
	}
	b = stringField(b, `"name":`, span.Name())
	b = stringField(b, `"kind":`, kindNames[span.Kind()])
	b = stringField(b, `"status":`, statusNames[span.Status().Code()])
	b = stringField(b, `"status_message":`, span.Status().Message())
	b = attributesField(b, `"attributes":`, span.Attributes())
	b = traceFields(b, span.TraceID(), span.SpanID())
	if parent := span.ParentSpanID(); !parent.IsEmpty() {
		b = jsontext.Hex(jsontext.Key(b, `"parent_span_id":`), parent[:])
	}
	b = stringField(b, `"trace_state":`, span.TraceState().AsRaw())
	b = jsontext.ArrayField(b, `"events":`, span.Events(), appendEvent)
	return jsontext.ArrayField(b, `"links":`, span.Links(), appendLink)
}

func appendEvent(b []byte, event ptrace.SpanEvent) []byte {
	b = append(b, '{')
	b = timeField(b, `"time":`, event.Timestamp())
	b = stringField(b, `"name":`, event.Name())
	b = attributesField(b, `"attributes":`, event.Attributes())
	return append(b, '}')
}

func appendLink(b []byte, link ptrace.SpanLink) []byte {
	b = append(b, '{')
	b = traceFields(b, link.TraceID(), link.SpanID())
	b = stringField(b, `"trace_state":`, link.TraceState().AsRaw())
	b = attributesField(b, `"attributes":`, link.Attributes())
	return append(b, '}')
}
