// SPDX-License-Identifier: Apache-2.0

package forwardalias

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLaterSpellingsAreReadAsTheSettingsHere(t *testing.T) {
	for _, tt := range []struct{ name, before, after, warning string }{
		{
			"an HTTP server",
			`{receivers: {otlp: {protocols: {http: {endpoint: e, keepalive: {idle_timeout: 1m}}}}}}`,
			`{receivers: {otlp: {protocols: {http: {endpoint: e, idle_timeout: 1m}}}}}`,
			`receivers::otlp::protocols::http: "keepalive" is a later spelling of "idle_timeout", which is read in its place`,
		},
		{
			"an HTTP client",
			`{exporters: {otlp_http: {keepalive: {enabled: true, idle_conn_timeout: 30s, max_idle_conns: 5, max_idle_conns_per_host: 2}}}}`,
			`{exporters: {otlp_http: {disable_keep_alives: false, idle_conn_timeout: 30s, max_idle_conns: 5, max_idle_conns_per_host: 2}}}`,
			`exporters::otlp_http: "keepalive" is a later spelling of "disable_keep_alives", "idle_conn_timeout", "max_idle_conns", "max_idle_conns_per_host", which are read in its place`,
		},
		{
			"a client without keep-alives, where the rest of the section has no meaning",
			`{exporters: {otlp_http/a: {keepalive: {enabled: false, max_idle_conns: 5}}}}`,
			`{exporters: {otlp_http/a: {disable_keep_alives: true}}}`,
			`exporters::otlp_http/a: "keepalive" is a later spelling of "disable_keep_alives", which is read in its place`,
		},
		{
			"a server without keep-alives",
			`{receivers: {otlp: {protocols: {http: {keepalive: {enabled: false}}}}}}`,
			`{receivers: {otlp: {protocols: {http: {keep_alives_enabled: false}}}}}`,
			`receivers::otlp::protocols::http: "keepalive" is a later spelling of "keep_alives_enabled", which is read in its place`,
		},
		{
			"a receiver that is a client",
			`{receivers: {elasticsearch: {keepalive: {enabled: false}}}}`,
			`{receivers: {elasticsearch: {disable_keep_alives: true}}}`,
			`receivers::elasticsearch: "keepalive" is a later spelling of "disable_keep_alives", which is read in its place`,
		},
		{
			"an exporter that is a server",
			`{exporters: {prometheus: {keepalive: {enabled: false}}}}`,
			`{exporters: {prometheus: {keep_alives_enabled: false}}}`,
			`exporters::prometheus: "keepalive" is a later spelling of "keep_alives_enabled", which is read in its place`,
		},
		{
			"the server of a component that is a client too",
			`{extensions: {http_forwarder: {ingress: {keepalive: {enabled: false}}, egress: {endpoint: e}}}}`,
			`{extensions: {http_forwarder: {ingress: {keep_alives_enabled: false}, egress: {endpoint: e}}}}`,
			`extensions::http_forwarder::ingress: "keepalive" is a later spelling of "keep_alives_enabled", which is read in its place`,
		},
		{
			"the client of a component that is a server too",
			`{extensions: {http_forwarder: {egress: {keepalive: {enabled: false}}}}}`,
			`{extensions: {http_forwarder: {egress: {disable_keep_alives: true}}}}`,
			`extensions::http_forwarder::egress: "keepalive" is a later spelling of "disable_keep_alives", which is read in its place`,
		},
		{
			"in a list",
			`{receivers: {http_check: {targets: [{endpoint: e, keepalive: {max_idle_conns: 1}}]}}}`,
			`{receivers: {http_check: {targets: [{endpoint: e, max_idle_conns: 1}]}}}`,
			`receivers::http_check::targets::0: "keepalive" is a later spelling of "max_idle_conns", which is read in its place`,
		},
		{
			"in a template of a receiver_creator, by the template's type",
			`{receivers: {receiver_creator: {receivers: {zipkin: {rule: r, config: {keepalive: {enabled: false}}}}}}}`,
			`{receivers: {receiver_creator: {receivers: {zipkin: {rule: r, config: {keep_alives_enabled: false}}}}}}`,
			`receivers::receiver_creator::receivers::zipkin::config: "keepalive" is a later spelling of "keep_alives_enabled", which is read in its place`,
		},
		{
			"a section for the HTTP client",
			`{exporters: {prometheusremotewrite/x: {namespace: n, http: {endpoint: e, timeout: 5s}}}}`,
			`{exporters: {prometheusremotewrite/x: {namespace: n, endpoint: e, timeout: 5s}}}`,
			`exporters::prometheusremotewrite/x: "http" is a later spelling of "endpoint", "timeout", which are read in its place`,
		},
		{
			"an empty section of an HTTP client",
			`{exporters: {otlp_http: {endpoint: e, keepalive: {}}}}`,
			`{exporters: {otlp_http: {endpoint: e}}}`,
			`exporters::otlp_http: "keepalive" is a later spelling of the defaults, which are read in its place`,
		},
		{
			"a section of an HTTP client that is null",
			`{exporters: {otlp_http: {endpoint: e, keepalive: }}}`,
			`{exporters: {otlp_http: {endpoint: e}}}`,
			`exporters::otlp_http: "keepalive" is a later spelling of the defaults, which are read in its place`,
		},
		{
			"an empty section of an HTTP server, beside one of gRPC",
			`{receivers: {otlp: {protocols: {http: {keepalive: {}}, grpc: {keepalive: {}}}}}}`,
			`{receivers: {otlp: {protocols: {http: {}, grpc: {keepalive: {}}}}}}`,
			`receivers::otlp::protocols::http: "keepalive" is a later spelling of the defaults, which are read in its place`,
		},
		{
			"an empty section of the HTTP server of a component with gRPC settings",
			`{extensions: {jaegerremotesampling: {http: {keepalive: }, source: {remote: {keepalive: {}}}}}}`,
			`{extensions: {jaegerremotesampling: {http: {}, source: {remote: {keepalive: {}}}}}}`,
			`extensions::jaegerremotesampling::http: "keepalive" is a later spelling of the defaults, which are read in its place`,
		},
		{
			"an empty section for the HTTP client",
			`{exporters: {prometheusremotewrite: {endpoint: e, http: }}}`,
			`{exporters: {prometheusremotewrite: {endpoint: e}}}`,
			`exporters::prometheusremotewrite: "http" is a later spelling of the defaults, which are read in its place`,
		},
		{
			"every attribute of the resource as a label",
			`{exporters: {prometheus: {resource_constant_labels: {included: ["*"]}}}}`,
			`{exporters: {prometheus: {resource_to_telemetry_conversion: {enabled: true}}}}`,
			`exporters::prometheus: "resource_constant_labels" is a later spelling of "resource_to_telemetry_conversion", which is read in its place`,
		},
		{
			"every attribute but those of the service",
			`{exporters: {prometheus_remote_write: {resource_constant_labels: {excluded: [service.namespace, service.name, service.instance.id]}}}}`,
			`{exporters: {prometheusremotewrite: {resource_to_telemetry_conversion: {enabled: true, exclude_service_attributes: true}}}}`,
			`exporters::prometheusremotewrite: "resource_constant_labels" is a later spelling of "resource_to_telemetry_conversion", which is read in its place`,
		},
		{
			"no attribute of the resource",
			`{exporters: {prometheus: {endpoint: e, resource_constant_labels: }}}`,
			`{exporters: {prometheus: {endpoint: e}}}`,
			`exporters::prometheus: "resource_constant_labels" is a later spelling of the defaults, which are read in its place`,
		},
		{
			"one strategy",
			`{receivers: {kafka: {group_rebalance_strategies: [range]}}}`,
			`{receivers: {kafka: {group_rebalance_strategy: range}}}`,
			`receivers::kafka: "group_rebalance_strategies" is a later spelling of "group_rebalance_strategy", which is read in its place`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			after, warnings, err := convert(t, laterNames, parse(t, tt.before))
			require.NoError(t, err)
			require.Equal(t, parse(t, tt.after), after)
			require.Equal(t, tt.warning, warnings[len(warnings)-1])
			_, warnings, err = convert(t, laterNames, after)
			require.NoError(t, err)
			require.Empty(t, warnings, "a second conversion finds nothing")
		})
	}
}

