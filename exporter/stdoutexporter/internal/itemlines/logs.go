// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendLogs appends one line per log record.
func AppendLogs(b []byte, ld plog.Logs) []byte {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			from := origin{rl.Resource(), sl.Scope()}
			for _, lr := range sl.LogRecords().All() {
				b = from.end(logFields(b, lr))
			}
		}
	}
	return b
}

func logFields(b []byte, lr plog.LogRecord) []byte {
	b = append(b, `{"signal":"log"`...)
	b = timeField(b, `"time":`, lr.Timestamp())
	b = timeField(b, `"observed_time":`, lr.ObservedTimestamp())
	b = stringField(b, `"severity":`, lr.SeverityText())
	if lr.SeverityNumber() != plog.SeverityNumberUnspecified {
		b = jsontext.Int32(jsontext.Key(b, `"severity_number":`), int32(lr.SeverityNumber()))
	}
	b = stringField(b, `"event_name":`, lr.EventName())
	if lr.Body().Type() != pcommon.ValueTypeEmpty {
		b = appendValue(jsontext.Key(b, `"body":`), lr.Body())
	}
	b = attributesField(b, `"attributes":`, lr.Attributes())
	return traceFields(b, lr.TraceID(), lr.SpanID())
}
