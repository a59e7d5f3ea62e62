// SPDX-License-Identifier: Apache-2.0

// Package sampling turns the Collector's own cumulative metrics into windowed facts: failure
// rates, stalls, queue depths, objectives. One goroutine samples; readers load the last result.
package sampling

import (
	"sync/atomic"
	"time"
)

const (
	// HistoryStep is the distance of two points of an exporter's history.
	HistoryStep = 30 * time.Second

	// HistoryLength bounds an exporter's history to the last hour.
	HistoryLength = int(time.Hour / HistoryStep)
)

// Sampler publishes the result of its last pass. The zero value has an empty one.
type Sampler struct {
	view atomic.Pointer[View]
}

// View returns the result of the last pass. It never blocks.
func (s *Sampler) View() View {
	if view := s.view.Load(); view != nil {
		return *view
	}
	return View{Source: SourceNone}
}
