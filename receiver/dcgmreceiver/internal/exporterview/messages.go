// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed xid-messages.tsv
var xidMessages string

var messages = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(xidMessages) {
		if code, text, isRow := strings.Cut(strings.TrimSuffix(line, "\n"), "\t"); isRow {
			out[code] = text
		}
	}
	return out
})

// MessageOf returns dcgm-exporter's text for an XID, the value of its label err_msg.
func MessageOf(code int) string {
	if text, known := messages()[strconv.Itoa(code)]; known {
		return text
	}
	return "Unknown Error"
}
