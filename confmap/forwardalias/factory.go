// SPDX-License-Identifier: Apache-2.0

// Package forwardalias is a confmap converter that reads configurations written for later
// releases of the Collector: it maps names of components and spellings of settings that came
// after 0.152 to those that 0.152 knows.
package forwardalias

import (
	"go.opentelemetry.io/collector/confmap"
)

// NewFactory returns the factory of the converter, for the `converters:` section of an OCB
// manifest.
func NewFactory() confmap.ConverterFactory {
	return confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter {
		return &converter{logger: set.Logger, names: laterNames}
	})
}
