// SPDX-License-Identifier: Apache-2.0

package jsontext

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
)

// Key appends key, preceded by a comma unless it is the first one of its object. The key comes quoted and with its colon, as in `"name":`.
func Key(b []byte, key string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(b, key...)
}

// List is what the slice types of pdata have in common.
type List[T any] interface {
	Len() int
	At(int) T
}

// Array appends list as a JSON array.
func Array[T any, L List[T]](b []byte, list L, element func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = element(b, list.At(i))
	}
	return append(b, ']')
}

// ArrayField appends key and list, or nothing if the list is empty.
func ArrayField[T any, L List[T]](b []byte, key string, list L, element func([]byte, T) []byte) []byte {
	if list.Len() == 0 {
		return b
	}
	return Array(Key(b, key), list, element)
}

// Int32 appends v as a number.
func Int32(b []byte, v int32) []byte { return strconv.AppendInt(b, int64(v), 10) }

// Uint32 appends v as a number.
func Uint32(b []byte, v uint32) []byte { return strconv.AppendUint(b, uint64(v), 10) }

// Int64 appends v as a number.
func Int64(b []byte, v int64) []byte { return strconv.AppendInt(b, v, 10) }

// Uint64 appends v as a number.
func Uint64(b []byte, v uint64) []byte { return strconv.AppendUint(b, v, 10) }

// pairs holds the numbers from 00 to 99.
var pairs = func() (table [200]byte) {
	for i := range byte(100) {
		table[2*i], table[2*i+1] = '0'+i/10, '0'+i%10
	}
	return table
}()

// QuotedInt64 appends v as a decimal string, which is how the protobuf JSON mapping writes 64-bit integers.
func QuotedInt64(b []byte, v int64) []byte {
	return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
}

// QuotedUint64 appends v as a decimal string, which is how the protobuf JSON mapping writes 64-bit integers.
func QuotedUint64(b []byte, v uint64) []byte {
	return append(Uint64(append(b, '"'), v), '"')
}

// Float64 appends the shortest number that reads back as v, or one of the strings "NaN", "Infinity" and "-Infinity".
func Float64(b []byte, v float64) []byte {
	if thousandths := v * 1000; thousandths > -maxThousandths && thousandths < maxThousandths && v != 0 {
		if n := int64(math.RoundToEven(thousandths)); float64(n)/1000 == v {
			return decimal(b, n)
		}
	}
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// OptionalFloat64Field appends key and v if v is present, zero included.
func OptionalFloat64Field(b []byte, key string, v float64, present bool) []byte {
	if !present {
		return b
	}
	return Float64(Key(b, key), v)
}

// maxThousandths bounds the numbers that go without a search for their shortest form. Of all numbers of up to 15 digits no two have the
// same float64, so one that gives v back is the shortest once its trailing zeros are gone.
const maxThousandths = 1e15

// decimal appends n/1000 without trailing zeros.
func decimal(b []byte, n int64) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendInt(b, n/1000, 10)
	switch fraction := n % 1000; {
	case fraction == 0:
		return b
	case fraction%100 == 0:
		return append(b, '.', byte('0'+fraction/100))
	case fraction%10 == 0:
		return append(b, '.', pairs[fraction/10*2], pairs[fraction/10*2+1])
	default:
		return append(b, '.', byte('0'+fraction/100), pairs[fraction%100*2], pairs[fraction%100*2+1])
	}
}

// Hex appends id as a string of hexadecimal digits.
func Hex(b, id []byte) []byte {
	return append(hex.AppendEncode(append(b, '"'), id), '"')
}

// base64Chunk is a multiple of three, so that only the last chunk is padded.
const base64Chunk = 48

// Base64 appends data as a base64 string.
func Base64[L List[byte]](b []byte, data L) []byte {
	var chunk [base64Chunk]byte
	b = append(b, '"')
	n := 0
	for i := range data.Len() {
		chunk[n] = data.At(i)
		n++
		if n == base64Chunk {
			b = base64.StdEncoding.AppendEncode(b, chunk[:])
			n = 0
		}
	}
	return append(base64.StdEncoding.AppendEncode(b, chunk[:n]), '"')
}
