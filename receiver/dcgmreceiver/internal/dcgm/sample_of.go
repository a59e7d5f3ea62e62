// SPDX-License-Identifier: Apache-2.0

package dcgm

import "math"

// SampleOf returns a sample that holds a value, as the door makes them of what DCGM sends. It
// is for tests of what is made of samples.
func SampleOf[V int64 | float64 | string](field FieldID, ts int64, value V) Sample {
	s := Sample{TS: ts, Field: field}
	switch v := any(value).(type) {
	case int64:
		s.Type, s.bits = Int64, uint64(v) //nolint:gosec // Two's complement is what DCGM sends.
	case float64:
		s.Type, s.bits = Double, math.Float64bits(v)
	case string:
		s.Type, s.text = String, &v
	}
	return s
}
