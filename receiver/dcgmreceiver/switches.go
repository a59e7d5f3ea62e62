// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import "strings"

// switchesAreWanted reports whether an enabled metric is about NVSwitches.
func switchesAreWanted(enabled map[string]bool) bool {
	for name, on := range enabled {
		if on && (strings.HasPrefix(name, "gpu.nvswitch.") || strings.HasPrefix(name, "gpu.sxid.")) {
			return true
		}
	}
	return false
}

// switchesUp records which NVSwitches the host engine lists, and which it has listed before.
func (r *recording) switchesUp(present []*gpu) {
	for _, g := range present {
		r.add(g, metricSwitchUp, boolToInt(g.up()))
	}
	for _, g := range r.left {
		r.add(g, metricSwitchUp, 0)
	}
}

// switchInfo records what is known of an NVSwitch and its links.
func (r *recording) switchInfo(g *gpu) {
	f := &g.known.Facts
	r.add(g, metricSwitchInfo, 1, f.PCIBusID, f.Firmware, f.PhysicalID)
	for _, link := range linkAttributes {
		if hasLinks(g.links) {
			r.add(g, metricSwitchLinks, countLinks(g.links, link.state), link.attribute.String())
		}
	}
}
