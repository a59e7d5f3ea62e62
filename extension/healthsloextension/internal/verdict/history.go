// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"sync"
	"time"
)

// Process is the history of this process: a configuration reload replaces the extension, and begins no verdict.
var Process History

// maxEntries is far beyond any node. It bounds memory should GPUs come and go under ever new ids.
const maxEntries = 4096

// History knows since when each verdict holds. A verdict that could not be seen for a while has held meanwhile if it is the same
// afterwards. The zero value is ready; its methods are safe for concurrent use.
type History struct {
	mu      sync.Mutex
	entries map[subject]entry
}

// subject is what a verdict is about: a GPU, or the node as one extension sees it. Not knowing does not end what was known.
type subject struct {
	owner, id string
	unknown   bool
}

type entry struct {
	verdict State
	since   time.Time
}

// Stamp sets since when the verdicts on a node and its GPUs hold. The owner is the extension that judges.
func (h *History) Stamp(owner string, n *Node) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n.Since = h.since(subject{owner: owner}, n.Verdict, n.At)
	for i := range n.GPUs {
		g := &n.GPUs[i]
		g.Since = h.since(subject{owner: g.Component, id: g.ID}, g.Verdict, n.At)
	}
}

func (h *History) since(s subject, verdict State, now time.Time) time.Time {
	s.unknown = verdict == Unknown
	if !s.unknown {
		delete(h.entries, subject{owner: s.owner, id: s.id, unknown: true})
	}
	if e, known := h.entries[s]; known && e.verdict == verdict {
		return e.since
	}
	if h.entries == nil || len(h.entries) >= maxEntries {
		h.entries = map[subject]entry{}
	}
	h.entries[s] = entry{verdict, now}
	return now
}
