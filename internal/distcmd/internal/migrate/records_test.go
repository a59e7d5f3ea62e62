// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a rule records has the labels of the rewritten expression, and its uses are rewritten with it, in whatever file they are.
func TestUsesOfRecordedSeries(t *testing.T) {
	rules := []byte(`groups: [{rules: [
  {record: "node:gpu_util:avg2", expr: 'avg_over_time(node:gpu_util:avg[1h])'},
  {record: "node:gpu_util:avg", expr: 'avg by (Hostname) (DCGM_FI_DEV_GPU_UTIL)'},
  {record: "gpu:temp", expr: 'DCGM_FI_DEV_GPU_TEMP'},
  {record: "gpu:both", expr: 'DCGM_FI_DEV_GPU_TEMP'}, {record: "gpu:both", expr: 'other_temp'},
  {record: "gpu:labelled", expr: 'DCGM_FI_DEV_GPU_TEMP', labels: {Hostname: all}},
  {record: "gpu:left", expr: 'DCGM_FI_DEV_NONE'},
  {record: "gpu:count", expr: 'count(DCGM_FI_DEV_GPU_TEMP)'}
]}]`)
	others := []byte("data: {r.yaml: '{record: DCGM_FI_DEV_OWN, expr: \"DCGM_FI_DEV_FB_USED * 1\"}'}\n")
	exporter, otel := Translator{Target: Exporter49}.Learn(rules, others, []byte("a: [")), Translator{Target: OTel}.Learn(rules, others)
	for _, c := range []struct {
		translator Translator
		old, want  string
	}{
		{exporter, `node:gpu_util:avg{Hostname="a"} > 28`, `node:gpu_util:avg{hostname="a"} > 28`},
		{exporter, `max by (Hostname) (node:gpu_util:avg2)`, `max by (hostname) (node:gpu_util:avg2)`},
		{exporter, `DCGM_FI_DEV_OWN{Hostname="a"}`, `DCGM_FI_DEV_OWN{hostname="a"}`},
		{exporter, `gpu:left{Hostname="a"}`, `gpu:left{Hostname="a"}`},
		{exporter, `gpu:count / node_gpus`, `gpu:count / node_gpus`},
		{otel, `node:gpu_util:avg{Hostname="a"}`, `node:gpu_util:avg{host_name="a"}`},
		{otel, `gpu:temp{gpu="0"} / DCGM_FI_DEV_POWER_USAGE`, `gpu:temp{hw_name="nvidia0"} / ignoring (hw_sensor_location) hw_power_watts{hw_type="gpu"}`},
	} {
		requireTranslation(t, c.translator, c.old, c.want)
	}
	for old, want := range map[string]string{
		`gpu:both{Hostname="a"}`:     "gpu:both is recorded by a rule that was rewritten, and its labels by another one or by hand",
		`gpu:labelled{Hostname="a"}`: "gpu:labelled is recorded by a rule that was rewritten, and its labels by another one or by hand",
		`gpu:temp / node_temp`:       "all labels are compared with those of series that are not dcgm-exporter's",
	} {
		_, _, err := exporter.expr(old)
		require.EqualError(t, err, want)
	}
	_, _, err := otel.expr(`sum without (gpu) (gpu:temp)`)
	require.EqualError(t, err, "gpu and device are one label now, and which of them gpu:temp has is not known")
	result, err := exporter.File(rules)
	require.NoError(t, err)
	require.Contains(t, result.Notes, Message{3, "node:gpu_util:avg has new labels: rewrite the files that have it together with this one"})
	require.NotContains(t, messages(result), "gpu:count")
}
