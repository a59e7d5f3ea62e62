// SPDX-License-Identifier: Apache-2.0

package pdatatest

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Logs generates a batch of log records.
func (g *Generator) Logs() plog.Logs {
	ld := plog.NewLogs()
	g.repeat(func() {
		rl := ld.ResourceLogs().AppendEmpty()
		g.resource(rl.Resource())
		rl.SetSchemaUrl(g.text())
		g.repeat(func() {
			sl := rl.ScopeLogs().AppendEmpty()
			g.scope(sl.Scope())
			sl.SetSchemaUrl(g.text())
			g.repeat(func() { g.logRecord(sl.LogRecords().AppendEmpty()) })
		})
	})
	return ld
}

func (g *Generator) logRecord(lr plog.LogRecord) {
	lr.SetTimestamp(g.time())
	lr.SetObservedTimestamp(g.time())
	lr.SetSeverityNumber(plog.SeverityNumber(g.random.IntN(26)))
	lr.SetSeverityText(g.text())
	lr.SetEventName(g.text())
	g.value(lr.Body())
	g.attributes(lr.Attributes())
	lr.SetDroppedAttributesCount(g.uint32())
	lr.SetFlags(plog.LogRecordFlags(g.uint32()))
	lr.SetTraceID(g.traceID())
	lr.SetSpanID(g.spanID())
}

// Traces generates a batch of spans.
func (g *Generator) Traces() ptrace.Traces {
	td := ptrace.NewTraces()
	g.repeat(func() {
		rs := td.ResourceSpans().AppendEmpty()
		g.resource(rs.Resource())
		rs.SetSchemaUrl(g.text())
		g.repeat(func() {
			ss := rs.ScopeSpans().AppendEmpty()
			g.scope(ss.Scope())
			ss.SetSchemaUrl(g.text())
			g.repeat(func() { g.span(ss.Spans().AppendEmpty()) })
		})
	})
	return td
}

func (g *Generator) span(s ptrace.Span) {
	s.SetTraceID(g.traceID())
	s.SetSpanID(g.spanID())
	s.SetParentSpanID(g.spanID())
	s.TraceState().FromRaw(g.text())
	s.SetFlags(g.uint32())
	s.SetName(g.text())
	s.SetKind(ptrace.SpanKind(g.random.IntN(7)))
	s.SetStartTimestamp(g.time())
	s.SetEndTimestamp(g.time())
	g.attributes(s.Attributes())
	s.SetDroppedAttributesCount(g.uint32())
	s.SetDroppedEventsCount(g.uint32())
	s.SetDroppedLinksCount(g.uint32())
	s.Status().SetCode(ptrace.StatusCode(g.random.IntN(3)))
	s.Status().SetMessage(g.text())
	g.repeat(func() { g.spanEvent(s.Events().AppendEmpty()) })
	g.repeat(func() { g.spanLink(s.Links().AppendEmpty()) })
}

func (g *Generator) spanEvent(e ptrace.SpanEvent) {
	e.SetTimestamp(g.time())
	e.SetName(g.text())
	g.attributes(e.Attributes())
	e.SetDroppedAttributesCount(g.uint32())
}

func (g *Generator) spanLink(l ptrace.SpanLink) {
	l.SetTraceID(g.traceID())
	l.SetSpanID(g.spanID())
	l.TraceState().FromRaw(g.text())
	l.SetFlags(g.uint32())
	g.attributes(l.Attributes())
	l.SetDroppedAttributesCount(g.uint32())
}
