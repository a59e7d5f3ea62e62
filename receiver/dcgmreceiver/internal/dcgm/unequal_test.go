// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgm

// unequal lists what the simulation cannot answer as recorded, by recording. A row that is equal
// all the same fails its test.
var unequal = map[string][]struct{ row, reason string }{
	"dcgm-4.6.0-xid-since.jsonl": {
		{"number of values of start", "another client had watched before, and had ended three seconds ago"},
	},
	"dcgm-4.6.0-nvswitch.jsonl.gz": {
		{"NvLink 3 field 1524", "a text field, of which DCGM stores a number for links: the simulation has one type for each field"},
		{"NvLink 259 field 1524", "as of the other link"},
		{"NvSwitch 0 field 877", "a text field, of which DCGM stores a number for switches"},
	},
}
