// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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
	f(exporter, exporter, "the series DCGM_FI_DEV_SM_CLOCK")
	f(exporter, temp, "the series DCGM_FI_DEV_GPU_TEMP")
	f(temp, power, "")
	f(power, power, "the series DCGM_FI_DEV_POWER_USAGE")
	f(exporter, google, "")
	f(google, "views: google", "the view google")
	f(exporter+", devices: [0, 1]", exporter+`, devices: "2,3"`, "")
	f(exporter+", devices: [0, 1]", exporter+", devices: [1]", "the series DCGM_FI_DEV_SM_CLOCK")
	f(exporter+", devices: [0, 1]", exporter, "the series DCGM_FI_DEV_SM_CLOCK")
	f("", "", "")
	f(exporter+", endpoint: a:5555", exporter+", endpoint: b:5555", "")
	f(exporter+", endpoint: a:5555", exporter+", endpoint: a:5555", "the series DCGM_FI_DEV_SM_CLOCK")
	f(exporter, exporter+", dcgm_exporter: {counters: /nowhere.csv}", "")
}
