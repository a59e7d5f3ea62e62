// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"errors"
	"fmt"
	"math"
)

// WholeNumbers refuses fractions in what a receiver counts by, of which a Collector takes the whole part without a word. It is for the
// receiver's Unmarshal, where conf is its *confmap.Conf.
func WholeNumbers(conf interface{ Get(key string) any }, keys ...string) error {
	var errs []error
	for _, key := range keys {
		if number, isFloat := conf.Get(key).(float64); isFloat && number != math.Trunc(number) {
			errs = append(errs, fmt.Errorf("%q: must be a whole number, got %v", key, number))
		}
	}
	return errors.Join(errs...)
}
