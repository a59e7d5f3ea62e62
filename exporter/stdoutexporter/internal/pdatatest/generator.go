// SPDX-License-Identifier: Apache-2.0

// Package pdatatest generates telemetry for property tests: every field of every message, set and unset, with the values that break
// encoders among them.
package pdatatest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

// Generator turns entropy into telemetry: equal entropy gives equal telemetry.
type Generator struct {
	random   *rand.Rand
	sanitize bool
}

// New returns a generator that draws from entropy first and goes on with numbers that follow from nothing.
func New(entropy []byte) *Generator {
	return &Generator{random: rand.New(&source{entropy: entropy, rest: rand.NewPCG(0, 0)})}
}

// NewSanitized returns a generator of the same telemetry as New, with invalid UTF-8 in strings replaced.
func NewSanitized(entropy []byte) *Generator {
	g := New(entropy)
	g.sanitize = true
	return g
}

// Seed returns entropy that differs with every n.
func Seed(n uint64) []byte {
	seed := make([]byte, 1<<16)
	random := rand.NewPCG(n, n)
	for i := 0; i < len(seed); i += 8 {
		binary.LittleEndian.PutUint64(seed[i:], random.Uint64())
	}
	return seed
}

type source struct {
	entropy []byte
	rest    rand.Source
}

func (s *source) Uint64() uint64 {
	if len(s.entropy) < 8 {
		return s.rest.Uint64()
	}
	n := binary.LittleEndian.Uint64(s.entropy)
	s.entropy = s.entropy[8:]
	return n
}

// repeat calls f a few times, often not at all.
func (g *Generator) repeat(f func()) {
	for range g.random.IntN(4) {
		f()
	}
}

func (g *Generator) chance() bool {
	return g.random.IntN(2) == 0
}

func pick[T any](g *Generator, values ...T) T {
	return values[g.random.IntN(len(values))]
}

func (g *Generator) int64() int64 {
	return pick(g, 0, 1, -1, math.MaxInt64, math.MinInt64, int64(g.random.Uint64()))
}

func (g *Generator) uint64() uint64 {
	return pick(g, 0, 1, math.MaxInt64, math.MaxInt64+1, math.MaxUint64, g.random.Uint64())
}

func (g *Generator) int32() int32 {
	return pick(g, 0, 1, -1, math.MaxInt32, math.MinInt32, int32(g.random.Uint32()))
}

func (g *Generator) uint32() uint32 {
	return pick(g, 0, 1, math.MaxUint32, g.random.Uint32())
}

func (g *Generator) float64() float64 {
	return pick(g,
		0, math.Copysign(0, -1), 1, -1, 0.1, 41.5, 1e-6, 9.99e-7, 1e-7, 1e-100, 1e20, 1e21, 1<<53-1, 1<<53, 1<<53+2, -(1 << 53),
		math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1), math.Inf(-1),
		g.random.NormFloat64(), finite(g.random.Uint64()), float64(g.random.Int64()),
		float64(g.random.IntN(1e6))/1000, float64(g.random.Int64N(2e15)-1e15)/1000, 999999999999.999, 1e12, 0.001, -0.05, 0.0005,
	)
}

// finite returns a number of any magnitude. Only one NaN has a name in JSON, so the others do not occur.
func finite(bits uint64) float64 {
	v := math.Float64frombits(bits)
	if math.IsNaN(v) {
		return math.NaN()
	}
	return v
}

func (g *Generator) time() pcommon.Timestamp {
	return pick(g, 0, 1, 1_700_000_000_000_000_000, pcommon.Timestamp(g.uint64()))
}

func (g *Generator) traceID() pcommon.TraceID {
	if g.chance() {
		return pcommon.TraceID{}
	}
	var id pcommon.TraceID
	binary.LittleEndian.PutUint64(id[:], g.random.Uint64())
	return id
}

func (g *Generator) spanID() pcommon.SpanID {
	if g.chance() {
		return pcommon.SpanID{}
	}
	var id pcommon.SpanID
	binary.LittleEndian.PutUint64(id[:], g.random.Uint64())
	return id
}

func (g *Generator) text() string {
	s := pick(g,
		"", "a", "gpu.temperature", `quote " backslash \ slash /`, "\n\r\t\b\f\x00\x1f\x7f", "<html>&amp;'", "line\u2028paragraph\u2029nel\u0085",
		"é", "日本語", "😀", "\ufffd", "\ufeff", "\xff", "a\xc3", "\xe2\x80", "\xed\xa0\x80", "\xf8\x88\x80\x80\x80", "é\x80é",
		strings.Repeat("long ", g.random.IntN(60)), string(binary.LittleEndian.AppendUint64(nil, g.random.Uint64())),
	)
	if g.sanitize {
		return string([]rune(s))
	}
	return s
}

func (g *Generator) bytes(into pcommon.ByteSlice) {
	data := make([]byte, g.random.IntN(200))
	for i := range data {
		data[i] = byte(g.random.Uint32())
	}
	into.FromRaw(data)
}

const maxDepth = 3

func (g *Generator) attributes(m pcommon.Map) {
	g.attributesAt(m, 0)
}

// attributesAt numbers the keys, because equal ones are merged. One may be empty.
func (g *Generator) attributesAt(m pcommon.Map, depth int) {
	g.repeat(func() {
		key := g.text()
		if m.Len() > 0 || g.chance() {
			key += strconv.Itoa(m.Len())
		}
		g.valueAt(m.PutEmpty(key), depth)
	})
}

func (g *Generator) value(v pcommon.Value) {
	g.valueAt(v, 0)
}

func (g *Generator) valueAt(v pcommon.Value, depth int) {
	kinds := 8
	if depth == maxDepth {
		kinds = 6
	}
	switch g.random.IntN(kinds) {
	case 0: // unset
	case 1:
		v.SetStr(g.text())
	case 2:
		v.SetBool(g.chance())
	case 3:
		v.SetInt(g.int64())
	case 4:
		v.SetDouble(g.float64())
	case 5:
		g.bytes(v.SetEmptyBytes())
	case 6:
		g.attributesAt(v.SetEmptyMap(), depth+1)
	case 7:
		s := v.SetEmptySlice()
		g.repeat(func() { g.valueAt(s.AppendEmpty(), depth+1) })
	}
}

func (g *Generator) resource(r pcommon.Resource) {
	g.attributes(r.Attributes())
	r.SetDroppedAttributesCount(g.uint32())
	g.repeat(func() {
		ref := entity.ResourceEntityRefs(r).AppendEmpty()
		ref.SetSchemaUrl(g.text())
		ref.SetType(g.text())
		g.repeat(func() { ref.IdKeys().Append(g.text()) })
		g.repeat(func() { ref.DescriptionKeys().Append(g.text()) })
	})
}

func (g *Generator) scope(s pcommon.InstrumentationScope) {
	s.SetName(g.text())
	s.SetVersion(g.text())
	g.attributes(s.Attributes())
	s.SetDroppedAttributesCount(g.uint32())
}
