// SPDX-License-Identifier: Apache-2.0

package selftelemetry_test

import (
	// What a Collector of the line pairs with OpenTelemetry's log API. It does not compile with the
	// API that this module raises, unless it is raised with it, which a go.mod does for importers.
	_ "go.opentelemetry.io/contrib/bridges/otelzap"
	_ "go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	_ "go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	_ "go.opentelemetry.io/otel/exporters/stdout/stdoutlog"
	_ "go.opentelemetry.io/otel/sdk/log"
)
