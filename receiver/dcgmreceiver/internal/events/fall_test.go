// SPDX-License-Identifier: Apache-2.0

package events

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCounterThatBeginsAnewFalls(t *testing.T) {
	for name, tt := range map[string]struct {
		values []int64
		want   []int64 // since when, at the place of the sample that shows it
	}{
		"it counts":                            {[]int64{10, 20, 20, 30}, []int64{0, 0, 0, 0}},
		"it begins anew":                       {[]int64{10, 20, 1, 2, 3}, []int64{0, 0, 0, 3, 0}},
		"it stands still after it began anew":  {[]int64{10, 20, 0, 0, 3}, []int64{0, 0, 0, 3, 0}},
		"one sample is odd":                    {[]int64{10, 20, 1, 30, 40}, []int64{0, 0, 0, 0, 0}},
		"odd samples are now and then":         {[]int64{10, 20, 1, 30, 1, 40}, []int64{0, 0, 0, 0, 0, 0}},
		"it falls again before it counts":      {[]int64{10, 20, 5, 1, 2}, []int64{0, 0, 0, 0, 4}},
		"it begins anew twice":                 {[]int64{20, 1, 2, 0, 1}, []int64{0, 0, 2, 0, 4}},
		"it has grown beyond what it was soon": {[]int64{10, 1, 11}, []int64{0, 0, 0}},
	} {
		var f Fall
		var got []int64
		for i, value := range tt.values {
			since, _ := f.Observe(int64(i+1), value)
			got = append(got, since)
			_, twice := f.Observe(int64(i+1), value)
			require.False(t, twice, "%s: the same sample says nothing new", name)
		}
		require.Equal(t, tt.want, got, name)
	}
}
