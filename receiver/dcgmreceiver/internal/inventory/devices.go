// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// AllDevices is the name that chooses every GPU.
const AllDevices = "all"

// Devices is a choice of GPUs.
type Devices struct {
	all   bool
	names []string // as configured
	match []func(entity dcgm.Entity, uuid string) bool
}

// ParseDevices takes [AllDevices] alone, or DCGM's GPU numbers and UUIDs.
func ParseDevices(names []string) (*Devices, error) {
	if len(names) == 0 {
		return nil, errors.New(`"devices": must be all, or name at least one GPU`)
	}
	d := &Devices{}
	for _, name := range names {
		name = strings.TrimSpace(name)
		index, err := strconv.ParseUint(name, 10, 32)
		switch {
		case name == AllDevices && len(names) == 1:
			d.all = true
			return d, nil
		case gpuUUID.MatchString(name):
			d.match = append(d.match, func(_ dcgm.Entity, uuid string) bool { return strings.EqualFold(uuid, name) })
		case err == nil:
			d.match = append(d.match, func(gpu dcgm.Entity, _ string) bool { return gpu.Kind == dcgm.GPU && uint64(gpu.ID) == index })
		default:
			return nil, fmt.Errorf(`"devices": must be all, or a list of GPU numbers such as 0 and UUIDs such as GPU-6cc4bf38-2ba8-4ec5-bf1a-2b3a5ce1a5d2, got %q`, name)
		}
		d.names = append(d.names, name)
	}
	return d, nil
}

// Shares reports whether two choices certainly have a GPU in common: a number and a UUID may be those of one GPU, or not.
func (d *Devices) Shares(other *Devices) bool {
	return d.all || other.all || slices.ContainsFunc(d.names, func(name string) bool { return slices.ContainsFunc(other.names, sameAs(name)) })
}

// sameAs compares spellings of a number or a UUID.
func sameAs(name string) func(string) bool {
	number, err := strconv.ParseUint(name, 10, 32)
	return func(other string) bool {
		otherNumber, otherErr := strconv.ParseUint(other, 10, 32)
		return err == nil && otherErr == nil && number == otherNumber || strings.EqualFold(name, other)
	}
}

func (d *Devices) has(gpu dcgm.Entity, uuid string) bool {
	for _, match := range d.match {
		if match(gpu, uuid) {
			return true
		}
	}
	return d.all
}

// missing returns the names that none of some entities goes by.
func (d *Devices) missing(some []*Known) []string {
	var names []string
	for i, match := range d.match {
		found := false
		for _, k := range some {
			found = found || match(k.Entity, k.ID)
		}
		if !found {
			names = append(names, d.names[i])
		}
	}
	return names
}

// absentIdentity is what a device goes by that is configured by a number or a UUID and that
// DCGM does not know.
func absentIdentity(name string) Identity {
	if uuid, named := strings.CutPrefix(name, "GPU-"); named {
		return Identity{ID: "GPU-" + strings.ToLower(uuid), Vendor: Vendor}
	}
	number, _ := strconv.ParseUint(name, 10, 32) // ParseDevices has let it through.
	id := ByNumber(dcgm.Entity{Kind: dcgm.GPU, ID: uint32(number)})
	return Identity{ID: id, Name: id, Vendor: Vendor}
}
