// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Text is the verdict for people and scripts: a line that begins with the node's verdict and has its reasons, then a line for each GPU.
func (n *Node) Text() []byte {
	var body bytes.Buffer
	summary := strings.Join(n.Reasons, "; ")
	if summary == "" {
		summary = fmt.Sprintf("%d %s", n.Present, map[bool]string{true: "GPU", false: "GPUs"}[n.Present == 1])
	}
	fmt.Fprintf(&body, "%s: %s\n", n.Verdict, summary)
	table := tabwriter.NewWriter(&body, 0, 0, 2, ' ', 0)
	for i := range n.GPUs {
		_, _ = fmt.Fprintln(table, n.GPUs[i].row())
	}
	_ = table.Flush() // A buffer takes everything.
	return body.Bytes()
}

// row has cells that end in tabs.
func (g *GPU) row() string {
	cells := []string{g.Label(), string(g.Verdict), "since " + g.Since.UTC().Format(time.RFC3339), g.ID}
	for _, r := range g.Reasons {
		cells = append(cells, r.String())
	}
	return strings.Join(cells, "\t")
}
