// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Only what is asked in PromQL is, whether a data source is named by type, by variable or by a name that says so.
func TestQueriesOfOtherLanguagesStay(t *testing.T) {
	for name, c := range map[string]struct {
		source   string
		isPromQL bool
	}{
		"a type":              {`{"type": "loki", "uid": "x"}`, false},
		"another type":        {`{"type": "grafana-amazonprometheus-datasource"}`, true},
		"a name":              {`"Loki (prod)"`, false},
		"a name of no type":   {`"prod"`, true},
		"a variable":          {`"${logs}"`, false},
		"another variable":    {`"$metrics"`, true},
		"a variable in an id": {`{"uid": "${logs}"}`, false},
		"none":                {`null`, true},
		"mixed":               {`{"type": "datasource", "uid": "-- Mixed --"}`, true},
	} {
		dashboard := `{"list": [{"type": "datasource", "name": "logs", "query": "loki"}, {"type": "datasource", "name": "metrics", "query": "prometheus"}], "panels": [
			{"datasource": ` + c.source + `, "targets": [{"expr": "DCGM_FI_DEV_GPU_TEMP"}]}]}`
		result, err := Translator{Target: Exporter49}.File([]byte(dashboard))
		require.NoError(t, err)
		require.Equal(t, c.isPromQL, len(result.Changes) == 1, name)
		require.Equal(t, c.isPromQL, len(result.Errors) == 0, name)
	}
	result, err := Translator{Target: Exporter49}.File([]byte(`{"spec": {"query": {"kind": "DataQuery", "group": "loki", "spec": {"expr": "DCGM_FI_DEV_GPU_TEMP"}}}}`))
	require.NoError(t, err)
	require.Empty(t, result.Changes)
}

// Labels that other series have, too, are reported where it is not to be seen whose they are.
func TestLabelsOfAllSeriesAreReported(t *testing.T) {
	for text, want := range map[string]string{
		`{"type": "adhoc", "filters": [{"key": "pod", "operator": "=", "value": "a"}]}`:                                                       "label pod is compared by a filter for all series",
		`{"type": "adhoc", "filters": [{"key": "gpu", "operator": "=", "value": "a"}]}`:                                                       `gpu is compared with "a", and hw_name has values such as nvidia0`,
		`{"type": "adhoc", "filters": [{"key": "err_msg", "operator": "=", "value": "a"}]}`:                                                   "label err_msg has no counterpart: gpu_xid_errors_total counts XIDs by gpu_xid_code",
		`{"type": "custom", "query": "pod,node"}`:                                                                                             "label pod is a value of a variable",
		`{"type": "query", "query": "label_values(namespace)"}`:                                                                               "label namespace is taken from series of any name",
		`{"type": "query", "query": "label_values(${metric}_x, pod)"}`:                                                                        "label pod is taken from series that are not known",
		`{"type": "query", "query": "label_values({gpu=\"0\"}, pod)"}`:                                                                        "series are selected by the label gpu, whatever their name is",
		`{"type": "query", "query": "query_result(DCGM_FI_DEV_FB_USED)", "regex": "/gpu=\"(.)\"/"}`:                                           `results are filtered by /gpu="(.)"/, and their labels are others now`,
		`{"type": "query", "query": "query_result(DCGM_FI_DEV_FB_USED)", "regex": "/Hostname=\"(.)\".*job=\"(.)\"/"}`:                         `results are filtered by /Hostname="(.)".*job="(.)"/, and their labels are others now`,
		`{"title": "${__field.labels.pod}"}`:                                                                                                  "label pod is shown, which may be one of dcgm-exporter's series, k8s_pod_name now, or another",
		`{"title": "${__field.labels.pci_bus_id}"}`:                                                                                           "label pci_bus_id has no counterpart: gpu_info has it: join by hw_id",
		`{"targets": [{"expr": "DCGM_FI_DEV_FB_USED"}], "transformations": [{"options": {"a": {"gpu": 1, "device": 2}}}]}`:                    "field gpu is one with another field of this list now",
		`{"targets": [{"expr": "DCGM_FI_DEV_FB_USED"}], "transformations": [{"options": {"renameByName": {"pci_bus_id": "Bus"}}}]}`:           "label pci_bus_id has no counterpart: gpu_info has it: join by hw_id",
		`{"targets": [{"expr": "DCGM_FI_DEV_FB_USED"}, {"expr": "up"}], "styles": [{"pattern": "namespace"}]}`:                                "field namespace may be a label, which is another one now, or something else",
		`{"targets": [{"expr": "DCGM_FI_DEV_FB_USED", "legendFormat": "GPU {{gpu}}"}], "seriesOverrides": [{"alias": "GPU 0"}]}`:              "GPU 0 may be a series by its legend, which has nvidia0 for 0 now",
		`{"targets": [{"expr": "DCGM_FI_DEV_FB_USED"}], "fieldConfig": {"overrides": [{"matcher": {"id": "byRegexp", "options": "/pod/"}}]}}`: "label pod stands in the pattern /pod/",
	} {
		result, err := Translator{Target: OTel}.File([]byte(`[` + text + `, {"expr": "DCGM_FI_DEV_FB_USED"}]`))
		require.NoError(t, err)
		require.NotEmpty(t, result.Errors, text)
		require.Equal(t, want, result.Errors[0].Text)
	}
	without, err := Translator{Target: OTel}.File([]byte(`[{"type": "custom", "query": "pod,node"}, {"type": "query", "query": "label_values(node_load1, pod)"}]`))
	require.NoError(t, err)
	require.Empty(t, without.Errors)
}
