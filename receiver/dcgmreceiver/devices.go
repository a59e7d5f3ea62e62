// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const allDevices = "all"

// devices is a choice of GPUs.
type devices struct {
	all   bool
	names []string // as configured
	match []func(dcgm.Entity, string) bool
}

var gpuUUID = regexp.MustCompile(`^GPU-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func parseDevices(names []string) (*devices, error) {
	if len(names) == 0 {
		return nil, errors.New(`"devices": must be all, or name at least one GPU`)
	}
	d := &devices{}
	for _, name := range names {
		name = strings.TrimSpace(name)
		index, err := strconv.ParseUint(name, 10, 32)
		switch {
		case name == allDevices && len(names) == 1:
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

func (d *devices) has(gpu dcgm.Entity, uuid string) bool {
	for _, match := range d.match {
		if match(gpu, uuid) {
			return true
		}
	}
	return d.all
}

// absentIdentity is what a device goes by that is configured by a number or a UUID and that
// DCGM does not know.
func absentIdentity(name string) identity {
	if uuid, named := strings.CutPrefix(name, "GPU-"); named {
		return identity{id: "GPU-" + strings.ToLower(uuid), vendor: vendor}
	}
	number, _ := strconv.ParseUint(name, 10, 32) // parseDevices has let it through.
	known := unidentified(dcgm.Entity{Kind: dcgm.GPU, ID: uint32(number)})
	return identity{id: known, name: known, vendor: vendor}
}

// absent returns the names that no GPU of gpus goes by.
func (d *devices) absent(gpus []*gpu) []string {
	var names []string
	for i, match := range d.match {
		found := false
		for _, g := range gpus {
			found = found || match(g.entity, g.id)
		}
		if !found {
			names = append(names, d.names[i])
		}
	}
	return names
}
