// SPDX-License-Identifier: Apache-2.0

package rules

// Form is how the text of a capture becomes a value.
type Form int

// The forms.
const (
	Text Form = iota
	Integer
	Seconds
	Lower
	Kilobytes
	Special // the receiver makes of it what it says, or nothing
)

// Attribute is what a capture becomes.
type Attribute struct {
	Key  string
	Form Form
}

// Captures are the names that expressions may capture. Keys are those of OpenTelemetry's semantic conventions where these have one.
var Captures = map[string]Attribute{
	"address":        {"kernel.memory.address", Text},
	"bank":           {"cpu.mce.bank", Integer},
	"cgroup":         {"process.linux.cgroup", Special},
	"channel":        {"gpu.xid.channel", Text},
	"client_version": {"gpu.driver.client_version", Text},
	"code":           {"kernel.event.code", Integer},
	"command":        {"process.executable.name", Text},
	"constraint":     {"oom.constraint", Lower},
	"controller":     {"hw.memory.controller", Text},
	"count":          {"kernel.event.count", Integer},
	"cpu":            {"cpu.logical_number", Integer},
	"dimm":           {"hw.memory.dimm", Text},
	"disk":           {"system.device", Text},
	"driver":         {"kernel.driver", Text},
	"driver_version": {"gpu.driver.version", Text},
	"error":          {"error.type", Lower},
	"fatality":       {"kernel.event.fatality", Lower},
	"filesystem":     {"system.filesystem.type", Lower},
	"flavour":        {"rcu.flavour", Text},
	"function":       {"kernel.function", Text},
	"gpu_index":      {"gpu.driver.instance", Text},
	"gpu_instance":   {"gpu.mig.gi", Text},
	"interface":      {"network.interface.name", Text},
	"layer":          {"error.layer", Lower},
	"link":           {"gpu.nvlink.link", Integer},
	"mcgstatus":      {"cpu.mce.mcgstatus", Text},
	"module":         {"kernel.module", Text},
	"order":          {"kernel.memory.order", Integer},
	"origin":         {"hardware.ghes.source", Text},
	"pci":            {"pci.address", Special},
	"pid":            {"process.pid", Integer},
	"queue":          {"network.interface.queue", Integer},
	"reason":         {"kernel.event.reason", Lower},
	"record":         {"hardware.ghes.record", Text},
	"root_port":      {"pci.root_port.address", Text},
	"rss":            {"process.memory.anonymous", Kilobytes},
	"seconds":        {"kernel.event.duration", Seconds},
	"sector":         {"disk.sector", Integer},
	"server":         {"server.address", Text},
	"speed":          {"pci.link.speed", Text},
	"state":          {"kernel.event.state", Lower},
	"status":         {"error.status", Text},
	"switch":         {"hw.name", Text},
	"sxid":           {"gpu.sxid.code", Special},
	"text":           {"kernel.event.text", Text},
	"trigger":        {"oom.trigger", Text},
	"uuid":           {"hw.id", Special},
	"width":          {"pci.link.width", Integer},
	"xid":            {"gpu.xid.code", Special},
	"zone":           {"kernel.device", Text},
}
