// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"errors"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// state is what was reported last.
type state struct {
	host component.Host

	mu        sync.Mutex
	problem   string // "" while nothing is wrong
	reason    string
	permanent bool
}

// Report says what is wrong now; nil errors and none at all say that nothing is. Log, component status and self-telemetry learn when a
// problem begins, becomes another one or ends, and nothing in between; another reason for the same problem is logged. While the receiver
// stops, and after a permanent error, nothing is reported.
func (l *Loop) Report(errs ...error) {
	err := errors.Join(errs...)
	problem, reason := l.identify(errs)
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	if l.state.permanent || l.stopping() {
		return
	}
	before := l.state.problem
	changed := before != problem
	again := !changed && l.state.reason != reason
	l.state.problem, l.state.reason = problem, reason
	switch {
	case again:
		l.logger.Info(l.settings.Name+" is still degraded", zap.Error(err))
	case !changed:
	case err == nil:
		l.Self.SetDegraded(false)
		l.logger.Info(l.settings.Name + " has recovered")
		componentstatus.ReportStatus(l.state.host, componentstatus.NewEvent(componentstatus.StatusOK))
	default:
		l.Self.SetDegraded(true)
		l.logger.Warn(l.settings.Name+" is degraded", zap.Error(err))
		componentstatus.ReportStatus(l.state.host, componentstatus.NewRecoverableErrorEvent(err))
	}
}

// ReportPermanent says that err keeps the receiver from working and that no retry helps. It is the last report.
func (l *Loop) ReportPermanent(err error) {
	l.state.mu.Lock()
	defer l.state.mu.Unlock()
	if l.state.permanent || l.stopping() {
		return
	}
	l.state.permanent = true
	l.Self.SetDegraded(true)
	l.logger.Error(l.settings.Name+" cannot work", zap.Error(err))
	componentstatus.ReportStatus(l.state.host, componentstatus.NewPermanentErrorEvent(err))
}

// anyProblem is the problem of a receiver that does not distinguish errors.
const anyProblem = "degraded"

// identify returns the problem and the reason of all errors together.
func (l *Loop) identify(errs []error) (problem, reason string) {
	var problems, reasons []string
	for _, err := range errs {
		if err != nil {
			p, r := l.identifyOne(err)
			problems, reasons = append(problems, p), append(reasons, r)
		}
	}
	if len(problems) > 0 && l.settings.Identify == nil {
		return anyProblem, anyProblem
	}
	return strings.Join(problems, "; "), strings.Join(reasons, "; ")
}

// identifyOne takes all failed pushes for one problem: their texts name ports and times, which change at every attempt.
func (l *Loop) identifyOne(err error) (problem, reason string) {
	push := (*PushError)(nil)
	switch {
	case errors.As(err, &push):
		return "push " + push.signal, ""
	case l.settings.Identify == nil:
		return anyProblem, ""
	default:
		return l.settings.Identify(err)
	}
}
