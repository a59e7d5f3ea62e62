// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"context"
	"fmt"
	"strings"
)

// Health watches the health of entities by DCGM's own rules. It costs the host engine samples that other clients see, and a check takes tens
// of milliseconds and a megabyte: it is not for every collection.
type Health interface {
	// WatchHealth has the host engine watch the health of a group's GPUs and NVSwitches. The watch ends with the group.
	WatchHealth(ctx context.Context, group *Group, systems HealthSystems) error
	// CheckHealth returns what is wrong with a group for which [Health.WatchHealth] was called. The first check is a baseline
	// and returns nothing.
	CheckHealth(ctx context.Context, group *Group) ([]Incident, error)
}

// HealthSystems is a set of what DCGM watches the health of (dcgm_structs.h, dcgmHealthSystems_t).
type HealthSystems uint32

// The systems. An incident that concerns the whole entity has all of them.
const (
	HealthPCIe HealthSystems = 1 << iota
	HealthNVLink
	HealthPMU
	HealthMCU
	HealthMemory
	HealthSM
	HealthInfoROM
	HealthThermal
	HealthPower
	HealthDriver
	HealthNVSwitchNonFatal
	HealthNVSwitchFatal
	HealthConnectX
	HealthIMEX

	HealthAll HealthSystems = 1<<32 - 1
)

var healthSystemNames = [...]string{
	"pcie", "nvlink", "pmu", "mcu", "memory", "sm", "inforom", "thermal", "power", "driver", "nvswitch_nonfatal", "nvswitch_fatal", "connectx", "imex",
}

// HealthSystemNames are the names of single systems, in DCGM's order.
func HealthSystemNames() []string { return healthSystemNames[:] }

// String returns the name of a system, "all" for what concerns the whole entity, and the names of several with commas.
func (s HealthSystems) String() string {
	if s == HealthAll {
		return "all"
	}
	var names []string
	for i, name := range healthSystemNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("0x%x", uint32(s))
	}
	return strings.Join(names, ",")
}

// HealthResult is how bad an incident is (dcgm_structs.h, dcgmHealthWatchResults_t).
type HealthResult uint8

// The results.
const (
	HealthPass HealthResult = 0
	HealthWarn HealthResult = 10
	HealthFail HealthResult = 20
)

// String returns the result as attribute values spell it.
func (r HealthResult) String() string {
	switch r {
	case HealthPass:
		return "pass"
	case HealthWarn:
		return "warn"
	case HealthFail:
		return "fail"
	default:
		return fmt.Sprintf("result_%d", uint8(r))
	}
}

// Incident is something that a health watch has found.
type Incident struct {
	Entity  Entity
	System  HealthSystems
	Result  HealthResult
	Code    int // DCGM's error code (dcgm_errors.h, DCGM_FR_*)
	Message string
	Meta    ErrorMeta
}

// ErrorMeta is what DCGM says about an error code, "" for what it does not know.
type ErrorMeta struct {
	Severity string
	Category string
	NextStep string
}

// Severities and categories of errors by their numbers (dcgm_errors.h).
var (
	errorSeverities = [...]string{"none", "monitor", "isolate", "unknown", "triage", "config", "reset"}
	errorCategories = [...]string{
		"none", "performance_threshold", "performance_violation", "software_config", "software_library", "software_xid", "software_cuda", "software_eud",
		"software_other", "hardware_thermal", "hardware_memory", "hardware_nvlink", "hardware_nvswitch", "hardware_pcie", "hardware_power", "hardware_other",
		"internal_other", "software_cpu_sdc",
	}
)

func nameOf(names []string, number int) string {
	if number < 0 || number >= len(names) {
		return ""
	}
	return names[number]
}
