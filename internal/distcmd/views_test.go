// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// seriesConfig stands for the configuration of the dcgm receiver, whose own tests say what two have in common.
type seriesConfig struct {
	Has    []string `mapstructure:"has"`
	Google bool     `mapstructure:"google"`
}

func (c *seriesConfig) SharedSeries(other component.Config) string {
	for _, name := range other.(*seriesConfig).Has {
		if slices.Contains(c.Has, name) {
			return "the series " + name
		}
	}
	return ""
}

func (c *seriesConfig) GPUIsOnResource() bool { return c.Google }

func withSeries() (otelcol.Factories, error) {
	dcgm, other := component.MustNewType("dcgm"), component.MustNewType("other")
	return otelcol.Factories{Receivers: map[component.Type]receiver.Factory{
		dcgm:  receiver.NewFactory(dcgm, func() component.Config { return &seriesConfig{} }),
		other: receiver.NewFactory(other, func() component.Config { return &anyConfig{} }),
	}}, nil
}

func TestTwoReceiversHaveNoSeriesTwiceWhereTheyMeet(t *testing.T) {
	f := func(pipelines, want string) {
		t.Helper()
		err := convert(t, misfits{withSeries, zap.NewNop()}, `
receivers:
  dcgm/a: {has: [x, y]}
  dcgm/b: {has: [z, y]}
  dcgm/c: {has: [v]}
  dcgm/d: {has: [v], unheard: 1}
  other: {has: [y]}
service: {pipelines: {`+pipelines+`}}
`)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.EqualError(t, err, `receivers::dcgm/b: "views": has the series y, as receivers::dcgm/a has, `+want+`: keep one of them, or give each its own counters, metrics or devices`)
	}
	f("metrics: {receivers: [dcgm/b, dcgm/a], exporters: [nop]}", "in pipeline metrics")
	f("metrics/1: {receivers: [dcgm/a, other, dcgm/b], exporters: [nop]}, metrics/2: {receivers: [dcgm/a, dcgm/b], exporters: [prometheus]}", "in pipeline metrics/1")
	f("metrics: {receivers: [dcgm/a, dcgm/c, other], exporters: [nop]}", "")
	f("metrics: {receivers: [dcgm/c, dcgm/d], exporters: [nop]}", "")
	f("logs: {receivers: [dcgm/a, dcgm/b], exporters: [nop]}", "")

	two := func(a, b string) string {
		return "metrics/1: {receivers: [dcgm/a], " + a + "}, metrics/2: {receivers: [dcgm/b], " + b + "}"
	}
	const met = "in pipelines metrics/1 and metrics/2 with exporter prometheus"
	f(two("exporters: [prometheus]", "exporters: [debug, prometheus]"), met)
	f(two("exporters: [prometheus]", "exporters: [prometheus/b]"), "")
	f(two("exporters: [debug, otlp]", "exporters: [debug, otlp]"), "")
	f(two("processors: [batch, filter/x], exporters: [prometheus]", "processors: [memory_limiter, filter/x], exporters: [prometheus]"), met)
	f(two("processors: [filter/x], exporters: [prometheus]", "processors: [filter/y], exporters: [prometheus]"), "")
	f(two("processors: [resource], exporters: [prometheus]", "exporters: [prometheus]"), "")
	f("metrics/1: {receivers: [dcgm/a], exporters: [prometheus]}, metrics/2: {receivers: [dcgm/a], exporters: [prometheus]}", "")
}

func TestExportersThatLeaveOutWhichGPUItIsAreWarnedOf(t *testing.T) {
	f := func(exporter, processors string, want ...string) {
		t.Helper()
		core, logs := observer.New(zap.WarnLevel)
		require.NoError(t, convert(t, misfits{withSeries, zap.New(core)}, `
receivers: {dcgm: {google: true}, dcgm/otel: }
exporters: {`+exporter+`}
service: {pipelines: {metrics: {receivers: [dcgm], processors: [`+processors+`], exporters: [prometheus, debug]}, metrics/2: {receivers: [dcgm/otel], exporters: [prometheus]}}}
`))
		var got []string
		for _, entry := range logs.All() {
			got = append(got, entry.ContextMap()["exporter"].(string)+" "+entry.ContextMap()["receiver"].(string))
		}
		require.Equal(t, want, got)
	}
	f("prometheus: ", "", "prometheus dcgm")
	f("prometheus: {resource_to_telemetry_conversion: {enabled: false}}", "batch", "prometheus dcgm")
	f("prometheus: {resource_to_telemetry_conversion: {enabled: true}}", "")
	f("prometheus: ", "transform/copy")
}
