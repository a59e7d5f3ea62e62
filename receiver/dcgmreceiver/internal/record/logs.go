// SPDX-License-Identifier: Apache-2.0

package record

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
)

// Logs returns records of a resource. version is that of the scope.
func Logs(resource pcommon.Resource, version string, records plog.LogRecordSlice) plog.Logs {
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl(catalog.SchemaURL)
	resource.MoveTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(catalog.ScopeName)
	sl.Scope().SetVersion(version)
	records.MoveAndAppendTo(sl.LogRecords())
	return logs
}
