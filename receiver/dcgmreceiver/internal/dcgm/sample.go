// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"math"
	"strings"
)

// FieldID is the number of a DCGM field. Numbers keep their meaning across DCGM versions,
// names do not.
type FieldID uint16

// Reason says why a [Sample] holds no value. The zero value says that it holds one.
type Reason uint8

// Reasons, with the statuses and sentinels of DCGM that mean them.
const (
	OK           Reason = iota
	Blank               // nothing sampled yet, or the device is lost
	Stale               // the host engine says so, or the timestamp does
	NotSupported        // this GPU, driver or host engine does not have it
	NoPermission        // the host engine may not read it
	Status              // any other DCGM status
)

var reasonNames = [...]string{OK: "ok", Blank: "blank", Stale: "stale", NotSupported: "not_supported", NoPermission: "no_permission", Status: "status"}

// String returns the reason as attribute values spell it.
func (r Reason) String() string { return reasonNames[r] }

// Statuses of dcgm_structs.h (dcgmReturn_t).
const (
	statusOK                    = 0
	statusNotSupported          = -6
	statusUninitialized         = -10
	statusUnknownField          = -13
	statusNoData                = -14
	statusStaleData             = -15
	statusNoPermission          = -17
	statusConnectionNotValid    = -21
	statusRequiresRoot          = -29
	statusFieldUnsupportedByAPI = -32
	statusModuleNotLoaded       = -33
	statusProfilingNotSupported = -36
	statusProfilingLibraryError = -37
	statusInsufficientDriver    = -44
)

var statusReasons = map[int]Reason{
	statusOK:                    OK,
	statusNoData:                Blank,
	statusStaleData:             Stale,
	statusNotSupported:          NotSupported,
	statusUnknownField:          NotSupported,
	statusFieldUnsupportedByAPI: NotSupported,
	statusProfilingNotSupported: NotSupported,
	statusInsufficientDriver:    NotSupported,
	statusNoPermission:          NoPermission,
	statusRequiresRoot:          NoPermission,
}

// Type is DCGM's type of a value (DCGM_FT_*).
type Type byte

// The types that carry metrics and identity. DCGM has others, such as binary blobs.
const (
	Double Type = 'd'
	Int64  Type = 'i'
	String Type = 's'
)

// Sample is one value of one field of one entity, or the reason why there is none.
type Sample struct {
	TS     int64 // microseconds since the Unix epoch on the host engine's clock; 0 if never sampled
	bits   uint64
	text   *string // nil for other types
	Entity Entity
	status int32 // of DCGM
	Field  FieldID
	Type   Type
	Reason Reason
}

// Int returns the value as an integer. A double is truncated.
func (s Sample) Int() int64 {
	if s.Type == Double {
		return int64(s.Float())
	}
	return int64(s.bits) //nolint:gosec // Two's complement is what DCGM sent.
}

// Float returns the value as a finite number.
func (s Sample) Float() float64 {
	if s.Type == Double {
		return math.Float64frombits(s.bits)
	}
	return float64(int64(s.bits)) //nolint:gosec // Two's complement is what DCGM sent.
}

// Text returns the value of a string field, "" for other types.
func (s Sample) Text() string {
	if s.text == nil || s.Reason != OK {
		return ""
	}
	return *s.text
}

// Sentinels of dcgm_structs.h: four consecutive values that mean blank, not found, not
// supported and not permitted.
const (
	int32Blank = 0x7ffffff0
	int64Blank = 0x7ffffffffffffff0
	fp64Blank  = 1 << 47
)

var sentinelReasons = [...]Reason{Blank, Blank, NotSupported, NoPermission}

// raw is a field value as DCGM sent it.
type raw struct {
	entity Entity
	field  FieldID
	kind   Type
	status int
	ts     int64
	bits   uint64  // an int64 or a double; nothing of a text
	text   *string // nil unless the type is a string
}

// decode turns a raw value into a Sample whose value is finite, or that has a reason.
// The status comes first, but status 0 does not mean data: a lost GPU reads as blank.
func (r *raw) decode() Sample {
	s := Sample{TS: r.ts, bits: r.bits, Entity: r.entity, Field: r.field, Type: r.kind, status: int32(r.status)} //nolint:gosec // Statuses are small.
	s.Reason = r.reason()
	if r.kind == String {
		s.bits, s.text = 0, r.text
	}
	return s
}

func (r *raw) reason() Reason {
	if r.status != statusOK {
		if reason, known := statusReasons[r.status]; known {
			return reason
		}
		return Status
	}
	if r.ts <= 0 {
		return Blank
	}
	switch r.kind {
	case Int64:
		return intReason(r.field, int64(r.bits)) //nolint:gosec // Two's complement is what DCGM sent.
	case Double:
		return floatReason(r.field, math.Float64frombits(r.bits))
	case String:
		if r.text == nil {
			return Blank
		}
		return textReason(*r.text)
	default:
		return Status
	}
}

// intReason knows that a field of type int64 may carry the sentinels of int32, which are
// ordinary numbers in counters of bytes, cycles, nanoseconds or millijoules.
func intReason(field FieldID, v int64) Reason {
	switch {
	case v >= int64Blank:
		return sentinel(uint64(v) - int64Blank)
	case v >= int32Blank && v < int32Blank+int64(len(sentinelReasons)) && !isWide(field):
		return sentinel(uint64(v) - int32Blank)
	default:
		return OK
	}
}

// floatReason knows that a cumulative double may pass 2^47, which a ratio or a power never does.
func floatReason(field FieldID, v float64) Reason {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return Blank
	case v < fp64Blank:
		return OK
	case v < fp64Blank+float64(len(sentinelReasons)) && v == math.Trunc(v):
		return sentinel(uint64(v - fp64Blank))
	case isWide(field):
		return OK
	default:
		return Blank
	}
}

func sentinel(offset uint64) Reason {
	if offset < uint64(len(sentinelReasons)) {
		return sentinelReasons[offset]
	}
	return Blank
}

// textReasons are matched after the brackets. The library writes NOT_PERM where the headers
// say NOT_PERMISSIONED.
var textReasons = map[string]Reason{"NULL": Blank, "NOT_FOUND": Blank, "NOT_SUPPORTED": NotSupported, "NOT_PERM": NoPermission, "NOT_PERMISSIONED": NoPermission}

func textReason(text string) Reason {
	inner, opened := strings.CutPrefix(text, "<<<")
	inner, closed := strings.CutSuffix(inner, ">>>")
	if !opened || !closed {
		return OK
	}
	return max(textReasons[inner], Blank)
}

// wide are the ranges of fields that pass 2^31 in normal life: energy, nanoseconds, bytes,
// bytes per second and cycles.
var wide = [...]struct{ first, last FieldID }{
	{156, 156}, {240, 247}, {1009, 1012}, {1040, 1079}, {1084, 1096}, {1200, 1203}, {1420, 1424}, {1532, 1533}, {1600, 1612}, {1625, 1649},
}

func isWide(field FieldID) bool {
	for _, r := range wide {
		if field >= r.first && field <= r.last {
			return true
		}
	}
	return false
}

// IsProfiling reports whether a field comes from DCGM's profiling module, which not every
// GPU has and which fails as a whole group where one field is refused.
func IsProfiling(field FieldID) bool {
	return field >= 1001 && field <= 1099 || field == 1532 || field == 1533
}
