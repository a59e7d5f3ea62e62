// SPDX-License-Identifier: Apache-2.0

package selftelemetrytest

import (
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// Host is a host without extensions that remembers which status a component reports.
// The zero value is ready, and it is safe for concurrent use.
type Host struct {
	mu       sync.Mutex
	statuses []componentstatus.Status
}

var (
	_ component.Host           = (*Host)(nil)
	_ componentstatus.Reporter = (*Host)(nil)
)

// GetExtensions implements [component.Host].
func (*Host) GetExtensions() map[component.ID]component.Component { return nil }

// Report implements [componentstatus.Reporter].
func (h *Host) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, event.Status())
}

// Statuses returns what has been reported so far.
func (h *Host) Statuses() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.statuses)
}
