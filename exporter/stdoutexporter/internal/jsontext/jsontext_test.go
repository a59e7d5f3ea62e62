// SPDX-License-Identifier: Apache-2.0

package jsontext

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHexIsLowerCase(t *testing.T) {
	id := make([]byte, 256)
	for i := range id {
		id[i] = byte(i)
	}
	require.Equal(t, `"`+hex.EncodeToString(id)+`"`, string(Hex(nil, id)))
	require.Equal(t, `""`, string(Hex(nil, nil)))
}

// FuzzFloat64 states that a number is written in its shortest form, and that what JSON has no
// number for is a string.
func FuzzFloat64(f *testing.F) {
	for _, v := range []float64{0, math.Copysign(0, -1), 1, -1.5, 0.1, 0.125, 99.999, 0.0005, 1e12, 1e15, 1e-7, 1e21, 123456789.123, math.MaxFloat64, math.NaN(), math.Inf(-1)} {
		f.Add(math.Float64bits(v), int64(v))
	}
	f.Fuzz(func(t *testing.T, bits uint64, thousandths int64) {
		for _, v := range []float64{math.Float64frombits(bits), float64(thousandths) / 1000} {
			got := string(Float64(nil, v))
			if math.IsNaN(v) || math.IsInf(v, 0) {
				require.Contains(t, []string{`"NaN"`, `"Infinity"`, `"-Infinity"`}, got)
				continue
			}
			want, err := json.Marshal(v)
			require.NoError(t, err)
			read, err := strconv.ParseFloat(got, 64)
			require.NoError(t, err)
			require.Equal(t, math.Float64bits(v), math.Float64bits(read))
			require.LessOrEqual(t, len(got), len(want)+1, "encoding/json leaves the zero out of e-07")
		}
	})
}

// FuzzString states that every string is one line of JSON that reads back as the same text, with
// what is not UTF-8 replaced.
func FuzzString(f *testing.F) {
	for n := range 20 { // a special character at every place of a word of eight
		f.Add(strings.Repeat("a", n) + `"` + strings.Repeat("b", 20-n))
		f.Add(strings.Repeat("a", n) + "\x1f")
		f.Add(strings.Repeat("a", n) + "\xff" + `\`)
	}
	f.Add("µ 温度\u2028\u2029\n\r\t<&>\x7f")
	f.Fuzz(func(t *testing.T, s string) {
		got := String(nil, s)
		require.NotContains(t, string(got), "\n")
		require.NotContains(t, string(got), "\u2028")
		var read string
		require.NoError(t, json.Unmarshal(got, &read))
		require.Equal(t, string([]rune(s)), read)
	})
}
