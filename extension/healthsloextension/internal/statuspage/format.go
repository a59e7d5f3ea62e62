// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// age shows the two largest units of a duration, as in "3 h 12 min".
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0).Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return join(d, time.Minute, "min", time.Second, "s")
	case d < day:
		return join(d, time.Hour, "h", time.Minute, "min")
	default:
		return join(d, day, "d", time.Hour, "h")
	}
}

func join(d, large time.Duration, largeUnit string, small time.Duration, smallUnit string) string {
	text := fmt.Sprintf("%d %s", d/large, largeUnit)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallUnit)
	}
	return text
}

// percent shows a ratio with as many digits as distinguish it from 0 and from 100 %.
func percent(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return "unknown"
	}
	value := ratio * 100
	distance := math.Min(math.Abs(value), math.Abs(100-value))
	digits := 0
	for limit := 10.0; distance > 1e-9 && distance < limit && digits < 4; limit /= 10 {
		digits++
	}
	text := strconv.FormatFloat(value, 'f', digits, 64)
	if digits == 4 && distance < 0.0001 { // It would round to what it is not.
		return map[bool]string{true: "< 0.0001 %", false: "> 99.9999 %"}[value < 50]
	}
	if digits > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text + " %"
}

// budget shows what is left of an error budget, or how many times it was spent.
func budget(remaining float64) string {
	switch {
	case remaining == 0:
		return "spent"
	case remaining < 0 && !math.IsInf(remaining, 0):
		return "spent " + times(1-remaining)
	default:
		return percent(remaining)
	}
}

// times shows a burn rate.
func times(rate float64) string {
	if math.IsNaN(rate) || math.IsInf(rate, 0) {
		return "unknown"
	}
	return strconv.FormatFloat(rate, 'f', 1, 64) + "×"
}
