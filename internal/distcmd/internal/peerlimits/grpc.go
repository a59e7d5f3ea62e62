// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"reflect"

	_ "go.opentelemetry.io/collector/pdata/plog/plogotlp" // registers the codec that is wrapped
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
)

// exports are the messages of upstream's gRPC services, by the names of their Go types.
var exports = map[string]message{
	"ExportLogsServiceRequest":     logs,
	"ExportTraceServiceRequest":    traces,
	"ExportMetricsServiceRequest":  metrics,
	"ExportProfilesServiceRequest": profiles,
}

// boundGRPC takes the place of the codec that all gRPC servers share.
func boundGRPC() {
	if _, bounded := encoding.GetCodecV2("proto").(codec); !bounded {
		encoding.RegisterCodecV2(codec{encoding.GetCodecV2("proto")})
	}
}

// codec refuses OTLP requests that are nested too deeply, before they are unmarshalled.
type codec struct{ encoding.CodecV2 }

// Unmarshal implements [encoding.CodecV2].
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	request, isExport := exports[reflect.Indirect(reflect.ValueOf(v)).Type().Name()]
	if !isExport {
		return c.CodecV2.Unmarshal(data, v)
	}
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	if err := request.check(whole.ReadOnlyData()); err != nil {
		return err // gRPC answers with it
	}
	return c.CodecV2.Unmarshal(mem.BufferSlice{whole}, v)
}
