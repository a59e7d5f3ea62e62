// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

// examplesTable is what docs/metrics shows of each metric.
const examplesTable = "../../internal/tools/docgen/examples/dcgm.tsv"

const examplesHeader = `# One series of each metric of the dcgm receiver, as it emits it for a simulated node: written by "go test -run Examples -update" in receiver/dcgmreceiver.
metric	attributes	value	node
`

// exampleNodes are asked in turn for a series of each metric. The last two have what the shipped nodes lack: a fan and a vGPU.
var exampleNodes = []struct{ name, scenario string }{
	{"h100x8", "include scenarios/h100x8.scenario\nat 5s xid gpu=1 code=31 count=3\nat 5s sxid switch=1 code=12028 type=non_fatal\nat 6s ecc gpu=2 type=sbe count=3 location=device\nat 7s throttle gpu=4 reason=hw_slowdown,hw_thermal for 10m\n"},
	{"a100x4-mig", "include scenarios/a100x4-mig.scenario\n"},
	{"gb200-grace", "include scenarios/gb200-grace.scenario\n"},
	{"l4x1", "include scenarios/l4x1.scenario\n"},
	{"a workstation", "include models/p4.model\ngpu 0 model=p4 uuid=GPU-e9a5b6c7-0002-4d9e-8f5a-9a7cddb40002 pci=00000000:B3:00.0\nfield 191 * const 41\n"},
	{"a vGPU", "include models/l4.model\ngpu 0 model=l4 uuid=GPU-e9a5b6c7-0001-4d9e-8f5a-9a7cddb40001 pci=00000000:65:00.0\nfield 500 * const 2\nfield 526 * const 1\n"},
}

// notSimulated begins the names of metrics that no simulated board has, nor one that was recorded.
const notSimulated = "gpu.power.smoothing."

func TestExamplesOfTheDocumentationAreWhatTheReceiverEmits(t *testing.T) {
	examples := map[string]string{}
	for _, node := range exampleNodes {
		simulate(t, node.scenario, enableAll, func(s *simulation) {
			s.pass(90 * time.Second)
			for metric, example := range examplesOf(s.now()) {
				if _, found := examples[metric]; !found {
					examples[metric] = example + "\t" + node.name
				}
			}
		})
	}
	want := slices.Sorted(maps.Keys(enabledOf(metadata.DefaultMetricsConfig())))
	want = slices.DeleteFunc(want, func(metric string) bool { return strings.HasPrefix(metric, notSimulated) })
	require.Equal(t, want, slices.Sorted(maps.Keys(examples)), "each metric has an example")
	var lines strings.Builder
	for _, metric := range want {
		lines.WriteString(metric + "\t" + examples[metric] + "\n")
	}
	requireFile(t, examplesTable, examplesHeader+lines.String())
}

func enableAll(cfg *Config) {
	for _, metric := range reflect.ValueOf(&cfg.MetricsBuilderConfig.Metrics).Elem().Fields() {
		metric.FieldByName("Enabled").SetBool(true)
	}
}

// examplesOf takes one series of each metric, the first that is not 0 if there is one.
func examplesOf(all seriesText) map[string]string {
	examples := map[string]string{}
	for _, series := range slices.Sorted(maps.Keys(all)) {
		value, _, _ := strings.Cut(all[series], " at ")
		metric, attributes, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		if old, found := examples[metric]; !found || strings.HasSuffix(old, "\t0") && value != "0" {
			examples[metric] = ownAttributes(attributes) + "\t" + value
		}
	}
	return examples
}

// ownAttributes leaves out what all series of a GPU have.
func ownAttributes(attributes string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(attributes, " "), func(attribute string) bool {
		return strings.HasPrefix(attribute, "hw.name=") || strings.HasSuffix(attribute, "=")
	}), ",")
}
