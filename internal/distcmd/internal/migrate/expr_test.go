// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

func TestExpressionsOf49(t *testing.T) {
	translator := Translator{Target: Exporter49}
	for _, c := range []struct{ name, old, want string }{
		{"a new name", `DCGM_FI_DEV_GPU_TEMP > 85`, `DCGM_FI_DEV_GPU_TEMP_CELSIUS > 85`},
		{"an old name of a field", `dcgm_gpu_temp{gpu!="0"}`, `DCGM_FI_DEV_GPU_TEMP_CELSIUS{gpu!="0"}`},
		{"a new unit", `DCGM_FI_DEV_GPU_UTIL`, `DCGM_FI_DEV_GPU_UTIL_RATIO * 100`},
		{"a new unit compared", `DCGM_FI_DEV_GPU_UTIL{gpu="0"} > 90`, `(DCGM_FI_DEV_GPU_UTIL_RATIO{gpu="0"} * 100) > 90`},
		{"a new unit within an aggregate", `avg by (Hostname) (DCGM_FI_DEV_FB_USED)`, `avg by (hostname) (DCGM_FI_DEV_FB_USED_BYTES / 1048576)`},
		{"clauses behind an aggregate", `avg(DCGM_FI_DEV_FB_USED)by(Hostname,gpu)`, `avg(DCGM_FI_DEV_FB_USED_BYTES / 1048576)by(hostname,gpu)`},
		{"ranges", `rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="1"}[5m]) / 1000`, `rate(DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL{gpu="1"}[5m])`},
		{"ranges that keep their factor", `increase(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[1h]) / 3.6e9`, `(increase(DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL[1h]) * 1000) / 3.6e9`},
		{"functions of which the value is none", `changes(DCGM_FI_DEV_GPU_UTIL[5m]) + count(DCGM_FI_DEV_GPU_UTIL)`, `changes(DCGM_FI_DEV_GPU_UTIL_RATIO[5m]) + count(DCGM_FI_DEV_GPU_UTIL_RATIO)`},
		{"absence in parentheses", `absent((DCGM_FI_DEV_GPU_UTIL{gpu="9"}))`, `absent((DCGM_FI_DEV_GPU_UTIL_RATIO{gpu="9"}))`},
		{"ranges in parentheses", `max_over_time((DCGM_FI_DEV_FB_USED[5m]))`, `max_over_time((DCGM_FI_DEV_FB_USED_BYTES[5m])) / 1048576`},
		{"absence", `absent(DCGM_FI_DEV_GPU_UTIL{job="x"})`, `absent(DCGM_FI_DEV_GPU_UTIL_RATIO{job="x"})`},
		{"subqueries", `max_over_time(DCGM_FI_DEV_GPU_UTIL[1h:1m])`, `max_over_time((DCGM_FI_DEV_GPU_UTIL_RATIO * 100)[1h:1m])`},
		{"offsets", `DCGM_FI_DEV_GPU_UTIL offset 1d - DCGM_FI_DEV_GPU_UTIL`, `(DCGM_FI_DEV_GPU_UTIL_RATIO offset 1d * 100) - (DCGM_FI_DEV_GPU_UTIL_RATIO * 100)`},
		{"factors that the unit makes superfluous", `DCGM_FI_DEV_SM_CLOCK{instance=~"$instance", gpu=~"$gpu"} * 1000000`, `DCGM_FI_DEV_SM_CLOCK_HERTZ{instance=~"$instance", gpu=~"$gpu"}`},
		{"ratios of one unit", `DCGM_FI_DEV_FB_USED / (DCGM_FI_DEV_FB_USED + DCGM_FI_DEV_FB_FREE)`, `(DCGM_FI_DEV_FB_USED_BYTES / 1048576) / ((DCGM_FI_DEV_FB_USED_BYTES / 1048576) + (DCGM_FI_DEV_FB_FREE_BYTES / 1048576))`},
		{"names as matchers", `{__name__="DCGM_FI_DEV_GPU_TEMP",gpu="0"}`, `{__name__="DCGM_FI_DEV_GPU_TEMP_CELSIUS",gpu="0"}`},
		{"names in quotes", `{"DCGM_FI_DEV_GPU_TEMP", gpu="0"}`, `{"DCGM_FI_DEV_GPU_TEMP_CELSIUS", gpu="0"}`},
		{"joins with others", `DCGM_FI_DEV_GPU_TEMP * on (instance) group_left (team) node_meta`, `DCGM_FI_DEV_GPU_TEMP_CELSIUS * on (instance) group_left (team) node_meta`},
		{"copied labels", `label_replace(DCGM_FI_DEV_GPU_TEMP, "node", "$1", "Hostname", "(.*)")`, `label_replace(DCGM_FI_DEV_GPU_TEMP_CELSIUS, "node", "$1", "hostname", "(.*)")`},
		{"written labels", `sum by (Hostname) (label_replace(DCGM_FI_DEV_GPU_TEMP, "Hostname", "$1", "instance", "(.*):.*"))`, `sum by (hostname) (label_replace(DCGM_FI_DEV_GPU_TEMP_CELSIUS, "hostname", "$1", "instance", "(.*):.*"))`},
		{"joined labels", `label_join(DCGM_FI_DEV_GPU_TEMP, "id", "/", "Hostname", "gpu")`, `label_join(DCGM_FI_DEV_GPU_TEMP_CELSIUS, "id", "/", "hostname", "gpu")`},
		{"labels that sort", `sort_by_label_desc(DCGM_FI_DEV_GPU_TEMP, "Hostname", "gpu")`, `sort_by_label_desc(DCGM_FI_DEV_GPU_TEMP_CELSIUS, "hostname", "gpu")`},
		{"labels that values become", `sum by (Hostname) (count_values("Hostname", DCGM_FI_DEV_GPU_TEMP))`, `sum by (hostname) (count_values("hostname", DCGM_FI_DEV_GPU_TEMP_CELSIUS))`},
		{"labels in quotes", `sum by ("Hostname", gpu) ({"DCGM_FI_DEV_GPU_TEMP", "Hostname"="a"})`, `sum by ("hostname", gpu) ({"DCGM_FI_DEV_GPU_TEMP_CELSIUS", "hostname"="a"})`},
		{"labels of a name that stays", `DCGM_FI_PROF_PIPE_FP16_ACTIVE{Hostname="a"}`, `DCGM_FI_PROF_PIPE_FP16_ACTIVE{hostname="a"}`},
		{"aggregates in arguments", `topk(scalar(count(count by (Hostname) (DCGM_FI_DEV_GPU_TEMP))), DCGM_FI_DEV_GPU_TEMP)`, `topk(scalar(count(count by (hostname) (DCGM_FI_DEV_GPU_TEMP_CELSIUS))), DCGM_FI_DEV_GPU_TEMP_CELSIUS)`},
		{"others without labels in common", `sum(DCGM_FI_DEV_GPU_TEMP) / sum(node_temp) or vector(0)`, `sum(DCGM_FI_DEV_GPU_TEMP_CELSIUS) / sum(node_temp) or vector(0)`},
		{"times of samples", `timestamp(DCGM_FI_DEV_GPU_UTIL) - ts_of_max_over_time(DCGM_FI_DEV_GPU_UTIL[1h])`, `timestamp(DCGM_FI_DEV_GPU_UTIL_RATIO) - ts_of_max_over_time(DCGM_FI_DEV_GPU_UTIL_RATIO[1h])`},
		{"values of a chart", `avg_over_time(DCGM_FI_DEV_GPU_TEMP{cluster="{{ .Values.cluster }}"}[{{ .Values.window | default "5m" }}]) > {{- $.Values.limits.temp -}}`, `avg_over_time(DCGM_FI_DEV_GPU_TEMP_CELSIUS{cluster="{{ .Values.cluster }}"}[{{ .Values.window | default "5m" }}]) > {{- $.Values.limits.temp -}}`},
		{"windows of a service level", `sum(rate(DCGM_FI_DEV_PCIE_REPLAY_COUNTER[{{.window}}]))`, `sum(rate(DCGM_FI_DEV_PCIE_REPLAY_TOTAL[{{.window}}]))`},
		{"names that any pattern matches", `count by (job) ({__name__=~".+"}) + count({__name__!=""})`, `count by (job) ({__name__=~".+"}) + count({__name__!=""})`},
		{"a label that a field was", `count by (DCGM_FI_DRIVER_VERSION) (DCGM_FI_DEV_GPU_TEMP)`, `count by (DCGM_FI_SYSTEM_DRIVER_VERSION) (DCGM_FI_DEV_GPU_TEMP_CELSIUS)`},
		{"Grafana's durations", `rate(DCGM_FI_DEV_PCIE_REPLAY_COUNTER[$__rate_interval]) + avg_over_time(DCGM_FI_DEV_GPU_TEMP[${n}m:[[step]]] offset $shift)`, `rate(DCGM_FI_DEV_PCIE_REPLAY_TOTAL[$__rate_interval]) + avg_over_time(DCGM_FI_DEV_GPU_TEMP_CELSIUS[${n}m:[[step]]] offset $shift)`},
		{"Grafana's numbers and labels", `topk($n, avg by ([[label]]) (DCGM_FI_DEV_GPU_TEMP{gpu=~"${gpu:regex}"})) > $limit`, `topk($n, avg by ([[label]]) (DCGM_FI_DEV_GPU_TEMP_CELSIUS{gpu=~"${gpu:regex}"})) > $limit`},
		{"comments and line breaks", "# hot\nDCGM_FI_DEV_GPU_TEMP # here\n  > 85", "# hot\nDCGM_FI_DEV_GPU_TEMP_CELSIUS # here\n  > 85"},
		{"what keeps its name", `DCGM_FI_DEV_POWER_VIOLATION + DCGM_EXP_XID_ERRORS_COUNT + DCGM_FI_DEV_GPU_TEMP_CELSIUS`, `DCGM_FI_DEV_POWER_VIOLATION + DCGM_EXP_XID_ERRORS_COUNT + DCGM_FI_DEV_GPU_TEMP_CELSIUS`},
		{"what is another's", `up == 0 and dcgm_up == 1`, `up == 0 and dcgm_up == 1`},
	} {
		t.Run(c.name, func(t *testing.T) { requireTranslation(t, translator, c.old, c.want) })
	}
}

