// SPDX-License-Identifier: Apache-2.0

package stdoutexporter

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// statusReporter reports the component status when it changes. A broken pipe is final. The lock is held while reporting, so that
// the events arrive in the order of the changes.
type statusReporter struct {
	host component.Host

	mu      sync.Mutex
	current componentstatus.Status
	fatal   *time.Timer
}

// fatalDelay is the time between a broken pipe and the report of a fatal error. The Collector takes such a report only between its start
// and its stop and holds a lock until then: a report at any other time makes it hang. A pipe that breaks while the Collector starts is
// reported after the start, and one that breaks in its shutdown is not, because close comes first.
const fatalDelay = time.Second

// ok reports a recovery. The service itself reports the first success of a component, at its start.
func (s *statusReporter) ok() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == componentstatus.StatusRecoverableError {
		s.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

func (s *statusReporter) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == componentstatus.StatusNone || s.current == componentstatus.StatusOK {
		s.report(componentstatus.NewRecoverableErrorEvent(err))
	}
}

// brokenPipe reports the end of all writing. A fatal error is reported later, unless close comes first.
func (s *statusReporter) brokenPipe(err error, stop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.current == componentstatus.StatusPermanentError || s.current == componentstatus.StatusFatalError:
	case stop:
		s.current = componentstatus.StatusFatalError
		s.fatal = time.AfterFunc(fatalDelay, func() {
			componentstatus.ReportStatus(s.host, componentstatus.NewFatalErrorEvent(err))
		})
	default:
		s.report(componentstatus.NewPermanentErrorEvent(err))
	}
}

// close takes back a fatal error that has not been reported.
func (s *statusReporter) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fatal != nil {
		s.fatal.Stop()
	}
}

func (s *statusReporter) report(event *componentstatus.Event) {
	s.current = event.Status()
	componentstatus.ReportStatus(s.host, event)
}
