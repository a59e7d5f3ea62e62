// SPDX-License-Identifier: Apache-2.0

package distcmd

// removed are components that upstream had before 0.152, and what took their place.
var removed = map[string]string{
	"exporter jaeger":         `send "otlp_grpc", which Jaeger takes`,
	"exporter jaegerthrift":   `send "otlp_http", which Jaeger takes`,
	"exporter logging":        `use "debug"`,
	"exporter loki":           `send "otlp_http" to Loki's /otlp`,
	"exporter opencensus":     `send "otlp_grpc"`,
	"extension memoryballast": `set the environment variable GOMEMLIMIT`,
	"processor queuedretry":   `set "sending_queue" and "retry_on_failure" of the exporter`,
	"processor servicegraph":  `use the connector "service_graph"`,
	"processor spanmetrics":   `use the connector "span_metrics"`,
	"receiver opencensus":     `receive "otlp"`,
	"receiver prometheusexec": `run the program on its own, and scrape it with "prometheus"`,
}
