// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// gpu is what the driver says about a GPU.
type gpu struct{ id, name, model string }

// gpus finds GPUs by their PCI addresses. What the driver said once stays when it says nothing any more: GPUs that are lost are what this is
// about.
type gpus struct {
	folder string
	known  map[address]gpu
	read   map[address]time.Time
}

// readInterval is how long an answer of the driver holds: a GPU may have been replaced.
const readInterval = time.Minute

// maxKnown bounds what is kept of addresses, which a log could make up.
const maxKnown = 1024

func newGPUs(folder string) *gpus {
	return &gpus{folder: folder, known: map[address]gpu{}, read: map[address]time.Time{}}
}

// address is a PCI address; a text without a domain is of domain 0.
type address struct{ domain, bus, device, function uint64 }

var addressText = regexp.MustCompile(`^(?:([0-9A-Fa-f]{4,8}):)?([0-9A-Fa-f]{2}):([0-9A-Fa-f]{2})(?:\.([0-7]))?$`)

func parseAddress(text string) (address, bool) {
	match := addressText.FindStringSubmatch(text)
	if match == nil {
		return address{}, false
	}
	var fields [4]uint64
	for i, field := range match[1:] {
		if field != "" {
			fields[i], _ = strconv.ParseUint(field, 16, 32) // The expression has no others.
		}
	}
	return address{fields[0], fields[1], fields[2], fields[3]}, true
}

// busID is the address as DCGM and NVML write it.
func (a address) busID() string {
	return fmt.Sprintf("%08X:%02X:%02X.%d", a.domain, a.bus, a.device, a.function)
}

// String is the address as the kernel writes it.
func (a address) String() string {
	return fmt.Sprintf("%04x:%02x:%02x.%d", a.domain, a.bus, a.device, a.function)
}

// at returns the GPU at an address at now, and whether there is or was one.
func (g *gpus) at(a address, now time.Time) (gpu, bool) {
	if last := g.read[a]; now.Sub(last) > readInterval && (len(g.read) < maxKnown || !last.IsZero()) {
		g.read[a] = now
		if content, err := os.ReadFile(filepath.Join(g.folder, a.String(), "information")); err == nil {
			g.merge(a, parseInformation(string(content)))
		}
	}
	found, ok := g.known[a]
	return found, ok
}

// learn takes what the log says about a GPU's UUID.
func (g *gpus) learn(a address, id string) {
	if len(g.known) < maxKnown {
		g.merge(a, gpu{id: id})
	}
}

func (g *gpus) merge(a address, said gpu) {
	before := g.known[a]
	if said.id == "" || said.id == before.id {
		said.id = before.id
		if said.name == "" {
			said.name = before.name
		}
		if said.model == "" {
			said.model = before.model
		}
	}
	g.known[a] = said
}

// gpuUUID is what a GPU has once it is initialised; before that the driver writes question marks.
var gpuUUID = regexp.MustCompile(`^GPU-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func parseInformation(content string) gpu {
	var g gpu
	for line := range strings.SplitSeq(content, "\n") {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Model":
			g.model = value
		case "GPU UUID":
			if gpuUUID.MatchString(value) {
				g.id = value
			}
		case "Device Minor":
			if _, err := strconv.ParseUint(value, 10, 16); err == nil {
				g.name = "nvidia" + value
			}
		}
	}
	return g
}
