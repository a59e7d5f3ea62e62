// SPDX-License-Identifier: Apache-2.0

package stdoutexporter

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/itemlines"
	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/otlpjson"
)

// format is how a batch of each signal becomes lines, line breaks included.
type format struct {
	metrics  func([]byte, pmetric.Metrics) []byte
	logs     func([]byte, plog.Logs) []byte
	traces   func([]byte, ptrace.Traces) []byte
	profiles func([]byte, pprofile.Profiles) []byte
}

// formats maps the values of "format".
var formats = map[string]format{
	formatOTLPJSON: {
		metrics:  line(otlpjson.AppendMetrics),
		logs:     line(otlpjson.AppendLogs),
		traces:   line(otlpjson.AppendTraces),
		profiles: line(otlpjson.AppendProfiles),
	},
	formatItemLines: {
		metrics:  itemlines.AppendMetrics,
		logs:     itemlines.AppendLogs,
		traces:   itemlines.AppendTraces,
		profiles: itemlines.AppendProfiles,
	},
}

// line ends what encode appends with a line break.
func line[T any](encode func([]byte, T) []byte) func([]byte, T) []byte {
	return func(b []byte, batch T) []byte { return append(encode(b, batch), '\n') }
}
