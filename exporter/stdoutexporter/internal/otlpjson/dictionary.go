// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/pprofile"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

func dictionaryField(b []byte, d pprofile.ProfilesDictionary, table *stringTable) []byte {
	b = append(jsontext.Key(b, `"dictionary":`), '{')
	b = jsontext.ArrayField(b, `"mappingTable":`, d.MappingTable(), appendMapping)
	b = jsontext.ArrayField(b, `"locationTable":`, d.LocationTable(), appendLocation)
	b = jsontext.ArrayField(b, `"functionTable":`, d.FunctionTable(), appendFunction)
	b = jsontext.ArrayField(b, `"linkTable":`, d.LinkTable(), appendLink)
	b = jsontext.ArrayField(b, `"stringTable":`, table, jsontext.String)
	b = jsontext.ArrayField(b, `"attributeTable":`, d.AttributeTable(), appendKeyValueAndUnit)
	b = jsontext.ArrayField(b, `"stackTable":`, d.StackTable(), appendStack)
	return append(b, '}')
}

func appendMapping(b []byte, m pprofile.Mapping) []byte {
	b = append(b, '{')
	b = uint64Field(b, `"memoryStart":"`, m.MemoryStart())
	b = uint64Field(b, `"memoryLimit":"`, m.MemoryLimit())
	b = uint64Field(b, `"fileOffset":"`, m.FileOffset())
	b = int32Field(b, `"filenameStrindex":`, m.FilenameStrindex())
	b = jsontext.ArrayField(b, `"attributeIndices":`, m.AttributeIndices(), jsontext.Int32)
	return append(b, '}')
}

func appendLocation(b []byte, l pprofile.Location) []byte {
	b = append(b, '{')
	b = int32Field(b, `"mappingIndex":`, l.MappingIndex())
	b = uint64Field(b, `"address":"`, l.Address())
	b = jsontext.ArrayField(b, `"lines":`, l.Lines(), appendLine)
	b = jsontext.ArrayField(b, `"attributeIndices":`, l.AttributeIndices(), jsontext.Int32)
	return append(b, '}')
}

func appendLine(b []byte, l pprofile.Line) []byte {
	b = append(b, '{')
	b = int32Field(b, `"functionIndex":`, l.FunctionIndex())
	b = int64Field(b, `"line":"`, l.Line())
	b = int64Field(b, `"column":"`, l.Column())
	return append(b, '}')
}

func appendFunction(b []byte, f pprofile.Function) []byte {
	b = append(b, '{')
	b = int32Field(b, `"nameStrindex":`, f.NameStrindex())
	b = int32Field(b, `"systemNameStrindex":`, f.SystemNameStrindex())
	b = int32Field(b, `"filenameStrindex":`, f.FilenameStrindex())
	b = int64Field(b, `"startLine":"`, f.StartLine())
	return append(b, '}')
}

func appendLink(b []byte, l pprofile.Link) []byte {
	b = append(b, '{')
	b = traceIDField(b, l.TraceID())
	b = spanIDField(b, `"spanId":`, l.SpanID())
	return append(b, '}')
}

func appendKeyValueAndUnit(b []byte, kv pprofile.KeyValueAndUnit) []byte {
	b = append(b, '{')
	b = int32Field(b, `"keyStrindex":`, kv.KeyStrindex())
	b = appendValue(jsontext.Key(b, `"value":`), kv.Value())
	b = int32Field(b, `"unitStrindex":`, kv.UnitStrindex())
	return append(b, '}')
}

func appendStack(b []byte, s pprofile.Stack) []byte {
	b = append(b, '{')
	b = jsontext.ArrayField(b, `"locationIndices":`, s.LocationIndices(), jsontext.Int32)
	return append(b, '}')
}