// What was compared with a percentage still is, to the last bit.
func TestPercentagesStayWhatTheyWere(t *testing.T) {
	translator := Translator{Target: Exporter49}
	const product, rounded = `(DCGM_FI_DEV_GPU_UTIL_RATIO * 100)`, `round(DCGM_FI_DEV_GPU_UTIL_RATIO * 100, 1e-6)`
	for n := range 101 {
		value := float64(n) / 100 // what dcgm-exporter and the view emit for n percent
		for op, holds := range map[string]func(a, b float64) bool{
			"==": func(a, b float64) bool { return a == b }, "!=": func(a, b float64) bool { return a != b },
			">": func(a, b float64) bool { return a > b }, "<": func(a, b float64) bool { return a < b },
			">=": func(a, b float64) bool { return a >= b }, "<=": func(a, b float64) bool { return a <= b },
		} {
			old := fmt.Sprintf("DCGM_FI_DEV_GPU_UTIL %s %d", op, n)
			edits, _, err := translator.expr(old)
			require.NoError(t, err)
			left := strings.TrimSuffix(apply(old, edits), fmt.Sprintf(" %s %d", op, n))
			require.Contains(t, []string{product, rounded}, left)
			for was := range 101 {
				value := float64(was) / 100 * 100
				if left == rounded {
					value = math.Floor(value*(1/1e-6)+0.5) / (1 / 1e-6) // as Prometheus rounds
				}
				require.Equal(t, holds(float64(was), float64(n)), holds(value, float64(n)), "%d%% %s %d", was, op, n)
			}
		}
		require.Equal(t, float64(n), math.Floor(value*100*(1/1e-6)+0.5)/(1/1e-6)) //nolint:testifylint // To the last bit.
	}
	for old, want := range map[string]string{
		`DCGM_FI_DEV_GPU_UTIL == 29`:                        rounded + ` == 29`,
		`28 < DCGM_FI_DEV_GPU_UTIL`:                         `28 < ` + rounded,
		`max by (gpu) (DCGM_FI_DEV_GPU_UTIL) > bool 90`:     `max by (gpu) (DCGM_FI_DEV_GPU_UTIL_RATIO * 100) > bool 90`,
		`avg by (gpu) (DCGM_FI_DEV_GPU_UTIL) > 90`:          `avg by (gpu) (` + rounded + `) > 90`,
		`avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m]) >= 30`:     `round(avg_over_time(DCGM_FI_DEV_GPU_UTIL_RATIO[5m]) * 100, 1e-6) >= 30`,
		`avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m]) == 0`:      `(avg_over_time(DCGM_FI_DEV_GPU_UTIL_RATIO[5m]) * 100) == 0`,
		`DCGM_FI_DEV_GPU_UTIL - 29 == 0`:                    rounded + ` - 29 == 0`,
		`DCGM_FI_DEV_GPU_UTIL > $limit`:                     rounded + ` > $limit`,
		`DCGM_FI_DEV_GPU_UTIL > 90 < 29`:                    rounded + ` > 90 < 29`,
		`count_values("u", DCGM_FI_DEV_GPU_UTIL)`:           `count_values("u", ` + rounded + `)`,
		`floor(DCGM_FI_DEV_GPU_UTIL / 10)`:                  `floor(` + rounded + ` / 10)`,
		`deriv(DCGM_FI_DEV_GPU_UTIL[1h]) * 86400 > 5`:       `(deriv(DCGM_FI_DEV_GPU_UTIL_RATIO[1h]) * 100) * 86400 > 5`,
		`delta(DCGM_FI_DEV_GPU_UTIL[1h]) > 5`:               `(delta(DCGM_FI_DEV_GPU_UTIL_RATIO[1h]) * 100) > 5`,
		`idelta(DCGM_FI_DEV_GPU_UTIL[1h]) > 5`:              `round(idelta(DCGM_FI_DEV_GPU_UTIL_RATIO[1h]) * 100, 1e-6) > 5`,
		`stddev_over_time(DCGM_FI_DEV_GPU_UTIL[1h]) > 5`:    `(stddev_over_time(DCGM_FI_DEV_GPU_UTIL_RATIO[1h]) * 100) > 5`,
		`stddev(DCGM_FI_DEV_GPU_UTIL) > 5`:                  `stddev(` + rounded + `) > 5`, // Samples are exact.
		`stddev(avg_over_time(DCGM_FI_DEV_GPU_UTIL[1h]))>5`: `stddev(avg_over_time(DCGM_FI_DEV_GPU_UTIL_RATIO[1h]) * 100)>5`,
		`deriv(DCGM_FI_DEV_GPU_UTIL[1h:1m]) > 0.001`:        `deriv(` + rounded + `[1h:1m]) > 0.001`,
		`DCGM_FI_DEV_GPU_UTIL / 100 > 0.28`:                 `DCGM_FI_DEV_GPU_UTIL_RATIO > 0.28`,
		`DCGM_FI_DEV_FB_USED == 29`:                         `(DCGM_FI_DEV_FB_USED_BYTES / 1048576) == 29`,
		`DCGM_FI_DEV_SM_CLOCK != 1980`:                      `(DCGM_FI_DEV_SM_CLOCK_HERTZ / 1000000) != 1980`,
		`count(DCGM_FI_DEV_GPU_UTIL > 90) > 2`:              `count((DCGM_FI_DEV_GPU_UTIL_RATIO * 100) > 90) > 2`,
		`DCGM_FI_DEV_GPU_UTIL > DCGM_FI_DEV_MEM_COPY_UTIL`:  rounded + ` > round(DCGM_FI_DEV_MEMORY_UTIL_RATIO * 100, 1e-6)`,
		`max_over_time(DCGM_FI_DEV_GPU_UTIL[1h:1m]) > 28`:   `max_over_time(` + rounded + `[1h:1m]) > 28`,
	} {
		requireTranslation(t, translator, old, want)
	}
}