// Upstream's error names what is not read.
func TestWhatMeansSomethingElseStays(t *testing.T) {
	for name, config := range map[string]string{
		"keepalive of a gRPC client":        `{exporters: {otlp_grpc: {keepalive: {time: 1s, timeout: 1s, permit_without_stream: true}}}}`,
		"keepalive of a gRPC server":        `{receivers: {otlp: {protocols: {grpc: {keepalive: {server_parameters: {time: 1s}, enforcement_policy: {min_time: 1s}}}}}}}`,
		"an empty section of gRPC":          `{receivers: {otlp: {protocols: {grpc: {keepalive: {}}}}}}`,
		"a section of gRPC that is null":    `{receivers: {otlp: {protocols: {grpc: {keepalive: }}}}}`,
		"empty sections of gRPC clients":    `{exporters: {otlp: {keepalive: {}}, otlp_grpc/a: {keepalive: }, loadbalancing: {protocol: {otlp: {keepalive: {}}}}, coralogix: {traces: {keepalive: {}}}}}`,
		"empty sections of gRPC servers":    `{receivers: {yanggrpc/a: {keepalive: {}}, jaeger: {remote_sampling: {keepalive: {}}}, stef: {keepalive: }}}`,
		"a section that is no mapping":      `{exporters: {otlp_http: {keepalive: 7}, prometheusremotewrite: {http: [1], resource_constant_labels: [a]}}}`,
		"keys of a client and of a server":  `{exporters: {otlp_http: {keepalive: {idle_timeout: 1s, idle_conn_timeout: 1s}}}}`,
		"unknown keys":                      `{exporters: {otlp_http: {keepalive: {enabled: true, other: 1}}}}`,
		"a switch that is no boolean":       `{exporters: {otlp_http: {keepalive: {enabled: perhaps}}}}`,
		"some attributes of the resource":   `{exporters: {prometheus: {resource_constant_labels: {included: ["k8s.*"]}}}}`,
		"all but some attributes":           `{exporters: {prometheus: {resource_constant_labels: {excluded: [service.name]}}}}`,
		"the present spelling of a section": `{exporters: {awsemf: {resource_to_telemetry_conversion: {enabled: true}}}}`,
		"two strategies":                    `{receivers: {kafka: {group_rebalance_strategies: [range, sticky]}}}`,
		"the same words in others":          `{exporters: {otlp_http: {http: {endpoint: e}}}, service: {telemetry: {keepalive: {enabled: true}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			after, warnings, err := convert(t, laterNames, parse(t, config))
			require.NoError(t, err)
			require.Empty(t, warnings)
			require.Equal(t, parse(t, config), after)
		})
	}
}

func TestBothSpellingsOfOneSettingAreRefused(t *testing.T) {
	for config, want := range map[string]string{
		`{exporters: {otlp_http: {max_idle_conns: 1, keepalive: {max_idle_conns: 1}}}}`:                   `"exporters::otlp_http": must hold one of "keepalive" and "max_idle_conns", which are one setting by its later and its present name`,
		`{exporters: {prometheus_remote_write: {endpoint: a, http: {endpoint: b, read_buffer_size: 1}}}}`: `"exporters::prometheusremotewrite": must hold one of "http" and "endpoint", which are one setting by its later and its present name`,
	} {
		after, warnings, err := convert(t, laterNames, parse(t, config))
		require.EqualError(t, err, want)
		require.Empty(t, warnings)
		require.Equal(t, parse(t, config), after, "nothing is changed")
	}
}
