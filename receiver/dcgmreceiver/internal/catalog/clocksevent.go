// SPDX-License-Identifier: Apache-2.0

package catalog

import "github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"

// FieldClocksEventReasons is a mask of what holds the clocks down.
const FieldClocksEventReasons dcgm.FieldID = 112

// ClocksEventReasons are the bits of that field (dcgm_fields.h, DCGM_CLOCKS_EVENT_REASON_*).
var ClocksEventReasons = [...]struct {
	Bit    uint
	Reason string // as gpu.throttle.reason has it
}{
	{0, "idle"},
	{1, "clocks_setting"},
	{2, "sw_power_cap"},
	{3, "hw_slowdown"},
	{4, "sync_boost"},
	{5, "sw_thermal"},
	{6, "hw_thermal"},
	{7, "hw_power_brake"},
	{8, "display"},
}

// IsClocksEventMask reports whether a value may be one of that field.
func IsClocksEventMask(value int64) bool { return mayBeMask(value, clocksEventBits) }
