// SPDX-License-Identifier: Apache-2.0

package stdoutexporter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

const (
	formatOTLPJSON  = "otlp_json"
	formatItemLines = "item_lines"

	targetStdout = "stdout"
	targetStderr = "stderr"

	onBrokenPipeError = "error"
	onBrokenPipeStop  = "stop"
)

// Config is the configuration of the stdout exporter. keys.yaml has the rules, and what README.md says about each key.
type Config struct {
	// Format is what one line holds: otlp_json, one OTLP JSON export request per batch, or item_lines, one compact JSON object
	// per data point, log record, span or profile sample.
	Format string `mapstructure:"format"`

	// Target is the stream that is written to: stdout or stderr. The Collector's own logs go to stderr.
	Target string `mapstructure:"target"`

	// OnBrokenPipe is what happens when the reader of the target is gone: error reports a permanent error and refuses all data
	// from then on, stop stops the Collector.
	OnBrokenPipe string `mapstructure:"on_broken_pipe"`

	// Queue puts a sending queue in front of the exporter. It is off until the key is written: without it a slow reader slows the
	// pipeline down.
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Validate reports every setting that is out of its range.
func (cfg *Config) Validate() error {
	return errors.Join(
		oneOf("format", cfg.Format, formatOTLPJSON, formatItemLines),
		oneOf("target", cfg.Target, targetStdout, targetStderr),
		oneOf("on_broken_pipe", cfg.OnBrokenPipe, onBrokenPipeError, onBrokenPipeStop),
		cfg.validateFlushTimeout(),
	)
}

// maxFlushTimeout keeps a mistyped unit from holding items for ever.
const maxFlushTimeout = 24 * time.Hour

func (cfg *Config) validateFlushTimeout() error {
	if !cfg.Queue.HasValue() || !cfg.Queue.Get().Batch.HasValue() {
		return nil
	}
	if timeout := cfg.Queue.Get().Batch.Get().FlushTimeout; timeout > maxFlushTimeout {
		return fmt.Errorf(`"sending_queue::batch::flush_timeout": must be at most %s, got %s`, maxFlushTimeout, timeout)
	}
	return nil
}

func oneOf(key, value string, valid ...string) error {
	if slices.Contains(valid, value) {
		return nil
	}
	return fmt.Errorf("%q: must be %s, not %q", key, strings.Join(valid, " or "), value)
}
