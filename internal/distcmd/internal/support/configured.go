// SPDX-License-Identifier: Apache-2.0

package support

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
)

// Where a Collector listens unless it is configured otherwise.
const (
	defaultHealth  = "localhost:13134"
	defaultMetrics = "localhost:8888"
)

// HealthEntries are what the health_slo extension of a configuration answers, or the one at
// override. A configuration may be faulty, and be the reason for a bundle: a mistake in it is
// an entry that fails, while one in override is an error.
func HealthEntries(config map[string]any, override string) ([]Entry, error) {
	extension := healthExtension(config)
	address := override
	if address == "" {
		address = healthAddress(extension)
	}
	endpoint, err := ParseEndpoint(address)
	if err != nil && override != "" {
		return nil, err
	}
	var entries []Entry
	for _, page := range []struct{ name, key, path, accept string }{
		{"health/status.json", "", "/", "application/json"},
		{"health/healthz.json", "healthz", "/healthz", "application/json"},
		{"health/readyz.json", "readyz", "/readyz", "application/json"},
		{"health/gpus.json", "gpus", "/gpus", "application/json"},
		{"health/metrics.txt", "metrics", "/metrics", "text/plain"},
	} {
		path := text(at(extension, "paths", page.key), page.path)
		entries = append(entries, endpoint.Get(page.name, path, page.accept).unless(err))
	}
	return entries, nil
}

// healthExtension returns the settings of the first health_slo extension that is in use.
func healthExtension(config map[string]any) any {
	ids, _ := at(config, "service", "extensions").([]any)
	for _, id := range ids {
		if name := fmt.Sprint(id); strings.Split(name, "/")[0] == "health_slo" {
			return at(config, "extensions", name)
		}
	}
	return nil
}

func healthAddress(extension any) string {
	address := text(at(extension, "http", "endpoint"), defaultHealth)
	switch {
	case text(at(extension, "http", "transport"), "tcp") == "unix":
		address = "unix://" + address
	case at(extension, "http", "tls") != nil:
		address = "https://" + address
	}
	return address
}

// MetricsEntry is the page with the Collector's own metrics: that of the first Prometheus
// reader of a configuration, or the one at override.
func MetricsEntry(config map[string]any, override string) (Entry, error) {
	address := override
	if address == "" {
		address = metricsAddress(config)
	}
	if address == "" {
		return Content("metrics.txt", "service::telemetry::metrics", nil, errors.New("no reader can be asked")), nil
	}
	endpoint, err := ParseEndpoint(address)
	if err != nil && override != "" {
		return Entry{}, err
	}
	return endpoint.Get("metrics.txt", "/metrics", "text/plain").unless(err), nil
}

// metricsAddress returns "" where the configuration says that nothing listens.
func metricsAddress(config map[string]any) string {
	metrics := at(config, "service", "telemetry", "metrics")
	if strings.EqualFold(fmt.Sprint(at(metrics, "level")), "none") {
		return ""
	}
	readers, ok := at(metrics, "readers").([]any)
	if !ok {
		return defaultMetrics
	}
	for _, reader := range readers {
		if prometheus := at(reader, "pull", "exporter", "prometheus"); prometheus != nil {
			return net.JoinHostPort(text(at(prometheus, "host"), "localhost"), text(at(prometheus, "port"), "8888"))
		}
	}
	return ""
}

// hostEngine is where the first dcgm receiver in use expects a host engine, as dcgmi takes it:
// it knows sockets by unix://, and no tcp://. It is "" where there is none to ask.
func hostEngine(config map[string]any) string {
	pipelines, _ := at(config, "service", "pipelines").(map[string]any)
	for _, pipeline := range slices.Sorted(maps.Keys(pipelines)) {
		ids, _ := at(pipelines, pipeline, "receivers").([]any)
		for _, id := range ids {
			name := fmt.Sprint(id)
			if receiver := at(config, "receivers", name); strings.Split(name, "/")[0] == "dcgm" && at(receiver, "mode") != "embedded" {
				return strings.TrimPrefix(text(at(receiver, "endpoint"), ""), "tcp://")
			}
		}
	}
	return ""
}

// at returns what is in a tree of maps under keys, or nil.
func at(tree any, keys ...string) any {
	for _, key := range keys {
		branches, ok := tree.(map[string]any)
		if !ok {
			return nil
		}
		tree = branches[key]
	}
	return tree
}

// text returns a value as text, or otherwise where there is none.
func text(value any, otherwise string) string {
	if value == nil || value == "" {
		return otherwise
	}
	return fmt.Sprint(value)
}
