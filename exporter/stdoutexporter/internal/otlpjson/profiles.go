// SPDX-License-Identifier: Apache-2.0

package otlpjson

import (
	"go.opentelemetry.io/collector/pdata/pprofile"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendProfiles appends an ExportProfilesServiceRequest.
func AppendProfiles(b []byte, pd pprofile.Profiles) []byte {
	table := newStringTable(pd.Dictionary().StringTable())
	b = append(b, '{')
	for i := range pd.ResourceProfiles().Len() {
		if i == 0 {
			b = append(b, `"resourceProfiles":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendResourceProfiles(b, pd.ResourceProfiles().At(i), table)
	}
	if pd.ResourceProfiles().Len() > 0 {
		b = append(b, ']')
	}
	b = dictionaryField(b, pd.Dictionary(), table)
	return append(b, '}')
}

func appendResourceProfiles(b []byte, rp pprofile.ResourceProfiles, table *stringTable) []byte {
	b = append(b, '{')
	b = resourceField(b, rp.Resource(), table)
	for i := range rp.ScopeProfiles().Len() {
		if i == 0 {
			b = append(b, `,"scopeProfiles":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendScopeProfiles(b, rp.ScopeProfiles().At(i), table)
	}
	if rp.ScopeProfiles().Len() > 0 {
		b = append(b, ']')
	}
	b = stringField(b, `"schemaUrl":"`, rp.SchemaUrl())
	return append(b, '}')
}

func appendScopeProfiles(b []byte, sp pprofile.ScopeProfiles, table *stringTable) []byte {
	b = append(b, '{')
	b = scopeField(b, sp.Scope(), table)
	b = jsontext.ArrayField(b, `"profiles":`, sp.Profiles(), appendProfile)
	b = stringField(b, `"schemaUrl":"`, sp.SchemaUrl())
	return append(b, '}')
}

func appendProfile(b []byte, p pprofile.Profile) []byte {
	b = append(b, '{')
	b = valueTypeField(b, `"sampleType":`, p.SampleType())
	b = jsontext.ArrayField(b, `"samples":`, p.Samples(), appendSample)
	b = timeField(b, `"timeUnixNano":"`, p.Time())
	b = uint64Field(b, `"durationNano":"`, p.DurationNano())
	b = valueTypeField(b, `"periodType":`, p.PeriodType())
	b = int64Field(b, `"period":"`, p.Period())
	if id := p.ProfileID(); !id.IsEmpty() {
		b = jsontext.Hex(jsontext.Key(b, `"profileId":`), id[:])
	}
	b = uint32Field(b, `"droppedAttributesCount":`, p.DroppedAttributesCount())
	b = stringField(b, `"originalPayloadFormat":"`, p.OriginalPayloadFormat())
	if p.OriginalPayload().Len() > 0 {
		b = jsontext.Base64(jsontext.Key(b, `"originalPayload":`), p.OriginalPayload())
	}
	b = jsontext.ArrayField(b, `"attributeIndices":`, p.AttributeIndices(), jsontext.Int32)
	return append(b, '}')
}

func valueTypeField(b []byte, key string, vt pprofile.ValueType) []byte {
	b = append(jsontext.Key(b, key), '{')
	b = int32Field(b, `"typeStrindex":`, vt.TypeStrindex())
	b = int32Field(b, `"unitStrindex":`, vt.UnitStrindex())
	return append(b, '}')
}

func appendSample(b []byte, s pprofile.Sample) []byte {
	b = append(b, '{')
	b = int32Field(b, `"stackIndex":`, s.StackIndex())
	b = jsontext.ArrayField(b, `"attributeIndices":`, s.AttributeIndices(), jsontext.Int32)
	b = int32Field(b, `"linkIndex":`, s.LinkIndex())
	b = jsontext.ArrayField(b, `"values":`, s.Values(), jsontext.QuotedInt64)
	b = jsontext.ArrayField(b, `"timestampsUnixNano":`, s.TimestampsUnixNano(), jsontext.QuotedUint64)
	return append(b, '}')
}
