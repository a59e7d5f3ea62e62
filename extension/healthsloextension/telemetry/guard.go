// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// guardingRegisterer registers collectors that survive their panics. Gathering runs the
// callbacks of whatever components the Collector has, in goroutines where no HTTP handler
// recovers: a panic there would end the process.
type guardingRegisterer struct {
	prometheus.Registerer
	logger *zap.Logger
}

func (r guardingRegisterer) Register(c prometheus.Collector) error {
	return r.Registerer.Register(&guardedCollector{Collector: c, logger: r.logger})
}

type guardedCollector struct {
	prometheus.Collector
	logger *zap.Logger

	mu      sync.Mutex
	failure string // of the last collection; empty when it worked
}

// Collect turns a panic into an invalid metric, which makes the answer an error.
func (c *guardedCollector) Collect(to chan<- prometheus.Metric) {
	defer func() {
		reason := recover()
		if reason == nil {
			c.logChange("")
			return
		}
		err := fmt.Errorf("collect the Collector's own metrics: panic: %v", reason)
		c.logChange(err.Error())
		to <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
	}()
	c.Collector.Collect(to)
}

// logChange logs a panic when it begins or changes, and its end.
func (c *guardedCollector) logChange(failure string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if failure == c.failure {
		return
	}
	c.failure = failure
	if failure == "" {
		c.logger.Info("The Collector's own metrics can be served again")
		return
	}
	c.logger.Error("Cannot serve the Collector's own metrics: a metric callback panicked", zap.String("error", failure), zap.Stack("stack"))
}