// A name that is in a unit of its own in each release is converted, or refused with both readings.
func TestAnAmbiguousNameIsConvertedOrRefused(t *testing.T) {
	const old = `DCGM_FI_DEV_GPU_UTIL_RATIO > 90`
	_, _, err := Translator{Target: Exporter49}.expr(old)
	require.ErrorContains(t, err, "DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous: in DCGM 4.6 it is field 203 (INT64, unit %), in DCGM 4.7 it is field 1613 (DOUBLE, unit 1)")
	from48, from49 := Translator{Target: Exporter49, Engine: dcgmnames.Version{Major: 4, Minor: 6}}, Translator{Target: Exporter49, Engine: dcgmnames.Version{Major: 4, Minor: 7}}
	requireTranslation(t, from48, old, `(DCGM_FI_DEV_GPU_UTIL_RATIO * 100) > 90`)
	requireTranslation(t, from49, old, old)
	_, notes, err := from48.expr(old)
	require.NoError(t, err)
	require.Equal(t, []string{"DCGM_FI_DEV_GPU_UTIL_RATIO was in % in 4.8 and is a ratio in 4.9: rewrite a file once"}, notes)
	result, err := from48.File([]byte("expr: count(DCGM_FI_DEV_GPU_UTIL_RATIO)\n"))
	require.NoError(t, err)
	require.Empty(t, result.Changes)
}

