// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// attributesField appends a list of key-value pairs. With a string table, keys and string values are references into it.
func attributesField(b []byte, key string, attributes pcommon.Map, table *stringTable) []byte {
	if attributes.Len() == 0 {
		return b
	}
	b = append(jsontext.Key(b, key), '[')
	for k, v := range attributes.All() {
		b = append(appendKeyValue(b, k, v, table), ',')
	}
	b[len(b)-1] = ']'
	return b
}

func appendKeyValue(b []byte, key string, v pcommon.Value, table *stringTable) []byte {
	if table != nil {
		return appendReferencedKeyValue(b, key, v, table)
	}
	if key == "" {
		return append(appendValue(append(b, `{"value":`...), v), '}')
	}
	b = jsontext.Text(append(b, `{"key":"`...), key)
	if v.Type() != pcommon.ValueTypeStr {
		return append(appendValue(append(b, `","value":`...), v), '}')
	}
	// Nearly all attributes are strings: they get by with fewer, longer pieces.
	b = jsontext.Text(append(b, `","value":{"stringValue":"`...), v.Str())
	return append(b, `"}}`...)
}

func appendReferencedKeyValue(b []byte, key string, v pcommon.Value, table *stringTable) []byte {
	index := int32(0)
	if key != "" {
		index = table.index(key)
	}
	b = appendTableValue(append(b, `{"value":`...), v, table)
	b = int32Field(b, `"keyStrindex":`, index)
	return append(b, '}')
}

func appendValue(b []byte, v pcommon.Value) []byte {
	return appendTableValue(b, v, nil)
}

// appendTableValue appends v as an AnyValue. An unset value is the empty object.
func appendTableValue(b []byte, v pcommon.Value, table *stringTable) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		b = appendStringValue(b, v.Str(), table)
	case pcommon.ValueTypeBool:
		b = strconv.AppendBool(append(b, `{"boolValue":`...), v.Bool())
	case pcommon.ValueTypeInt:
		b = jsontext.QuotedInt64(append(b, `{"intValue":`...), v.Int())
	case pcommon.ValueTypeDouble:
		b = jsontext.Float64(append(b, `{"doubleValue":`...), v.Double())
	case pcommon.ValueTypeBytes:
		b = jsontext.Base64(append(b, `{"bytesValue":`...), v.Bytes())
	case pcommon.ValueTypeMap:
		b = attributesField(append(b, `{"kvlistValue":{`...), `"values":`, v.Map(), table)
		b = append(b, '}')
	case pcommon.ValueTypeSlice:
		b = appendSliceValue(b, v.Slice(), table)
	case pcommon.ValueTypeEmpty:
		b = append(b, '{')
	}
	return append(b, '}')
}

func appendStringValue(b []byte, s string, table *stringTable) []byte {
	if table == nil || s == "" {
		return jsontext.String(append(b, `{"stringValue":`...), s)
	}
	return jsontext.Int32(append(b, `{"stringValueStrindex":`...), table.index(s))
}

func appendSliceValue(b []byte, values pcommon.Slice, table *stringTable) []byte {
	b = append(b, `{"arrayValue":{`...)
	for i := range values.Len() {
		if i == 0 {
			b = append(b, `"values":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendTableValue(b, values.At(i), table)
	}
	if values.Len() > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func resourceField(b []byte, resource pcommon.Resource, table *stringTable) []byte {
	b = append(jsontext.Key(b, `"resource":`), '{')
	b = attributesField(b, `"attributes":`, resource.Attributes(), table)
	b = uint32Field(b, `"droppedAttributesCount":`, resource.DroppedAttributesCount())
	b = jsontext.ArrayField(b, `"entityRefs":`, entity.ResourceEntityRefs(resource), appendEntityRef)
	return append(b, '}')
}

func appendEntityRef(b []byte, ref entity.EntityRef) []byte {
	b = append(b, '{')
	b = stringField(b, `"schemaUrl":"`, ref.SchemaUrl())
	b = stringField(b, `"type":"`, ref.Type())
	b = jsontext.ArrayField(b, `"idKeys":`, ref.IdKeys(), jsontext.String)
	b = jsontext.ArrayField(b, `"descriptionKeys":`, ref.DescriptionKeys(), jsontext.String)
	return append(b, '}')
}

func scopeField(b []byte, scope pcommon.InstrumentationScope, table *stringTable) []byte {
	b = append(jsontext.Key(b, `"scope":`), '{')
	b = stringField(b, `"name":"`, scope.Name())
	b = stringField(b, `"version":"`, scope.Version())
	b = attributesField(b, `"attributes":`, scope.Attributes(), table)
	b = uint32Field(b, `"droppedAttributesCount":`, scope.DroppedAttributesCount())
	return append(b, '}')
}
