// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"bytes"
	"cmp"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// converterLog remembers what converters warn of while it is on: the validate command logs nothing.
type converterLog struct {
	on   bool
	text bytes.Buffer
}

// wrap makes converters write their warnings to the log as well.
func (l *converterLog) wrap(factories []confmap.ConverterFactory) (wrapped []confmap.ConverterFactory) {
	for _, factory := range factories {
		wrapped = append(wrapped, confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter {
			set.Logger = cmp.Or(set.Logger, zap.NewNop()).WithOptions(zap.WrapCore(l.join))
			return factory.Create(set)
		}))
	}
	return wrapped
}

func (l *converterLog) join(core zapcore.Core) zapcore.Core {
	if !l.on {
		return core
	}
	messages := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "message"})
	return zapcore.NewTee(core, zapcore.NewCore(messages, zapcore.AddSync(&l.text), zap.WarnLevel))
}

// start begins to remember.
func (l *converterLog) start() { l.on = true }

// stop returns the warnings since the start.
func (l *converterLog) stop() []string {
	l.on = false
	defer l.text.Reset()
	return strings.FieldsFunc(l.text.String(), func(r rune) bool { return r == '\n' })
}
