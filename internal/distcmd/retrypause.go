// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// least is the pause below which retries are a loop.
	least = 10 * time.Millisecond
	// leastGrowing is that of a first pause that the next ones exceed. Upstream rounds to whole
	// nanoseconds: shorter ones grow slowly or not at all.
	leastGrowing = time.Millisecond
	// usualMultiplier is that of receivers whose retries have no such setting.
	usualMultiplier = 1.5
)

// validateAndWarn validates, and warns of what is valid and probably a mistake, and of what converters
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

// hotRetries names every retry below key that is switched on and hardly pauses.
func hotRetries(key string, value any) (found []string) {
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			found = append(found, hotRetries(fmt.Sprintf("%s[%d]", key, i), element)...)
		}
	case map[string]any:
		if short := shortPauses(key, v); len(short) > 0 {
			return []string{fmt.Sprintf(`%q: retries hardly pause, since %s: what cannot be delivered is sent in a loop`, key, strings.Join(short, " and "))}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			found = append(found, hotRetries(strings.TrimPrefix(key+"::"+name, "::"), v[name])...)
		}
	}
	return found
}

// shortPauses returns which settings of a back-off that is enabled make its pauses short or shrink.
func shortPauses(key string, settings map[string]any) (short []string) {
	b, is := readBackOff(key, settings)
	if !is {
		return nil
	}
	leastFirst := least
	if b.multiplier > 1 {
		leastFirst = leastGrowing
	}
	// Exporters begin again with the first pause when the next one is zero.
	begins := strings.HasPrefix(key, "exporters::")
	if b.initial < leastFirst {
		short = append(short, fmt.Sprintf(`"initial_interval" (%s) is below %s`, b.initial, leastFirst))
	}
	if b.largest < least && (b.largest > 0 || !begins) {
		short = append(short, fmt.Sprintf(`"max_interval" (%s) is below %s`, b.largest, least))
	}
	if b.multiplier < 1 && (b.multiplier > 0 || !begins) {
		short = append(short, fmt.Sprintf(`"multiplier" (%v) is below 1`, b.multiplier))
	}
	return short
}

// backOff is how long retries pause: at first, at most, and how much longer each time.
type backOff struct {
	initial, largest time.Duration
	multiplier       float64
}

// readBackOff returns the back-off that is enabled in a section, if it is one. An exporter without a
// multiplier takes zero for its defaults, and is none.
func readBackOff(key string, settings map[string]any) (b backOff, is bool) {
	multiplier, has := settings["multiplier"]
	if !has && strings.HasPrefix(key, "receivers::") {
		multiplier = usualMultiplier
	}
	var errs [3]error
	b.initial, errs[0] = time.ParseDuration(fmt.Sprint(settings["initial_interval"]))
	b.largest, errs[1] = time.ParseDuration(fmt.Sprint(settings["max_interval"]))
	b.multiplier, errs[2] = strconv.ParseFloat(fmt.Sprint(multiplier), 64)
	return b, settings["enabled"] == true && errors.Join(errs[:]...) == nil
}
