// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// pauses are the settings of a back-off that leave no pause between retries when one is zero:
// the second pause at the latest is the first times the multiplier, up to the largest.
var pauses = []string{"initial_interval", "max_interval", "multiplier"}

// validateAndWarn validates, and warns of what is valid and hardly meant, and of what converters
// warn of when the Collector runs.
func (c *configuration) validateAndWarn(cmd *cobra.Command, args []string) error {
	c.warned.start()
	err := c.check(cmd, args)
	warned := c.warned.stop()
	if err != nil {
		return err
	}
	for _, warning := range warned {
		cmd.PrintErrln("warning: " + warning)
	}
	explanation := c.explanation(cmd)
	if explanation == nil {
		return nil
	}
	for _, warning := range hotRetries("", explanation.Effective) {
		cmd.PrintErrln("warning: " + warning)
	}
	return nil
}

// hotRetries names every retry below key that is switched on and has no pause.
func hotRetries(key string, value any) (found []string) {
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			found = append(found, hotRetries(fmt.Sprintf("%s[%d]", key, i), element)...)
		}
	case map[string]any:
		if zero := withoutPause(v); len(zero) > 0 {
			return []string{fmt.Sprintf(`%q: retries without a pause, since %s is zero: what cannot be delivered is sent in a loop`, key, strings.Join(zero, ", "))}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			found = append(found, hotRetries(strings.TrimPrefix(key+"::"+name, "::"), v[name])...)
		}
	}
	return found
}

// withoutPause returns the zero settings of a back-off that is enabled.
func withoutPause(settings map[string]any) (zero []string) {
	if settings["enabled"] != true {
		return nil
	}
	for _, name := range pauses {
		value, is := settings[name]
		if !is {
			return nil
		}
		if text := fmt.Sprint(value); text == "0" || text == "0s" {
			zero = append(zero, fmt.Sprintf("%q", name))
		}
	}
	return zero
}