func TestExpressionsOfTheReceiver(t *testing.T) {
	translator := Translator{Target: OTel}
	for _, c := range []struct{ name, old, want string }{
		{"attributes that select", `DCGM_FI_DEV_GPU_TEMP`, `hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"}`},
		{"attributes beside matchers", `DCGM_FI_DEV_MEMORY_TEMP{gpu="3"} > 95`, `hw_temperature_celsius{hw_type="gpu",hw_sensor_location="memory",hw_name="nvidia3"} > 95`},
		{"empty braces", `DCGM_FI_DEV_POWER_USAGE{}`, `hw_power_watts{hw_type="gpu"}`},
		{"several GPUs", `DCGM_FI_DEV_POWER_USAGE{gpu=~"0|1"}`, `hw_power_watts{hw_type="gpu",hw_name=~"nvidia(0|1)"}`},
		{"a unit", `DCGM_FI_DEV_FB_USED > 70000`, `(hw_gpu_memory_usage_bytes / 1048576) > 70000`},
		{"a counter of another unit", `rate(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION[5m])`, `rate(hw_energy_joules_total{hw_type="gpu"}[5m]) * 1000`},
		{"labels", `sum by (Hostname, pod, namespace) (DCGM_FI_DEV_POWER_USAGE{modelName=~".*H100.*", UUID!=""})`, `sum by (host_name, k8s_pod_name, k8s_namespace_name) (hw_power_watts{hw_type="gpu",hw_model=~".*H100.*", hw_id!=""})`},
		{"jobs", `DCGM_FI_DEV_POWER_USAGE{hpc_job="$jobid"}`, `hw_power_watts{hw_type="gpu",slurm_job_id="$jobid"}`},
		{"a rate that became a counter", `DCGM_FI_PROF_PCIE_TX_BYTES{gpu="0"} offset 1h`, `rate(hw_gpu_io_bytes_total{network_io_direction="transmit",hw_name="nvidia0"}[5m] offset 1h)`},
		{"a rate of what became a counter", `rate(DCGM_FI_PROF_PCIE_TX_BYTES[1m])`, `rate(hw_gpu_io_bytes_total{network_io_direction="transmit"}[1m])`},
		{"an average of what became a counter", `avg_over_time(DCGM_FI_PROF_PCIE_RX_BYTES[1m])`, `rate(hw_gpu_io_bytes_total{network_io_direction="receive"}[1m])`},
		{"one of two labels that are one", `sum without (gpu, UUID) (DCGM_FI_DEV_FB_USED) / ignoring (UUID,device) sum without (device) (DCGM_FI_DEV_FB_USED)`, `sum without (hw_id) (hw_gpu_memory_usage_bytes / 1048576) / ignoring (hw_id) sum without () (hw_gpu_memory_usage_bytes / 1048576)`},
		{"one of two labels that are one, and no other", `sum without (gpu) (sum by (gpu, Hostname) (DCGM_FI_DEV_POWER_USAGE)) / sum without (gpu) (max by (gpu, device) (DCGM_FI_DEV_POWER_USAGE))`, `sum without (hw_name) (sum by (hw_name, host_name) (hw_power_watts{hw_type="gpu"})) / sum without () (max by (hw_name, hw_name) (hw_power_watts{hw_type="gpu"}))`},
		{"labels that are there already", `DCGM_FI_DEV_POWER_USAGE * on (gpu, UUID) group_left (device, modelName) DCGM_FI_DEV_GPU_TEMP`, `hw_power_watts{hw_type="gpu"} * on (hw_name, hw_id) group_left (hw_model) hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"}`},
		{"labels of others", `max by (gpu) ({__name__=~"smi_.*"}) + max by (gpu) (smi_power)`, `max by (gpu) ({__name__=~"smi_.*"}) + max by (gpu) (smi_power)`},
		{"one of two labels that are left of operations", `sum without (device) (DCGM_FI_DEV_POWER_USAGE / on (device) DCGM_FI_DEV_POWER_USAGE) + sum without (device) (DCGM_FI_DEV_POWER_USAGE > ignoring (UUID) DCGM_FI_DEV_POWER_USAGE)`, `sum without (hw_name) (hw_power_watts{hw_type="gpu"} / on (hw_name) hw_power_watts{hw_type="gpu"}) + ignoring (hw_type) sum without () (hw_power_watts{hw_type="gpu"} > ignoring (hw_id) hw_power_watts{hw_type="gpu"})`},
		{"what says the same of what is left out", `sum without (Hostname, instance) (DCGM_FI_DEV_POWER_USAGE) - ignoring ("pod", hpc_job) sum without (Hostname, instance) (DCGM_FI_DEV_POWER_USAGE)`, `sum without (host_name, host_id, k8s_node_name, instance) (hw_power_watts{hw_type="gpu"}) - ignoring ("k8s_pod_name", "k8s_pod_uid", slurm_job_id, slurm_job_user, slurm_job_account, slurm_job_partition) sum without (host_name, host_id, k8s_node_name, instance) (hw_power_watts{hw_type="gpu"})`},
		{"absence of what became a counter", `absent(DCGM_FI_PROF_PCIE_TX_BYTES{gpu="9"} offset 1m)`, `absent(hw_gpu_io_bytes_total{network_io_direction="transmit",hw_name="nvidia9"} offset 1m)`},
		{"presence of what became a counter", `present_over_time((DCGM_FI_PROF_PCIE_TX_BYTES[5m])) and absent_over_time(DCGM_FI_PROF_PCIE_RX_BYTES[5m])`, `present_over_time((hw_gpu_io_bytes_total{network_io_direction="transmit"}[5m])) and ignoring (network_io_direction) absent_over_time(hw_gpu_io_bytes_total{network_io_direction="receive"}[5m])`},
		{"groups without labels", `up * on (instance) group_right DCGM_FI_DEV_FB_USED`, `up * on (instance) group_right () (hw_gpu_memory_usage_bytes / 1048576)`},
		{"groups without labels of what is ignored", `DCGM_FI_DEV_FB_USED / ignoring (pod) group_left DCGM_FI_DEV_FB_FREE`, `(hw_gpu_memory_usage_bytes / 1048576) / ignoring (gpu_memory_state, k8s_pod_name, k8s_pod_uid) group_left () (gpu_memory_usage_bytes{gpu_memory_state="free"} / 1048576)`},
		{"groups that need no list", `up * on (instance) group_right DCGM_FI_DEV_POWER_USAGE`, `up * on (instance) group_right hw_power_watts{hw_type="gpu"}`},
		{"NVSwitches", `DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT{nvswitch="nvswitch0"}`, `gpu_nvswitch_temperature_celsius{hw_name="nvswitch0"}`},
		{"texts of DCGM", `count by (DCGM_FI_DEV_NAME) (DCGM_FI_DEV_POWER_USAGE{DCGM_FI_DEV_UUID=~"GPU.*"})`, `count by (hw_model) (hw_power_watts{hw_type="gpu",hw_id=~"GPU.*"})`},
		{"labels of the target that are not asked for", `sum by (exported_pod) (DCGM_FI_DEV_POWER_USAGE{exported_namespace="x"})`, `sum by (k8s_pod_name) (hw_power_watts{hw_type="gpu",k8s_namespace_name="x"})`},
		{"labels that are left out", `sum without (gpu, UUID, device, pci_bus_id) (DCGM_FI_DEV_FB_USED)`, `sum without (hw_name, hw_id, hw_name, pci_bus_id) (hw_gpu_memory_usage_bytes / 1048576)`},
		{"patterns of GPUs", `DCGM_FI_DEV_POWER_USAGE{gpu=~"[0-3]"}`, `hw_power_watts{hw_type="gpu",hw_name=~"nvidia(?:[0-3])"}`},
		{"anchored patterns", `DCGM_FI_DEV_POWER_USAGE{gpu!~"^1.$",gpu=~"^($gpu)$"}`, `hw_power_watts{hw_type="gpu",hw_name!~"nvidia(?:1.)",hw_name=~"^($gpu)$"}`},
		{"patterns of replacements", `label_replace(DCGM_FI_DEV_POWER_USAGE, "card", "card $1", "gpu", "(.*)")`, `label_replace(hw_power_watts{hw_type="gpu"}, "card", "card $1", "hw_name", "nvidia(?:(.*))")`},
		{"labels that are copied to what they are", `sum by (pod) (label_replace(DCGM_FI_DEV_POWER_USAGE, "pod", "$1", "exported_pod", "(.+)"))`, `sum by (k8s_pod_name) (label_replace(hw_power_watts{hw_type="gpu"}, "k8s_pod_name", "$1", "k8s_pod_name", "(.+)"))`},
		{"unions", `(DCGM_FI_DEV_GPU_TEMP or DCGM_FI_DEV_MEMORY_TEMP) / DCGM_FI_DEV_POWER_USAGE`, `(hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"} or ignoring (hw_sensor_location) hw_temperature_celsius{hw_type="gpu",hw_sensor_location="memory"}) / ignoring (hw_sensor_location) hw_power_watts{hw_type="gpu"}`},
		{"what is left of joins", `(DCGM_FI_DEV_GPU_TEMP + on (gpu) DCGM_FI_DEV_MEMORY_TEMP) / on (gpu) DCGM_FI_DEV_POWER_USAGE > sum(DCGM_FI_DEV_FB_USED)`, `(hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"} + on (hw_name) hw_temperature_celsius{hw_type="gpu",hw_sensor_location="memory"}) / on (hw_name) hw_power_watts{hw_type="gpu"} > sum(hw_gpu_memory_usage_bytes / 1048576)`},
		{"joins", `DCGM_FI_DEV_GPU_TEMP and on (gpu, UUID) DCGM_FI_DEV_POWER_USAGE`, `hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"} and on (hw_name, hw_id) hw_power_watts{hw_type="gpu"}`},
		{"operations on series that differ in attributes", `DCGM_FI_DEV_FB_USED/(DCGM_FI_DEV_FB_USED+DCGM_FI_DEV_FB_FREE) > bool 0.9`, `(hw_gpu_memory_usage_bytes / 1048576)/((hw_gpu_memory_usage_bytes / 1048576)+ ignoring (gpu_memory_state)(gpu_memory_usage_bytes{gpu_memory_state="free"} / 1048576)) > bool 0.9`},
		{"operations that ignore already", `DCGM_FI_DEV_GPU_TEMP > bool ignoring (x) DCGM_FI_DEV_MEMORY_TEMP`, `hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"} > bool ignoring (hw_sensor_location, x) hw_temperature_celsius{hw_type="gpu",hw_sensor_location="memory"}`},
		{"operations that ignore nothing", `DCGM_FI_DEV_GPU_TEMP > ignoring () DCGM_FI_DEV_MEMORY_TEMP`, `hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"} > ignoring (hw_sensor_location) hw_temperature_celsius{hw_type="gpu",hw_sensor_location="memory"}`},
		{"operations on aggregates", `sum by (gpu) (DCGM_FI_DEV_GPU_TEMP) / sum by (gpu) (DCGM_FI_DEV_POWER_USAGE)`, `sum by (hw_name) (hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"}) / sum by (hw_name) (hw_power_watts{hw_type="gpu"})`},
		{"operations on what is left of aggregates", `max without (pod) (DCGM_FI_DEV_GPU_TEMP) unless DCGM_FI_DEV_FB_USED`, `max without (k8s_pod_name, k8s_pod_uid) (hw_temperature_celsius{hw_type="gpu",hw_sensor_location="gpu"}) unless ignoring (hw_sensor_location, hw_type) (hw_gpu_memory_usage_bytes / 1048576)`},
		{"names of 4.9", `DCGM_FI_DEV_FB_USED_BYTES`, `hw_gpu_memory_usage_bytes`},
		{"what other fields come before", `DCGM_FI_DEV_GPU_UTIL`, `gpu_utilization_sampled_ratio * 100`},
	} {
		t.Run(c.name, func(t *testing.T) { requireTranslation(t, translator, c.old, c.want) })
	}
}

