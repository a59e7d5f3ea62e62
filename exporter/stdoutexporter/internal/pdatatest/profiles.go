// SPDX-License-Identifier: Apache-2.0

package pdatatest

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pprofile"
)

// Profiles generates a batch of profiles. Entry 0 of the string table is empty, as it has to be; all other references may point nowhere.
// Strings are valid UTF-8, because replacing bytes could make two strings of a dictionary equal, and then references differ.
func (g *Generator) Profiles() pprofile.Profiles {
	g.sanitize = true
	pd := pprofile.NewProfiles()
	g.dictionary(pd.Dictionary())
	g.repeat(func() {
		rp := pd.ResourceProfiles().AppendEmpty()
		g.resource(rp.Resource())
		rp.SetSchemaUrl(g.text())
		g.repeat(func() {
			sp := rp.ScopeProfiles().AppendEmpty()
			g.scope(sp.Scope())
			sp.SetSchemaUrl(g.text())
			g.repeat(func() { g.profile(sp.Profiles().AppendEmpty()) })
		})
	})
	return pd
}

// reference returns an index that usually points somewhere.
func (g *Generator) reference() int32 {
	return pick(g, 0, 1, 2, 3, g.int32())
}

func (g *Generator) references(into pcommon.Int32Slice) {
	g.repeat(func() { into.Append(g.reference()) })
}

func (g *Generator) dictionary(d pprofile.ProfilesDictionary) {
	d.StringTable().Append("")
	g.repeat(func() { d.StringTable().Append(g.text()) })
	g.repeat(func() { g.mapping(d.MappingTable().AppendEmpty()) })
	g.repeat(func() { g.location(d.LocationTable().AppendEmpty()) })
	g.repeat(func() { g.function(d.FunctionTable().AppendEmpty()) })
	g.repeat(func() {
		link := d.LinkTable().AppendEmpty()
		link.SetTraceID(g.traceID())
		link.SetSpanID(g.spanID())
	})
	g.repeat(func() {
		kv := d.AttributeTable().AppendEmpty()
		kv.SetKeyStrindex(g.reference())
		kv.SetUnitStrindex(g.reference())
		g.value(kv.Value())
	})
	g.repeat(func() { g.references(d.StackTable().AppendEmpty().LocationIndices()) })
}

func (g *Generator) mapping(m pprofile.Mapping) {
	m.SetMemoryStart(g.uint64())
	m.SetMemoryLimit(g.uint64())
	m.SetFileOffset(g.uint64())
	m.SetFilenameStrindex(g.reference())
	g.references(m.AttributeIndices())
}

func (g *Generator) location(l pprofile.Location) {
	l.SetMappingIndex(g.reference())
	l.SetAddress(g.uint64())
	g.references(l.AttributeIndices())
	g.repeat(func() {
		line := l.Lines().AppendEmpty()
		line.SetFunctionIndex(g.reference())
		line.SetLine(g.int64())
		line.SetColumn(g.int64())
	})
}

func (g *Generator) function(f pprofile.Function) {
	f.SetNameStrindex(g.reference())
	f.SetSystemNameStrindex(g.reference())
	f.SetFilenameStrindex(g.reference())
	f.SetStartLine(g.int64())
}

func (g *Generator) profile(p pprofile.Profile) {
	p.SampleType().SetTypeStrindex(g.reference())
	p.SampleType().SetUnitStrindex(g.reference())
	p.PeriodType().SetTypeStrindex(g.reference())
	p.PeriodType().SetUnitStrindex(g.reference())
	p.SetPeriod(g.int64())
	p.SetTime(g.time())
	p.SetDurationNano(g.uint64())
	p.SetProfileID(pprofile.ProfileID(g.traceID()))
	p.SetDroppedAttributesCount(g.uint32())
	p.SetOriginalPayloadFormat(g.text())
	g.bytes(p.OriginalPayload())
	g.references(p.AttributeIndices())
	g.repeat(func() { g.sample(p.Samples().AppendEmpty()) })
}

func (g *Generator) sample(s pprofile.Sample) {
	s.SetStackIndex(g.reference())
	s.SetLinkIndex(g.reference())
	g.references(s.AttributeIndices())
	g.repeat(func() { s.Values().Append(g.int64()) })
	g.repeat(func() { s.TimestampsUnixNano().Append(g.uint64()) })
}
