// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func parsedConfig(t *testing.T, text string) *Config {
	t.Helper()
	retrieved, err := confmap.NewRetrievedFromYAML([]byte("{" + text + "}"))
	require.NoError(t, err)
	conf, err := retrieved.AsConf()
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, conf.Unmarshal(cfg))
	return cfg
}

func TestTwoReceiversShareWhatBothCertainlyHave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "counters.csv")
	require.NoError(t, os.WriteFile(file, []byte("\ufeff\"DCGM_FI_DEV_GPU_TEMP\", gauge, \"t, of a GPU\"\nDCGM_FI_DRIVER_VERSION, label, d\n"), 0o600))
	f := func(a, b, want string) {
		t.Helper()
		require.Equal(t, want, parsedConfig(t, a).SharedSeries(parsedConfig(t, b)), "%s and %s", a, b)
		require.Equal(t, want, parsedConfig(t, b).SharedSeries(parsedConfig(t, a)), "%s and %s", b, a)
	}
	const exporter = "views: [dcgm_exporter]"
	with := func(counters, more string) string {
		return exporter + `, dcgm_exporter: {counters: "` + counters + `"` + more + "}"
	}
	const temp, tempOf49 = "the series DCGM_FI_DEV_GPU_TEMP", "the series DCGM_FI_DEV_GPU_TEMP_CELSIUS"
	power := with(`DCGM_FI_DEV_POWER_USAGE, gauge, p\nDCGM_FI_DRIVER_VERSION, label, d`, "")

	f(exporter, with(file, ""), temp)
	f(with(file, ""), power, "")
	f(exporter, "views: [otel, google]", "")
	f(exporter, with("/nowhere.csv", ""), "")
	f(exporter, with(`DCGM_FI_PROF_PCIE_TX_BYTES, counter, t`, ""), "the series DCGM_FI_PROF_PCIE_TX_BYTES")

	names := func(names string) string { return with(file, ", names: "+names) }
	f(names("4.8"), names("4.9"), "")
	f(names("'4.8'"), names("both"), temp)
	f(names("both"), names("4.9"), tempOf49)
	f(names("4.9"), with("DCGM_FI_DEV_GPU_TEMP_CELSIUS, gauge, t", ""), tempOf49)
	f(exporter, names("4.9"), "")
	ratio, utilization := `DCGM_FI_DEV_GPU_UTIL_RATIO, gauge, u`, `DCGM_FI_DEV_GPU_UTIL, gauge, u`
	f(with(ratio, ", names: 4.8"), with(utilization, ", names: both"), "the series DCGM_FI_DEV_GPU_UTIL_RATIO")
	f(with(ratio, ", names: 4.8"), with(utilization, ", names: 4.8"), "")

	f(exporter+", endpoint: a:5555", exporter+", endpoint: b:5555", "")
	f(exporter, power+", endpoint: tcp://localhost:5555", "the series DCGM_FI_DEV_POWER_USAGE")
	f(power+", mode: embedded", exporter, "")
	f(power+", mode: embedded", power+", mode: embedded", "the series DCGM_FI_DEV_POWER_USAGE")

	const uuid = "GPU-6cc4bf38-2ba8-4ec5-bf1a-2b3a5ce1a5d2"
	f(power+", devices: [0, 1]", power+`, devices: "2,3"`, "")
	f(power+", devices: [0, 1]", power+`, devices: ["01"]`, "the series DCGM_FI_DEV_POWER_USAGE")
	f(power+", devices: [0]", power, "the series DCGM_FI_DEV_POWER_USAGE")
	f(power+", devices: ["+uuid+"]", power+", devices: [GPU-6CC4BF38-2ba8-4ec5-bf1a-2b3a5ce1a5d2]", "the series DCGM_FI_DEV_POWER_USAGE")
	f(power+", devices: [0]", power+", devices: ["+uuid+"]", "")
	for counter, want := range map[string]bool{
		"DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT": true, "DCGM_FI_DEV_NVSWITCH_LINK_CRC_ERRORS": true, "DCGM_FI_DEV_CPU_UTIL_TOTAL": true, "DCGM_FI_DEV_NVSWITCH_FATAL_ERRORS": true,
		"DCGM_FI_DEV_NVLINK_PPCNT_PLR_RCV_CODES": false, "DCGM_EXP_P2P_STATUS": false, "DCGM_FI_DEV_XID_ERRORS": false, "DCGM_FI_IMEX_DAEMON_STATUS": false,
	} {
		series := ""
		if want {
			series = "the series " + counter
		}
		f(with(counter+", gauge, c", "")+", devices: [0]", with(counter+", gauge, c", "")+", devices: [1]", series)
	}

	mig := func(counter, mig string) string { return with(counter+", gauge, c", ", mig: "+mig) }
	f(mig("DCGM_FI_DEV_GPU_TEMP", "gpus"), mig("DCGM_FI_DEV_GPU_TEMP", "instances"), "")
	f(mig("DCGM_FI_DEV_GPU_TEMP", "gpus"), mig("DCGM_FI_DEV_GPU_TEMP", "flex"), temp)
	f(mig("DCGM_EXP_P2P_STATUS", "gpus"), mig("DCGM_EXP_P2P_STATUS", "instances"), "the series DCGM_EXP_P2P_STATUS")

	f(exporter, exporter, "the series DCGM_FI_DEV_SM_CLOCK")
	f("views: [google]", "views: [otel, google]", "the metric gpu.dcgm.clock.frequency")
	f("views: [google], devices: [0]", "views: [google], devices: [1]", "")
	f("", "endpoint: tcp://localhost:5555", "the metric gpu.c2c.errors")
	f("", "devices: [0]", "the metric gpu.c2c.errors")
	f("devices: [1]", "devices: [0]", "")
}

// A fast receiver beside a slow one is well, if each has metrics of its own.
func TestMetricsThatOneReceiverHasSwitchedOffAreNotShared(t *testing.T) {
	fast, slow := createDefaultConfig().(*Config), createDefaultConfig().(*Config)
	require.NotEmpty(t, fast.SharedSeries(slow))
	for name, on := range enabledOf(fast.MetricsBuilderConfig.Metrics) {
		if on && name[:5] != "dcgm." {
			conf := confmap.NewFromStringMap(map[string]any{"metrics": map[string]any{name: map[string]any{"enabled": false}}})
			require.NoError(t, conf.Unmarshal(fast))
		}
	}
	require.Empty(t, fast.SharedSeries(slow))
	require.Empty(t, fast.SharedSeries(struct{}{}))
}

func TestGPUIsOnTheResourceOfGooglesViewAlone(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "views: [dcgm_exporter]": false, "views: [otel, google]": true, "metrics: {gpu.dcgm.temperature: {enabled: true}}": true, "views: [google], devices: [0]": false, "views: [google], devices: [0, 1]": true, "views: [google], devices: all": true,
	} {
		require.Equal(t, want, parsedConfig(t, text).GPUIsOnResource(), text)
	}
}