func requireTranslation(t *testing.T, translator Translator, old, want string) {
	t.Helper()
	edits, _, err := translator.expr(old)
	require.NoError(t, err)
	got := apply(old, edits)
	require.Equal(t, want, got)
	_, _, err = parse(got)
	require.NoError(t, err)
}

func TestNotesSayWhatElseIsNeeded(t *testing.T) {
	for old, want := range map[string]string{
		`DCGM_FI_DEV_GPU_UTIL`:                     "gpu_utilization_sampled_ratio needs metrics::gpu.utilization.sampled::enabled: true in the dcgm receiver",
		`DCGM_FI_PROF_PCIE_TX_BYTES`:               "DCGM_FI_PROF_PCIE_TX_BYTES was bytes per second, and hw_gpu_io_bytes_total counts bytes",
		`DCGM_FI_DEV_POWER_USAGE{gpu=~"$gpu"}`:     "the variable of hw_name has to have values such as nvidia0",
		`DCGM_FI_DEV_POWER_USAGE{Hostname="n"}`:    hostNote,
		`max by (hostname) (DCGM_FI_DEV_GPU_TEMP)`: hostNote,
	} {
		_, notes, err := Translator{Target: OTel}.expr(old)
		require.NoError(t, err)
		require.Equal(t, []string{want}, notes)
	}
}

