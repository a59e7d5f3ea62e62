// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

const (
	fieldTemp   FieldID = 150 // int64
	fieldEnergy FieldID = 156 // int64, mJ
	fieldPower  FieldID = 155 // double
	fieldJoules FieldID = 1611
	fieldSerial FieldID = 53
)

func ofInt(field FieldID, v int64) raw {
	return raw{field: field, kind: Int64, ts: 1, bits: uint64(v)} //nolint:gosec // Two's complement.
}

func ofFloat(field FieldID, v float64) raw {
	return raw{field: field, kind: Double, ts: 1, bits: math.Float64bits(v)}
}

func ofText(v string) raw { return raw{field: fieldSerial, kind: String, ts: 1, text: &v} }

func TestDecode(t *testing.T) {
	withStatus := func(status int) raw { r := ofInt(fieldTemp, 30); r.status = status; return r }
	never := ofInt(fieldTemp, 30)
	never.ts = 0
	for name, tt := range map[string]struct {
		raw  raw
		want Reason
	}{
		"an integer":                          {ofInt(fieldTemp, 61), OK},
		"a negative integer":                  {ofInt(fieldTemp, -40), OK},
		"int64 blank":                         {ofInt(fieldTemp, 9223372036854775792), Blank},
		"int64 not found":                     {ofInt(fieldTemp, 9223372036854775793), Blank},
		"int64 not supported":                 {ofInt(fieldTemp, 9223372036854775794), NotSupported},
		"int64 not permitted":                 {ofInt(fieldTemp, 9223372036854775795), NoPermission},
		"beyond all int64 sentinels":          {ofInt(fieldTemp, math.MaxInt64), Blank},
		"int32 blank in an int64":             {ofInt(fieldTemp, 2147483632), Blank},
		"int32 not supported in an int64":     {ofInt(fieldTemp, 2147483634), NotSupported},
		"int32 not permitted in an int64":     {ofInt(fieldTemp, 2147483635), NoPermission},
		"beyond the int32 sentinels":          {ofInt(fieldTemp, 2147483636), OK},
		"a counter at an int32 sentinel":      {ofInt(fieldEnergy, 2147483634), OK},
		"a double":                            {ofFloat(fieldPower, 412.5), OK},
		"double blank":                        {ofFloat(fieldPower, 140737488355328), Blank},
		"double not supported":                {ofFloat(fieldPower, 140737488355330), NotSupported},
		"double not permitted":                {ofFloat(fieldPower, 140737488355331), NoPermission},
		"a ratio beyond the sentinels":        {ofFloat(fieldPower, 1e15), Blank},
		"a cumulative double beyond them":     {ofFloat(fieldJoules, 1e15), OK},
		"a cumulative double at one":          {ofFloat(fieldJoules, 140737488355328), Blank},
		"a cumulative double between two":     {ofFloat(fieldJoules, 140737488355328.5), OK},
		"not a number":                        {ofFloat(fieldPower, math.NaN()), Blank},
		"infinity":                            {ofFloat(fieldPower, math.Inf(-1)), Blank},
		"a string":                            {ofText("1650123000000"), OK},
		"string null":                         {ofText("<<<NULL>>>"), Blank},
		"string not found":                    {ofText("<<<NOT_FOUND>>>"), Blank},
		"string not supported":                {ofText("<<<NOT_SUPPORTED>>>"), NotSupported},
		"string not permitted by the library": {ofText("<<<NOT_PERM>>>"), NoPermission},
		"string not permitted by the headers": {ofText("<<<NOT_PERMISSIONED>>>"), NoPermission},
		"a string in unknown brackets":        {ofText("<<<NOT_YET>>>"), Blank},
		"status no data":                      {withStatus(-14), Blank},
		"status stale":                        {withStatus(-15), Stale},
		"status not watched":                  {withStatus(-16), Status},
		"status no permission":                {withStatus(-17), NoPermission},
		"status requires root":                {withStatus(-29), NoPermission},
		"status not supported":                {withStatus(-6), NotSupported},
		"status unknown field":                {withStatus(-13), NotSupported},
		"any other status":                    {withStatus(-999), Status},
		"never sampled":                       {never, Blank},
		"a blob":                              {raw{kind: 'b', ts: 1}, Status},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, tt.raw.decode().Reason) })
	}
}

func TestDecodedValues(t *testing.T) {
	big := ofInt(fieldEnergy, 1<<53+1)
	require.Equal(t, int64(1<<53+1), big.decode().Int(), "integers stay exact")
	power := ofFloat(fieldPower, 412.5)
	require.InDelta(t, 412.5, power.decode().Float(), 0)
	require.EqualValues(t, 412, power.decode().Int())
	serial := ofText("1650123000000")
	require.Equal(t, "1650123000000", serial.decode().Text())
}

func TestSampleStaysSmall(t *testing.T) {
	require.Equal(t, uintptr(40), unsafe.Sizeof(Sample{}))
}

// FuzzDecode proves that whatever comes out is a finite number, a string without brackets,
// or has a reason.
func FuzzDecode(f *testing.F) {
	f.Add(uint16(fieldTemp), byte(Int64), 0, int64(1), uint64(int64Blank), "")
	f.Add(uint16(fieldPower), byte(Double), 0, int64(1), math.Float64bits(fp64Blank), "")
	f.Add(uint16(fieldJoules), byte(Double), 0, int64(1), math.Float64bits(math.NaN()), "")
	f.Add(uint16(fieldSerial), byte(String), -14, int64(0), uint64(0), "<<<NULL>>>")
	f.Fuzz(func(t *testing.T, field uint16, kind byte, status int, ts int64, bits uint64, text string) {
		r := raw{field: FieldID(field), kind: Type(kind), status: status, ts: ts, bits: bits, text: &text}
		s := r.decode()
		require.NotEmpty(t, s.Reason.String())
		if s.Reason != OK {
			require.Empty(t, s.Text())
			return
		}
		require.Zero(t, status)
		require.Positive(t, ts)
		switch s.Type {
		case Double:
			require.False(t, math.IsNaN(s.Float()) || math.IsInf(s.Float(), 0))
		case Int64:
			require.Less(t, s.Int(), int64(int64Blank))
		case String:
			require.NotContains(t, []string{"<<<NULL>>>", "<<<NOT_FOUND>>>", "<<<NOT_SUPPORTED>>>", "<<<NOT_PERM>>>"}, s.Text())
		default:
			require.Fail(t, "a type that carries no value", "%c", s.Type)
		}
	})
}
