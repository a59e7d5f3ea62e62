// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// dcgm-exporter has GPU instances in the place of their GPU; the receiver has GPUs, GPU instances and compute instances.
func TestExpressionsThatHaveOtherResultsWithMIGSaySo(t *testing.T) {
	translator := Translator{Target: OTel}
	const memory, one = `(hw_gpu_memory_usage_bytes / 1048576)`, `hw_gpu_memory_usage_bytes{gpu_mig_ci="",gpu_mig_gi="1"} / 1048576`
	for _, c := range []struct {
		old, want string
		notes     []string
	}{
		{`DCGM_FI_DEV_FB_USED > 70000`, memory + ` > 70000`, []string{ofLevels}},
		{`DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_USED`, memory + ` + ` + memory, []string{ofLevels}},
		{`DCGM_FI_DEV_FB_USED{GPU_I_ID=""}`, `hw_gpu_memory_usage_bytes{gpu_mig_gi=""} / 1048576`, []string{ofLevels}},
		{`DCGM_FI_DEV_FB_USED{GPU_I_ID="1"}`, one, nil},
		{`DCGM_FI_PROF_DRAM_ACTIVE{GPU_I_PROFILE!=""}`, `gpu_memory_bandwidth_utilization_ratio{gpu_mig_profile!=""}`, nil}, // Compute instances have none.
		{`max by (UUID) (DCGM_FI_DEV_FB_USED{GPU_I_ID="1"})`, `max by (hw_id) (` + one + `)`, []string{ofWhom}},
		{`DCGM_FI_PROF_DRAM_ACTIVE{UUID="x"}`, `gpu_memory_bandwidth_utilization_ratio{hw_id="x"}`, []string{ofLevels, ofWhom}},
		{`sum(DCGM_FI_DEV_POWER_USAGE)`, `sum(hw_power_watts{hw_type="gpu"})`, []string{ofGPUs}},
		{`max by (UUID) (DCGM_FI_DEV_POWER_USAGE{GPU_I_ID=~".*"})`, `max by (hw_id) (hw_power_watts{hw_type="gpu",gpu_mig_gi=~".*"})`, nil},
		{`max without (GPU_I_ID) (DCGM_FI_DEV_POWER_USAGE)`, `max without (gpu_mig_gi) (hw_power_watts{hw_type="gpu"})`, nil},
		{`sum(DCGM_FI_DEV_ENC_UTIL)`, `sum(hw_gpu_utilization_ratio{hw_gpu_task="encoder"} * 100)`, nil}, // DCGM has none of a GPU with MIG.
		{`sum(DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT)`, `sum(gpu_nvswitch_temperature_celsius)`, nil},
	} {
		requireTranslation(t, translator, c.old, c.want)
		_, notes, err := translator.expr(c.old)
		require.NoError(t, err)
		require.Equal(t, c.notes, notes, c.old)
	}
	for old, want := range map[string]string{
		`DCGM_FI_DEV_GPU_TEMP{GPU_I_ID="1"}`:                                           "label GPU_I_ID is that of an instance, and hw_temperature_celsius is of the GPU alone",
		`DCGM_FI_DEV_GPU_TEMP{GPU_I_PROFILE=~"$profile"}`:                              "label GPU_I_PROFILE is that of an instance, and hw_temperature_celsius is of the GPU alone",
		`max by (GPU_I_ID) (DCGM_FI_DEV_POWER_USAGE)`:                                  "label GPU_I_ID is that of an instance, and hw_power_watts is of the GPU alone",
		`DCGM_FI_DEV_FB_USED * on (gpu, GPU_I_ID) DCGM_FI_DEV_POWER_USAGE`:             "label GPU_I_ID is that of an instance, and hw_power_watts is of the GPU alone",
		`label_replace(DCGM_FI_DEV_GPU_TEMP, "instance_id", "$1", "GPU_I_ID", "(.*)")`: "label GPU_I_ID is that of an instance, and hw_temperature_celsius is of the GPU alone",
	} {
		_, _, err := translator.expr(old)
		require.EqualError(t, err, want)
	}
	result, err := translator.File([]byte(`[{"type": "query", "query": "label_values(DCGM_FI_DEV_GPU_TEMP, GPU_I_ID)"}, {"type": "query", "query": "label_values(DCGM_FI_DEV_FB_USED, UUID)"}]`))
	require.NoError(t, err)
	require.Equal(t, []Message{{1, "label GPU_I_ID is that of an instance, and hw_temperature_celsius is of the GPU alone"}}, result.Errors)
	require.Equal(t, []Message{{1, ofWhom}}, result.Notes)
}
