// SPDX-License-Identifier: Apache-2.0

package holders

import (
	"regexp"
	"strconv"
	"strings"
)

// Ref names a GPU or a part of it as some source does: by UUID, device name, PCI address or DCGM's number. Refs
// that mean the same are equal.
type Ref string

// UUIDRef names a GPU or MIG instance by UUID.
func UUIDRef(id string) Ref { return Ref("uuid:" + strings.ToLower(id)) }

// NameRef names a GPU by device name, such as nvidia0.
func NameRef(name string) Ref { return Ref("name:" + name) }

// NumberRef names a GPU by DCGM's number.
func NumberRef(number string) Ref { return Ref("number:" + number) }

// Instance names a GPU instance of the GPU.
func (r Ref) Instance(gi string) Ref { return r + Ref("/gi"+gi) }

var (
	uuid      = `[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`
	plainUUID = regexp.MustCompile(`^(?:GPU|MIG)-` + uuid + `$`)
	oldMIG    = regexp.MustCompile(`^MIG-(GPU-` + uuid + `)/([0-9]+)/[0-9]+$`)
	gkeName   = regexp.MustCompile(`^(nvidia[0-9]+)(?:/gi([0-9]+))?$`)
	anyUUID   = regexp.MustCompile(`(?:GPU|MIG)-` + uuid)
	pciText   = regexp.MustCompile(`^(?:PCI:)?([0-9a-fA-F]{4}|[0-9a-fA-F]{8}):([0-9a-fA-F]{2}):([0-9a-fA-F]{2})(?:\.([0-9a-fA-F]))?$`)
	number    = regexp.MustCompile(`^[0-9]+$`)
)

// PCIRef names a GPU by PCI address, in any of the forms that the driver, the kernel and NVML write. The function
// does not count, and text that is no address gives "".
func PCIRef(address string) Ref {
	m := pciText.FindStringSubmatch(address)
	if m == nil {
		return ""
	}
	domain, err := strconv.ParseUint(m[1], 16, 32)
	if err != nil {
		return ""
	}
	return Ref("pci:" + strconv.FormatUint(domain, 16) + ":" + strings.ToLower(m[2]+":"+m[3]))
}

// busRef names the GPU of a bus, which its virtual functions share.
func busRef(pci Ref) Ref {
	if pci == "" {
		return ""
	}
	return "bus" + pci[len("pci"):strings.LastIndexByte(string(pci), ':')]
}

// Device is what an id of a device plugin or driver says.
type Device struct {
	Ref     Ref
	Replica string // number of the share, where the device is shared
	Kind    Kind   // what the id alone says: exclusive, timeslice for any sharing, mig or vgpu
}

// ParseDevice reads the ids of NVIDIA's device plugin (UUID, UUID::replica), of GKE's (nvidia0, nvidia0/gi1, and
// either with /vgpu2), and of plugins that give PCI addresses and virtual functions. It returns false for any other.
func ParseDevice(id string) (Device, bool) {
	rest, replica, shared := strings.Cut(id, "::")
	if !shared {
		rest, replica, shared = strings.Cut(id, "/vgpu")
	}
	if shared && !number.MatchString(replica) {
		return Device{}, false
	}
	d, known := parseWhole(rest)
	if shared {
		d.Replica, d.Kind = replica, Timeslice
	}
	return d, known
}

func parseWhole(id string) (Device, bool) {
	if plainUUID.MatchString(id) {
		return Device{Ref: UUIDRef(id), Kind: kindOf(id)}, true
	}
	if m := oldMIG.FindStringSubmatch(id); m != nil {
		return Device{Ref: UUIDRef(m[1]).Instance(m[2]), Kind: MIG}, true
	}
	if m := gkeName.FindStringSubmatch(id); m != nil {
		if m[2] == "" {
			return Device{Ref: NameRef(m[1]), Kind: Exclusive}, true
		}
		return Device{Ref: NameRef(m[1]).Instance(m[2]), Kind: MIG}, true
	}
	return parsePCI(id)
}

// parsePCI takes function 0 of device 0 for the GPU itself, and all others of its bus for virtual functions.
func parsePCI(id string) (Device, bool) {
	m := pciText.FindStringSubmatch(id)
	if m == nil {
		return Device{}, false
	}
	ref := PCIRef(id)
	if m[3] == "00" && (m[4] == "" || m[4] == "0") {
		return Device{Ref: ref, Kind: Exclusive}, true
	}
	return Device{Ref: busRef(ref), Replica: m[3] + "." + m[4], Kind: VGPU}, true
}

func kindOf(id string) Kind {
	if strings.HasPrefix(id, "MIG-") {
		return MIG
	}
	return Exclusive
}

// ParseCDI finds the UUID in the name of a CDI device, such as k8s.gpu.nvidia.com/device=GPU-….
func ParseCDI(name string) (Device, bool) {
	id := anyUUID.FindString(name)
	if id == "" {
		return Device{}, false
	}
	return Device{Ref: UUIDRef(id), Kind: DRA}, true
}

// ParseJobFile reads the name of a file of the job-mapping directory: DCGM's number of a GPU, or number.instance.
func ParseJobFile(name string) (Device, bool) {
	gpu, instance, isInstance := strings.Cut(name, ".")
	if !number.MatchString(gpu) || (isInstance && !number.MatchString(instance)) {
		return Device{}, false
	}
	ref := NumberRef(canonical(gpu))
	if isInstance {
		return Device{Ref: ref.Instance(canonical(instance)), Kind: MIG}, true
	}
	return Device{Ref: ref, Kind: Exclusive}, true
}

// canonical drops leading zeros.
func canonical(digits string) string {
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return trimmed
	}
	return "0"
}
