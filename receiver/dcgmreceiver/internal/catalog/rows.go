// SPDX-License-Identifier: Apache-2.0

package catalog

import "slices"

// rows are every series of an entity by importance: where the limit of series is reached, what
// is at its end is left out. Fields go by number, as in dcgm_fields.h; DCGM renames them.
var rows = slices.Concat(measurements, details)

// measurements are those without which a GPU cannot be judged.
var measurements = slices.Concat(
	powerSeries,
	temperatureSeries,
	utilizationSeries,
	memorySeries,
	pcieSeries,
	clockSeries,
	throttleSeries,
	errorSeries,
	repairSeries,
)

var details = slices.Concat(
	switchSeries,
	nvlinkSeries,
	fabricSeries,
	c2cSeries,
	modeSeries,
	pipeDetails,
	temperatureDetails,
	memoryDetails,
	clockDetails,
	errorDetails,
	nvlinkDetails,
	engineDetails,
	cycleDetails,
	smoothingDetails,
)

// Rows returns all rows by importance.
func Rows() []Row { return rows }

// Measurements is how many of the rows, from the first, come before events.
func Measurements() int { return len(measurements) }