func TestComparedSlopesAreNoted(t *testing.T) {
	for old, want := range map[string][]string{
		`deriv(DCGM_FI_DEV_GPU_UTIL[1h]) * 60 > 0`: {lastBits},
		`deriv(DCGM_FI_DEV_GPU_UTIL[1h])`:          nil,
		`deriv(DCGM_FI_DEV_FB_USED[1h]) > 0`:       nil,
	} {
		_, notes, err := Translator{Target: Exporter49}.expr(old)
		require.NoError(t, err)
		require.Equal(t, want, notes, old)
	}
}

func TestWhatCannotBeTranslatedIsLeftAlone(t *testing.T) {
	for _, c := range []struct {
		target Target
		old    string
		want   string
	}{
		{Exporter49, `sum(DCGM_FI_DEV_GPU_TEMP`, "parse expression: "},
		{Exporter49, `DCGM_FI_DEV_${field} + DCGM_FI_DEV_GPU_TEMP`, "the name of a series has a variable in it"},
		{Exporter49, `{__name__=~"DCGM_FI_DEV_FB_.*"}`, `the name of a series is matched by the pattern "DCGM_FI_DEV_FB_.*"`},
		{Exporter49, `DCGM_FI_DEV_NONE`, "no field of DCGM is called DCGM_FI_DEV_NONE"},
		{Exporter49, `dcgm_fb_total`, "no field of DCGM is called dcgm_fb_total"},
		{Exporter49, `stdvar_over_time(DCGM_FI_DEV_GPU_UTIL[5m])`, "DCGM_FI_DEV_GPU_UTIL_RATIO is in another unit, and stdvar_over_time of a range cannot be converted"},
		{Exporter49, `DCGM_FI_DEV_GPU_TEMP and on (Hostname) up`, "label Hostname is taken from series that are not dcgm-exporter's, too"},
		{OTel, `DCGM_FI_DEV_XID_ERRORS > 0 and on (gpu) DCGM_FI_DEV_NONE`, "DCGM_FI_DEV_XID_ERRORS (DCGM field 230) has no counterpart; made of it are gpu_xid_errors_total, gpu_xid_last_seconds"},
		{OTel, `DCGM_FI_DEV_COUNT`, "DCGM_FI_DEV_COUNT (DCGM field 4) has no counterpart"},
		{OTel, `DCGM_EXP_GPU_HEALTH_STATUS`, "DCGM_EXP_GPU_HEALTH_STATUS has no counterpart: gpu_health has 0, 1 and 2 by gpu_health_system"},
		{OTel, `DCGM_FI_DEV_GPU_TEMP{pci_bus_id="x"}`, "label pci_bus_id has no counterpart: gpu_info has it: join by hw_id"},
		{OTel, `DCGM_FI_DEV_GPU_TEMP{gpu="x"}`, `gpu is compared with "x", and hw_name has values such as nvidia0`},
		{OTel, `DCGM_FI_DEV_GPU_TEMP{gpu=~"0|x^1"}`, `gpu is compared with "0|x^1", and hw_name has values such as nvidia0`},
		{OTel, `DCGM_FI_DEV_GPU_TEMP{gpu=~"$gpu|0"}`, `gpu is compared with "$gpu|0", and hw_name has values such as nvidia0`},
		{OTel, `timestamp(DCGM_FI_PROF_PCIE_TX_BYTES)`, "timestamp of a rate has no counterpart where there is a counter"},
		{Exporter49, `{__name__=~"DCGM.+"}`, `the name of a series is matched by the pattern "DCGM.+"`},
		{Exporter49, `{__name__=~".+_GPU_TEMP"}`, `the name of a series is matched by the pattern ".+_GPU_TEMP"`},
		{Exporter49, `{__name__!~"DCGM_.*",job="x"}`, `the name of a series is matched by the pattern "DCGM_.*"`},
		{Exporter49, `count({Hostname="a"})`, "series are selected by the label Hostname, whatever their name is"},
		{OTel, `count(ALERTS{alertname="GPUHot"}) by (gpu)`, "ALERTS has the label gpu where the expression of the alert has it"},
		{OTel, `{__name__="ALERTS",gpu="0"}`, "ALERTS has the label gpu where the expression of the alert has it"},
		{OTel, `DCGM_FI_DEV_POWER_USAGE / ${metric}{gpu="0"}`, "series are selected by the label gpu, whatever their name is"},
		{Exporter49, `{__name__="$metric",Hostname="a"}`, "series are selected by the label Hostname, whatever their name is"},
		{OTel, `max by (gpu) ($metric)`, "label gpu is taken from series that are not known"},
		{OTel, `max by (gpu) ({job="dcgm"})`, "label gpu is taken from series that are not known"},
		{OTel, `sort_by_label($metric, "Hostname")`, "label Hostname is taken from series that are not known"},
		{OTel, `ALERTS{gpu="0"}`, "ALERTS has the label gpu where the expression of the alert has it"},
		{Exporter49, `label_replace(DCGM_FI_DEV_GPU_TEMP, "metric", "$1", "__name__", "DCGM_(.*)")`, "the name of a series, which changes, is taken for a label"},
		{Exporter49, `label_join(DCGM_FI_DEV_GPU_TEMP, "id", "-", "__name__", "gpu")`, "the name of a series, which changes, is taken for a label"},
		{Exporter49, `count by (__name__) (DCGM_FI_DEV_GPU_TEMP)`, "the name of a series, which changes, is taken for a label"},
		{Exporter49, `label_replace(up, "metric", "DCGM_FI_DEV_GPU_TEMP", "", "")`, `DCGM_FI_DEV_GPU_TEMP stands in the string "DCGM_FI_DEV_GPU_TEMP"`},
		{Exporter49, `scrape_series{metric=~"DCGM_FI_.*"}`, `DCGM_FI stands in the string "DCGM_FI_.*"`},
		{Exporter49, `label_replace(DCGM_FI_DEV_GPU_TEMP or up, "node", "$1", "Hostname", "(.*)")`, "label Hostname is taken from series that are not dcgm-exporter's, too"},
		{OTel, `label_join(DCGM_FI_DEV_GPU_TEMP, "id", "-", "Hostname", "gpu")`, "label_join puts values of the label gpu together, which are others now"},
		{OTel, `label_replace(DCGM_FI_DEV_GPU_TEMP{device="nvidia0"}, "gpu", "$1", "pod", "(.*)")`, "label_replace writes the label gpu, which is one with device now"},
		{OTel, `label_replace(DCGM_FI_DEV_GPU_TEMP, "card", "gpu$0", "gpu", ".*")`, "label_replace takes the whole value of the label gpu"},
		{OTel, `label_replace(DCGM_FI_DEV_GPU_TEMP, "card", "gpu${0}", "gpu", "[0-9]")`, "label_replace takes the whole value of the label gpu"},
		{OTel, `label_replace(sum(DCGM_FI_DEV_GPU_TEMP), "gpu", "all", "gpu", "")`, "the pattern of label_replace fits series without the label gpu"},
		{OTel, `label_replace(label_replace(DCGM_FI_DEV_GPU_TEMP, "gpu", "$1", "pod", "(.*)"), "x", "$1", "gpu", "(.*)")`, "label_replace reads the label gpu, which another function under it writes"},
		{Exporter49, `DCGM_FI_DEV_GPU_TEMP / node_temp`, "all labels are compared with those of series that are not dcgm-exporter's"},
		{Exporter49, `sum by (Hostname) (DCGM_FI_DEV_GPU_TEMP) / ignoring (x) sum by (Hostname) (node_temp)`, "all labels are compared with those of series that are not dcgm-exporter's"},
		{OTel, `sum without (gpu, device, UUID) (DCGM_FI_DEV_FB_USED)`, "GPUs differ by pci_bus_id where labels are left out, and by nothing then"},
		{OTel, `DCGM_FI_DEV_FB_USED / ignoring (gpu, device, UUID) DCGM_FI_DEV_FB_FREE`, "GPUs differ by pci_bus_id where labels are left out, and by nothing then"},
		{OTel, `max by (device) (max by (gpu) (DCGM_FI_DEV_FB_USED))`, "label device is not there, and gpu, which is one with it now, is"},
		{OTel, `DCGM_FI_DEV_FB_USED and on (gpu) sum without (gpu) (DCGM_FI_DEV_FB_USED)`, "label gpu is not there, and device, which is one with it now, is"},
		{OTel, `sum without (gpu) (DCGM_FI_DEV_GPU_TEMP or node_temp)`, "label gpu is taken from series that are not dcgm-exporter's, too"},
		{OTel, `DCGM_FI_DEV_FB_USED{DCGM_FI_DEV_SERIAL="x"}`, "label DCGM_FI_DEV_SERIAL has no counterpart: gpu_info has it as hw_serial_number: join by hw_id"},
		{OTel, `count by (DCGM_FI_DEV_VBIOS_VERSION) (DCGM_FI_DEV_GPU_TEMP)`, "gpu_info has it as gpu_vbios_version: join by hw_id"},
		{OTel, `count by (DCGM_FI_DEV_MINOR_NUMBER) (DCGM_FI_DEV_GPU_TEMP)`, "label DCGM_FI_DEV_MINOR_NUMBER has no counterpart: the receiver has other attributes"},
		{OTel, `up * on (instance) group_left (DCGM_FI_NVML_VERSION) DCGM_FI_DEV_GPU_TEMP`, "label DCGM_FI_NVML_VERSION"},
		{OTel, `DCGM_FI_DEV_POWER_USAGE{cpu="0"}`, "label cpu has no counterpart"},
		{OTel, `DCGM_FI_DEV_POWER_USAGE{exported_pod="x",pod=~"dcgm-exporter.*"}`, "label pod has no counterpart: exported_pod stands beside it, so it is the target's"},
		{OTel, `sum by (exported_namespace, namespace) (DCGM_FI_DEV_POWER_USAGE)`, "label namespace has no counterpart: exported_namespace stands beside it"},
		{OTel, `label_replace(DCGM_FI_DEV_POWER_USAGE{exported_pod="x"}, "pod", "$1", "pod", "(.*)-.*")`, "label pod has no counterpart: exported_pod stands beside it"},
		{OTel, `DCGM_FI_DEV_POWER_USAGE{pod="x"} and on (pod) label_replace(DCGM_FI_DEV_POWER_USAGE, "pod", "$1", "exported_pod", "(.+)")`, "label pod has no counterpart: exported_pod stands beside it"},
		{Exporter49, `{{ .Values.prefix }}DCGM_FI_DEV_GPU_TEMP`, "the name of a series has a variable in it"},
		{Exporter49, `DCGM_FI_DEV_GPU_TEMP{ {{ .Values.matchers }} } > 90`, "parse expression: "},
		{OTel, `sum by (nvlink) (DCGM_FI_DEV_FB_USED)`, "label nvlink has no counterpart: the receiver has other attributes"},
		{OTel, `node_temp unless DCGM_FI_DEV_GPU_TEMP`, "all labels are compared with those of series that are not dcgm-exporter's"},
		{OTel, `count by (err_code) (DCGM_FI_DEV_GPU_TEMP)`, "label err_code has no counterpart"},
		{OTel, `max_over_time(DCGM_FI_PROF_PCIE_TX_BYTES[5m])`, "max_over_time of a rate has no counterpart where there is a counter"},
		{OTel, `DCGM_FI_DEV_GPU_UTIL_RATIO`, "DCGM_FI_DEV_GPU_UTIL_RATIO is ambiguous"},
	} {
		edits, _, err := Translator{Target: c.target}.expr(c.old)
		require.ErrorContains(t, err, c.want)
		require.Empty(t, edits, c.old)
	}
}

func TestReleaseOfTheFileDecidesWhatANameMeans(t *testing.T) {
	for engine, want := range map[dcgmnames.Version]string{
		{Major: 4, Minor: 6}: `gpu_utilization_sampled_ratio * 100`,
		{Major: 4, Minor: 7}: `gpu_utilization_sampled_ratio`,
	} {
		requireTranslation(t, Translator{Target: OTel, Engine: engine}, `DCGM_FI_DEV_GPU_UTIL_RATIO`, want)
	}
}
