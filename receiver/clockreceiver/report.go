// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// reportRead counts a clock that could not be read. One that this host does not offer is no
// failure of the receiver: it is said and counted once, not at every tick.
func (c *clock) reportRead(err error) {
	if err == nil {
		return
	}
	if !unavailable(err) {
		c.self.IncError(selftelemetry.KindRead)
		return
	}
	if !c.absent {
		c.absent = true
		c.self.IncError(selftelemetry.KindRead)
		c.logger.Info("some clocks are not available on this host, their metrics are absent", zap.Error(err))
	}
}

func ignoreUnavailable(err error) error {
	if unavailable(err) {
		return nil
	}
	return err
}

func (c *clock) reportPush(err error, at instant) {
	if err != nil {
		c.self.IncError(selftelemetry.KindDownstream)
		return
	}
	c.delivered = &at
	c.self.IncEmissions(1)
	c.self.MarkActivity()
}

// setTrouble tells log, self-telemetry and component status when trouble begins and ends,
// and nothing in between.
func (c *clock) setTrouble(err error) {
	began, ended := c.trouble == nil && err != nil, c.trouble != nil && err == nil
	c.trouble = err
	switch {
	case began:
		c.self.SetDegraded(true)
		c.logger.Warn("clock receiver is degraded", zap.Error(err))
		componentstatus.ReportStatus(c.host, componentstatus.NewRecoverableErrorEvent(err))
	case ended:
		c.self.SetDegraded(false)
		c.logger.Info("clock receiver has recovered")
		componentstatus.ReportStatus(c.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
