// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
)

// countRead counts a clock that could not be read. One that this host does not offer is no
// failure of the receiver: it is said and counted once, not at every tick.
func (c *clock) countRead(err error) {
	if err == nil {
		return
	}
	if !unavailable(err) {
		c.loop.Self.IncError(selftelemetry.KindRead)
		return
	}
	if !c.absent {
		c.absent = true
		c.loop.Self.IncError(selftelemetry.KindRead)
		c.logger.Info("some clocks are not available on this host, their metrics are absent", zap.Error(err))
	}
}

func ignoreUnavailable(err error) error {
	if unavailable(err) {
		return nil
	}
	return err
}
