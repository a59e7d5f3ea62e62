// SPDX-License-Identifier: Apache-2.0

package forwardalias

import (
	"maps"
	"slices"
)

// spelling is a setting that later releases spell otherwise, in components of a kind and type by
// its present name, or in all.
type spelling struct {
	kind, component, later string
	// read returns the present settings that mean the same as the later one at a place, or nil.
	read func(value any, at place) map[string]any
}

// spellings holds the settings that the core has spelled otherwise until 0.165, and contrib until
// 0.160, as far as 0.152 has settings that mean the same.
var spellings = []spelling{
	{"", "", "keepalive", keepalive},
	{receivers, "kafka", "group_rebalance_strategies", onlyStrategy},
	{exporters, "prometheus", "resource_constant_labels", constantLabels},
	{exporters, "prometheusremotewrite", "resource_constant_labels", constantLabels},
	{exporters, "prometheusremotewrite", "http", settings},
}

func (s spelling) applies(at place) bool {
	return s.kind == "" || s.kind == at.kind && s.component == at.component
}

// settings are those of a section that 0.152 has without the section. An empty one has none.
func settings(value any, _ place) map[string]any {
	if unwrap(value) == nil {
		return map[string]any{}
	}
	section, _ := unwrap(value).(map[string]any)
	return section
}

// The keys that a section keepalive of an HTTP client or server has. That of gRPC has others, and
// stays.
var (
	clientKeepalive = []string{"idle_conn_timeout", "max_idle_conns", "max_idle_conns_per_host"}
	serverKeepalive = []string{"idle_timeout"}
)

// keepalive reads the section that HTTP clients and servers got in 0.160.
func keepalive(value any, at place) map[string]any {
	section := maps.Clone(settings(value, at))
	if section == nil || len(section) == 0 && isGRPC(at) {
		return nil
	}
	enabled, isSet := true, false
	if v, is := section["enabled"]; is {
		if enabled, isSet = unwrap(v).(bool); !isSet {
			return nil
		}
		delete(section, "enabled")
	}
	client, server := holdsOnly(section, clientKeepalive), holdsOnly(section, serverKeepalive)
	switch {
	case !client && !server:
		return nil
	case client && server: // Neither has a key.
		client = !serves(at)
	}
	if !enabled {
		section = map[string]any{}
	}
	if isSet && client {
		section["disable_keep_alives"] = !enabled
	} else if isSet {
		section["keep_alives_enabled"] = enabled
	}
	return section
}

func holdsOnly(section map[string]any, keys []string) bool {
	for key := range section {
		if !slices.Contains(keys, key) {
			return false
		}
	}
	return true
}

// servers are the components with an HTTP server, where the keys that lead to it do not say so.
var servers = map[string][]string{
	receivers: {
		"awsfirehose", "collectd", "datadog", "faro", "influxdb", "jaeger", "libhoney", "loki", "otelarrow", "otlp",
		"pprof", "prometheusremotewrite", "signalfx", "skywalking", "splunk_hec", "webhookevent", "zipkin",
	},
	exporters:  {"prometheus"},
	extensions: {"health_check", "health_slo", "healthcheckv2", "jaegerremotesampling", "zpages"},
}

// serverKeys lead to the HTTP server of a component that may have a client too.
var serverKeys = []string{"ingress", "server_config", "webhook"}

// serves says whether HTTP settings are those of a server.
func serves(at place) bool {
	return slices.Contains(servers[at.kind], at.component) ||
		slices.ContainsFunc(serverKeys, func(key string) bool { return slices.Contains(at.keys, key) })
}

// callers are the components with gRPC settings, where the keys that lead to them do not say so.
var callers = map[string][]string{
	receivers:  {"envoyals", "stef", "yanggrpc"},
	exporters:  {"coralogix", "loadbalancing", "otelarrow", "otlp", "otlp_grpc", "stef"},
	extensions: {"jaegerremotesampling"},
}

// callerKeys lead to the gRPC settings of a component that may have an HTTP server too.
var callerKeys = []string{"grpc", "remote_sampling"}

// isGRPC says whether settings are those of a gRPC client or server, where an empty section switches
// keep-alives on.
func isGRPC(at place) bool {
	if at.keys[len(at.keys)-1] == "http" {
		return false
	}
	return slices.Contains(callers[at.kind], at.component) ||
		slices.ContainsFunc(callerKeys, func(key string) bool { return slices.Contains(at.keys, key) })
}

// onlyStrategy reads a list of strategies that holds one.
func onlyStrategy(value any, _ place) map[string]any {
	if list, is := unwrap(value).([]any); is && len(list) == 1 {
		return map[string]any{"group_rebalance_strategy": list[0]}
	}
	return nil
}

// serviceAttributes are what the conversion of 0.152 can exclude.
var serviceAttributes = []string{"service.instance.id", "service.name", "service.namespace"}

// constantLabels reads patterns that include every attribute of a resource, but perhaps those of
// the service.
func constantLabels(value any, at place) map[string]any {
	section := settings(value, at)
	if len(section) == 0 { // No attributes, or no section.
		return section
	}
	included, excluded := texts(section["included"]), texts(section["excluded"])
	all := len(included) == 1 && included[0] == "*" || len(included) == 0 && len(excluded) > 0
	if !all || !holdsOnly(section, []string{"included", "excluded"}) {
		return nil
	}
	read := map[string]any{"enabled": true}
	if len(excluded) > 0 {
		slices.Sort(excluded)
		if !slices.Equal(excluded, serviceAttributes) {
			return nil
		}
		read["exclude_service_attributes"] = true
	}
	return map[string]any{"resource_to_telemetry_conversion": read}
}

// texts are the elements of a list of texts.
func texts(value any) (list []string) {
	elements, _ := unwrap(value).([]any)
	for _, element := range elements {
		text, _ := unwrap(element).(string)
		list = append(list, text)
	}
	return list
}
