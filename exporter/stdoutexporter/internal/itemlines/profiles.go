// SPDX-License-Identifier: Apache-2.0

package itemlines

import (
	"go.opentelemetry.io/collector/pdata/pprofile"

	"github.com/tracecoreai/tracecore/exporter/stdoutexporter/internal/jsontext"
)

// AppendProfiles appends one line per sample.
func AppendProfiles(b []byte, pd pprofile.Profiles) []byte {
	words := dictionary{pd.Dictionary()}
	for _, rp := range pd.ResourceProfiles().All() {
		for _, sp := range rp.ScopeProfiles().All() {
			from := origin{rp.Resource(), sp.Scope()}
			for _, p := range sp.Profiles().All() {
				for _, s := range p.Samples().All() {
					b = from.end(words.sampleFields(b, p, s))
				}
			}
		}
	}
	return b
}

func (d dictionary) sampleFields(b []byte, p pprofile.Profile, s pprofile.Sample) []byte {
	b = append(b, `{"signal":"profile"`...)
	b = timeField(b, `"time":`, p.Time())
	if p.DurationNano() != 0 {
		b = jsontext.Uint64(jsontext.Key(b, `"duration_ns":`), p.DurationNano())
	}
	if id := p.ProfileID(); !id.IsEmpty() {
		b = jsontext.Hex(jsontext.Key(b, `"profile_id":`), id[:])
	}
	b = stringField(b, `"type":`, d.text(p.SampleType().TypeStrindex()))
	b = stringField(b, `"unit":`, d.text(p.SampleType().UnitStrindex()))
	b = jsontext.ArrayField(b, `"values":`, s.Values(), jsontext.Int64)
	b = jsontext.ArrayField(b, `"times":`, s.TimestampsUnixNano(), appendTime)
	b = d.stackField(b, s.StackIndex())
	b = d.attributesField(b, s.AttributeIndices())
	if link, found := at(d.LinkTable(), s.LinkIndex()); found {
		b = traceFields(b, link.TraceID(), link.SpanID())
	}
	return b
}
