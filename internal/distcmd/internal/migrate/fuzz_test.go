// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever a file has, the rewritten one can be read, and every expression in it parsed.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"expr: DCGM_FI_DEV_GPU_UTIL{gpu=\"0\"} > 90\n", "expr: |\n  sum by (gpu) (DCGM_FI_DEV_FB_USED) / DCGM_FI_DEV_FB_FREE\n",
		`{"expr": "rate(DCGM_FI_PROF_PCIE_TX_BYTES[$__rate_interval] offset 5m) * on () group_left () up"}`, "expr: 'DCGM_FI_DEV_GPU_TEMP == bool ''x'''",
		`[{"type": "query", "query": "label_values(DCGM_FI_DEV_GPU_TEMP{gpu=~\"$g\"}, Hostname)"}]`, "expr: \"\\x44CGM_FI_DEV_GPU_TEMP\"",
		`{"panels": [{"targets": [{"expr": "DCGM_FI_DEV_FB_USED", "legendFormat": "{{gpu}}"}], "transformations": [{"options": {"renameByName": {"gpu": "x", "Hostname": "gpu"}}}]}]}`,
		"a: &a {expr: DCGM_FI_DEV_GPU_UTIL == 29}\nb: [*a, {<<: *a, annotations: {x: '{{ $labels.gpu }}'}}]\n", "expr: label_replace(DCGM_FI_DEV_GPU_UTIL, 'gpu', '$1', 'Hostname', '(.*)') or up\n",
		`{"list": [{"type": "adhoc", "filters": [{"key": "gpu", "operator": "=~", "value": "0|1"}]}, {"type": "query", "query": "query_result(dcgm_gpu_temp)", "regex": "/Hostname=\"(.*)\"/"}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, target := range []Target{Exporter49, OTel} {
			translator := Translator{Target: target}
			result, err := translator.File([]byte(text))
			if err != nil {
				continue
			}
			_, err = read(result.Text)
			require.NoError(t, err, "%q became %q", text, result.Text)
			for _, change := range result.Changes {
				if _, _, err := parse(change.Old); err == nil && translator.names(change.Old) { // A value of a filter may look like a number.
					_, _, err = parse(change.New)
					require.NoError(t, err, "%q became %q", change.Old, change.New)
				}
			}
		}
	})
}
