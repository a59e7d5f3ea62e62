// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

func TestViewsAreOfMetrics(t *testing.T) {
	require.NoError(t, misfitsOf(t, `
receivers: {dcgm/a: {views: [google]}, dcgm/b: {views: [google]}}
service: {pipelines: {logs: {receivers: [dcgm/a, dcgm/b], exporters: [nop]}}}
`))
}

func TestTwoReceiversOfAPipelineHaveNoSeriesTwice(t *testing.T) {
	counters := filepath.Join(t.TempDir(), "counters.csv")
	require.NoError(t, os.WriteFile(counters, []byte("# slow\nDCGM_FI_DEV_GPU_TEMP, gauge, t for a label\nDCGM_FI_DRIVER_VERSION, label, d\n"), 0o600))
	f := func(a, b, want string) {
		t.Helper()
		err := misfitsOf(t, `
receivers:
  dcgm/a: {`+a+`}
  dcgm/b: {`+b+`}
service:
  pipelines:
    metrics/1: {receivers: [dcgm/a, dcgm/b], exporters: [nop]}
    metrics/2: {receivers: [dcgm/a], exporters: [nop]}
`)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.EqualError(t, err, `receivers::dcgm/b: "views": has `+want+`, as receivers::dcgm/a has, in pipeline metrics/1: keep one of them, or give each its own counters or devices`)
	}
	const exporter, google = "views: [dcgm_exporter]", "views: [otel, google]"
	temp := exporter + ", dcgm_exporter: {counters: " + counters + "}"
	power := exporter + `, dcgm_exporter: {counters: "DCGM_FI_DEV_POWER_USAGE, gauge, p\nDCGM_FI_DRIVER_VERSION, label, d"}`
	f(exporter, exporter, "the series DCGM_FI_DEV_VGPU_LICENSE_STATUS")
	f(exporter, temp, "the series DCGM_FI_DEV_GPU_TEMP")
	f(temp, power, "")
	f(power, power, "the series DCGM_FI_DEV_POWER_USAGE")
	f(exporter, google, "")
	f(google, "views: google", "the view google")
	f(exporter+", devices: [0, 1]", exporter+`, devices: "2,3"`, "")
	f(exporter+", devices: [0, 1]", exporter+", devices: [1]", "the series DCGM_FI_DEV_VGPU_LICENSE_STATUS")
	f(exporter+", devices: [0, 1]", exporter, "the series DCGM_FI_DEV_VGPU_LICENSE_STATUS")
	f("", "", "")
	f(exporter+", endpoint: a:5555", exporter+", endpoint: b:5555", "")
	f(exporter+", endpoint: a:5555", exporter+", endpoint: a:5555", "the series DCGM_FI_DEV_VGPU_LICENSE_STATUS")
	f(exporter, exporter+", dcgm_exporter: {counters: /nowhere.csv}", "")
	named := func(counters, names string) string {
		return exporter + ", dcgm_exporter: {counters: " + counters + ", names: " + names + "}"
	}
	f(named(counters, "4.8"), named(counters, "4.9"), "")
	f(named(counters, "'4.8'"), named(counters, "both"), "the series DCGM_FI_DEV_GPU_TEMP")
	f(named(counters, "both"), named(counters, "4.9"), "the series DCGM_FI_DEV_GPU_TEMP_CELSIUS")
	f(temp, named(counters, "4.9"), "")
	f(temp, named(counters, "4.8"), "the series DCGM_FI_DEV_GPU_TEMP")
	f(exporter, named(counters, "4.9"), "")
	f(named("default", "4.9"), named(counters, "4.9"), "the series DCGM_FI_DEV_GPU_TEMP_CELSIUS")
	f(named("default", "4.8"), named("default", "4.9"), "the series DCGM_FI_DEV_VGPU_LICENSE_STATUS")
	ratio, utilization := `"\nDCGM_FI_DEV_GPU_UTIL_RATIO, gauge, u"`, `"\nDCGM_FI_DEV_GPU_UTIL, gauge, u"`
	f(named(ratio, "4.8"), named(utilization, "both"), "the series DCGM_FI_DEV_GPU_UTIL_RATIO")
	f(named(ratio, "4.8"), named(utilization, "4.8"), "")
	f(named(ratio, "4.9"), named(utilization, "4.9"), "the series DCGM_FI_DEV_GPU_UTIL_RATIO")
	f(temp, exporter+`, dcgm_exporter: {counters: "\n\"DCGM_FI_DEV_GPU_TEMP\",\"gauge\",t"}`, "the series DCGM_FI_DEV_GPU_TEMP")
}

// The receiver has the files.
func TestDefaultCountersAreThoseOfTheReceiver(t *testing.T) {
	for _, release := range []string{dcgmnames.Release48, dcgmnames.Release49} {
		config := func(counters string) used {
			return used{config: map[string]any{"dcgm_exporter": map[string]any{"counters": counters, "names": release}}}
		}
		file := filepath.Join("..", "..", "receiver", "dcgmreceiver", "internal", "exporterview", "counters-"+release+".csv")
		require.ElementsMatch(t, seriesOf(config(file)), seriesOf(config("default")))
	}
}
