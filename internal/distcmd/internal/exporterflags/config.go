// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Translation is what a command line became.
type Translation struct {
	YAML     string // the configuration
	Print    bool   // is all that was asked for
	Version  bool   // is all that was asked for
	Hostname string // the name of the host that the receiver takes from HOST_NAME; "" for its own choice
}

// Translate translates flags and environment variables.
func Translate(args []string, env func(string) (string, bool)) (Translation, error) {
	given, err := parse(args, env)
	if errors.Is(err, ErrHelp) {
		return Translation{}, err
	}
	c := newConfig(given)
	errs := []error{err}
	for _, f := range Flags {
		v := given[f.Name]
		if err := f.translate(c, v); err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", v.from, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Translation{}, err
	}
	c.finish()
	out, err := yaml.Marshal(c.tree)
	if err != nil {
		return Translation{}, fmt.Errorf("write configuration: %w", err)
	}
	return Translation{YAML: string(out), Print: given[PrintConfig].isTrue(), Version: given["version"].isTrue(), Hostname: hostname(given, env)}, nil
}

// translate sets what a flag becomes.
func (f *Flag) translate(c *config, v value) error {
	switch {
	case f.Instead != "" && !f.isDefault(v) && (f.without == "" || c.given[f.without].isTrue()):
		return fmt.Errorf("is not supported: %s", f.Instead)
	case f.apply != nil:
		return f.apply(c, v)
	default:
		return nil
	}
}

// hostname is dcgm-exporter's choice, but that localhost is no name of a host.
func hostname(given map[string]value, env func(string) (string, bool)) string {
	if node, _ := env("NODE_NAME"); node != "" {
		return node
	}
	endpoint := withPort(given["remote-hostengine-info"].text)
	scheme, address, isURI := strings.Cut(endpoint, "://")
	switch {
	case !isURI:
		address = endpoint
	case !strings.EqualFold(scheme, "tcp"):
		return ""
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" || host == "localhost" || net.ParseIP(host).IsLoopback() {
		return ""
	}
	return host
}

// config is the configuration as a tree. Keys of its paths are separated by "::".
type config struct {
	tree     map[string]any
	given    map[string]value
	interval time.Duration
}

func newConfig(given map[string]value) *config {
	c := &config{tree: map[string]any{}, given: given}
	c.set("receivers::dcgm::views", []string{"dcgm_exporter"})
	c.set("exporters::prometheus::translation_strategy", "UnderscoreEscapingWithoutSuffixes")
	c.set("exporters::prometheus::without_scope_info", true)
	c.set("exporters::prometheus::middlewares", []map[string]string{{"id": "health_slo"}})
	c.set("extensions::health_slo::http::endpoint", "localhost:0")
	c.set("service::telemetry::metrics::level", "none")
	return c
}

func (c *config) set(path string, v any) {
	if s, isText := v.(string); isText {
		v = strings.ReplaceAll(s, "$", "$$") // The Collector expands references.
	}
	keys := strings.Split(path, "::")
	last := len(keys) - 1
	at := c.tree
	for _, key := range keys[:last] {
		below, exists := at[key].(map[string]any)
		if !exists {
			below = map[string]any{}
			at[key] = below
		}
		at = below
	}
	at[keys[last]] = v
}

func (c *config) has(path string) bool {
	var at any = c.tree
	for key := range strings.SplitSeq(path, "::") {
		below, isMap := at.(map[string]any)
		if !isMap {
			return false
		}
		var exists bool
		if at, exists = below[key]; !exists {
			return false
		}
	}
	return true
}

// statement adds a statement on data points.
func (c *config) statement(text string) {
	section, _ := c.tree["processors"].(map[string]any)
	transform, _ := section["transform"].(map[string]any)
	groups, _ := transform["metric_statements"].([]map[string]any)
	if groups == nil {
		groups = []map[string]any{{"context": "datapoint", "statements": []string{}}}
	}
	statements, _ := groups[0]["statements"].([]string)
	groups[0]["statements"] = append(statements, text)
	c.set("processors::transform::metric_statements", groups)
}

// noSeries are the metrics of the gpu_attribution processor, which dcgm-exporter does not have.
var noSeries = []string{"gpu.allocation", "gpu.allocation.state", "gpu.allocation.time", "gpu.idle.time", "gpu.stalled"}

// expiration is how long a series stays after its last point: a late collection leaves no gap. Where holders of GPUs are on the series, those of
// the former holder count a GPU twice as long as they stay, so that they stay until the next collection and half an interval for it to be late.
func (c *config) expiration() time.Duration {
	if c.has("processors::gpu_attribution") {
		return c.interval + c.interval/2
	}
	return 3 * c.interval
}

// finish writes what follows from the rest.
func (c *config) finish() {
	var processors []string
	if c.has("processors::gpu_attribution") {
		c.set("processors::gpu_attribution::attributes", "dcgm_exporter")
		for _, metric := range noSeries {
			c.set("processors::gpu_attribution::metrics::"+metric+"::enabled", false)
		}
		processors = append(processors, "gpu_attribution")
	}
	c.set("exporters::prometheus::metric_expiration", c.expiration().String())
	if c.has("processors::transform") {
		processors = append(processors, "transform")
	}
	extensions, _ := c.tree["extensions"].(map[string]any)
	c.set("service::extensions", slices.Sorted(maps.Keys(extensions)))
	c.set("service::pipelines::metrics::receivers", []string{"dcgm"})
	if processors != nil {
		c.set("service::pipelines::metrics::processors", processors)
	}
	c.set("service::pipelines::metrics::exporters", []string{"prometheus"})
}
