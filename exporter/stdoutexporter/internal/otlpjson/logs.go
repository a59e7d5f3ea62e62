// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendLogs appends an ExportLogsServiceRequest.
func AppendLogs(b []byte, ld plog.Logs) []byte {
	b = append(b, '{')
	b = jsontext.ArrayField(b, `"resourceLogs":`, ld.ResourceLogs(), appendResourceLogs)
	return append(b, '}')
}

func appendResourceLogs(b []byte, rl plog.ResourceLogs) []byte {
	b = append(b, '{')
	b = resourceField(b, rl.Resource(), nil)
	b = jsontext.ArrayField(b, `"scopeLogs":`, rl.ScopeLogs(), appendScopeLogs)
	b = stringField(b, `"schemaUrl":"`, rl.SchemaUrl())
	return append(b, '}')
}

func appendScopeLogs(b []byte, sl plog.ScopeLogs) []byte {
	b = append(b, '{')
	b = scopeField(b, sl.Scope(), nil)
	b = jsontext.ArrayField(b, `"logRecords":`, sl.LogRecords(), appendLogRecord)
	b = stringField(b, `"schemaUrl":"`, sl.SchemaUrl())
	return append(b, '}')
}

func appendLogRecord(b []byte, lr plog.LogRecord) []byte {
	b = append(b, '{')
	b = timeField(b, `"timeUnixNano":"`, lr.Timestamp())
	b = timeField(b, `"observedTimeUnixNano":"`, lr.ObservedTimestamp())
	b = int32Field(b, `"severityNumber":`, int32(lr.SeverityNumber()))
	b = stringField(b, `"severityText":"`, lr.SeverityText())
	b = appendValue(jsontext.Key(b, `"body":`), lr.Body())
	b = attributesField(b, `"attributes":`, lr.Attributes(), nil)
	b = uint32Field(b, `"droppedAttributesCount":`, lr.DroppedAttributesCount())
	b = uint32Field(b, `"flags":`, uint32(lr.Flags()))
	b = traceIDField(b, lr.TraceID())
	b = spanIDField(b, `"spanId":`, lr.SpanID())
	b = stringField(b, `"eventName":"`, lr.EventName())
	return append(b, '}')
}
