// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed are the messages about a file, each behind its line.
func listed(r Result) []string {
	var all []string
	for _, e := range r.Errors {
		all = append(all, fmt.Sprint(e.Line, ": ", e.Text))
	}
	return all
}

// table is a panel with a query that results in gpu and Hostname, and something else.
func table(rest string) string {
	return `{"targets": [{"expr": "max by (gpu, Hostname) (DCGM_FI_DEV_GPU_TEMP)", "format": "table", "legendFormat": "{{Hostname}}"}],` + "\n" + rest + "}"
}

// Nothing that may name a label of dcgm-exporter's results stays without a word, wherever it stands.
func TestLabelsInPlacesThatNothingIsKnownOfAreListed(t *testing.T) {
	const field = "label %s, which is another one now, may be a field that %s names"
	const stands = "label %s, which is another one now, stands in %s"
	for _, c := range []struct{ name, file, want string }{
		{"columns of joins", table(`"transformations": [{"id": "organize", "options": {"renameByName": {"gpu 1": "x"}}}]`), fmt.Sprintf(field, "gpu", "gpu 1")},
		{"a new kind of option", table(`"options": {"new": {"by": ["gpu"]}}`), fmt.Sprintf(field, "gpu", "gpu")},
		{"a label of others, too", table(`"options": {"new": "pod"}`), fmt.Sprintf(field, "pod", "pod")},
		{"a series without a legend", table(`"options": {"hidden": ["{gpu=\"0\"}"]}`), fmt.Sprintf(stands, "gpu", `{gpu="0"}`)},
		{"a message", table(`"alert": {"message": "on {{Hostname}}"}`), fmt.Sprintf(stands, "Hostname", "on {{Hostname}}")},
		{"a filter of a transformation", table(`"transformations": [{"id": "x", "filter": {"id": "byRegexp", "options": "gpu.*"}}]`), "label gpu stands in the pattern gpu.*"},
		{"SQL", `{"targets": [{"expr": "DCGM_FI_DEV_GPU_TEMP"},` + "\n" + `{"datasource": {"type": "__expr__"}, "expression": "SELECT gpu FROM A"}]}`, fmt.Sprintf(stands, "gpu", "SELECT gpu FROM A")},
		{"SQL of an alert", `{"annotations": {}, "data": [{"model": {"expr": "DCGM_FI_DEV_GPU_TEMP"}},` + "\n" + `{"model": {"expression": "SELECT gpu FROM A"}}]}`, fmt.Sprintf(stands, "gpu", "SELECT gpu FROM A")},
		{"values that are converted", table(`"transformations": [{"id": "convertFieldType", "options": {"conversions": [{"targetField": "gpu"}]}}]`), "values of the label gpu, which are no numbers any more, are converted or calculated with"},
		{"values that are calculated with", table(`"transformations": [{"id": "calculateField", "options": {"binary": {"left": "gpu", "right": "2"}}}]`), "values of the label gpu, which are no numbers any more, are converted or calculated with"},
		{"values that become names", table(`"transformations": [{"id": "groupingToMatrix", "options": {"columnField": "gpu"}}]`), "values of the label gpu, which are others now, become names of fields"},
		{"values that are mapped", table(`"fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "gpu"}, "properties": [{"id": "mappings", "value": []}]}]}`), "values of the label gpu, which are others now, are mapped to texts"},
		{"values under another name", "{\"targets\": [{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"}], \"transformations\": [{\"options\": {\"renameByName\": {\"gpu\": \"Card\"}}},\n" + `{"options": {"filters": [{"fieldName": "Card", "config": {"options": {"value": "0"}}}]}}]}`, "values of the label gpu, which are others now, are compared"},
		{"a series by its only label", "{\"targets\": [{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\", \"legendFormat\": \"__auto\"}],\n" + `"fieldConfig": {"overrides": [{"matcher": {"id": "byName", "options": "0"}}]}}`, "0 may be a series by its legend, which has nvidia0 for 0 now"},
		{"a field that is called like a label", "{\"targets\": [{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"}], \"transformations\": [{\"options\": {\"renameByName\": {\"instance\": \"gpu\"}}}],\n" + `"options": {"xField": "gpu"}}`, "field gpu may be a label, which is another one now, or something else"},
		{"a field beside other series", "{\"targets\": [{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"}, {\"expr\": \"up\"}],\n" + `"styles": [{"pattern": "Hostname"}]}`, "field Hostname may be a label, which is another one now, or something else"},
		{"a shown label beside other series", "{\"targets\": [{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"}, {\"expr\": \"up\"}],\n" + `"x": "${__field.labels.Hostname}"}`, "label Hostname is shown, which may be one of dcgm-exporter's series, host_name now, or another"},
		{"a copy beside other series", "{\"panels\": [{\"targets\": [{\"expr\": \"up\"}]}, {\"datasource\": {\"uid\": \"-- Dashboard --\"}, \"targets\": [{}],\n" + `"options": {"xField": "gpu"}}, ` + table("") + "]}", "field gpu may be a label, which is another one now, or something else"},
		{"a metric that is a variable", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"expr": "$metric{gpu=\"0\"}"}]`, "series are selected by the label gpu, whatever their name is"},
		{"its legend", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"expr": "avg_over_time(${metric}[5m])", "legendFormat": "{{gpu}}"}]`, "label gpu stands where series are not known"},
		{"alerts", "x: 1\nexpr: count(ALERTS{alertname=\"Hot\"}) by (gpu)", "ALERTS has the label gpu where the expression of the alert has it"},
		{"labels to group by", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"type": "groupby", "name": "gpu", "options": [{"value": "gpu"}]}]`, fmt.Sprintf(field, "gpu", "gpu")},
		{"the same in the second form", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"kind": "GroupByVariable", "spec": {"name": "gpu", "options": [{"value": "gpu"}]}}]`, fmt.Sprintf(field, "gpu", "gpu")},
		{"keys of ad hoc filters", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"kind": "AdhocVariable", "spec": {"defaultKeys": [{"value": "gpu"}]}}]`, fmt.Sprintf(field, "gpu", "gpu")},
		{"values in order", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"type": "adhoc", "filters": [{"key": "gpu", "operator": "<", "value": "2"}]}]`, "values of the label gpu, which are others now, are compared"},
		{"a list of labels", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"kind": "CustomVariable", "spec": {"query": "gpu,job"}}]`, "label gpu is a value of a variable"},
		{"a part of a selector", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"type": "textbox", "query": "gpu=\"0\""}]`, "label gpu is a value of a variable"},
		{"a pattern for all values", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"type": "query", "query": "label_values(DCGM_FI_DEV_GPU_TEMP, gpu)", "allValue": "[0-9]+"}]`, "values of the label gpu, which are others now, are filtered by [0-9]+"},
		{"saved values", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"type": "query", "query": "label_values(DCGM_FI_DEV_GPU_TEMP, gpu)", "options": [{"value": "$__all"}, {"value": "0"}, {"value": "1"}]}]`, "values of the label gpu, which are others now, are saved with the variable: refresh it"},
		{"what an annotation takes from a label", `{"query": {"kind": "DataQuery", "group": "prometheus", "spec": {"expr": "DCGM_FI_DEV_GPU_TEMP"}},` + "\n" + `"mappings": {"title": {"value": "gpu"}}}`, fmt.Sprintf(field, "gpu", "gpu")},
	} {
		result, err := Translator{Target: OTel}.File([]byte(c.file))
		require.NoError(t, err, c.name)
		require.Equal(t, []string{"2: " + c.want}, listed(result), c.name)
	}
}

// What is certain to be of dcgm-exporter's results is rewritten.
func TestFieldsOfItsOwnResultsAreRewritten(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"options", table(`"options": {"colorByField": "gpu", "footer": {"fields": ["gpu"]}}`), `"options": {"colorByField": "hw_name", "footer": {"fields": ["hw_name"]}}`},
		{"matchers anywhere", table(`"options": {"series": [{"x": {"matcher": {"id": "byName", "options": "gpu"}}}]}`), `"options": {"series": [{"x": {"matcher": {"id": "byName", "options": "hw_name"}}}]}`},
		{"labels of fields", table(`"links": [{"url": "x?a=${__data.fields[gpu]}&b=${__field.labels['Hostname']}"}]`), `"links": [{"url": "x?a=${__data.fields[hw_name]}&b=${__field.labels['host_name']}"}]`},
		{
			"a panel in the second form", `{"data": {"spec": {"queries": [{"spec": {"query": {"kind": "DataQuery", "group": "prometheus", "spec": {"expr": "max by (gpu) (DCGM_FI_DEV_GPU_TEMP)"}}}}],` + "\n" + `"transformations": [{"kind": "Transformation", "group": "organize", "spec": {"options": {"renameByName": {"gpu": "x"}}}}]}}, "vizConfig": {"spec": {"options": {"sortBy": [{"displayName": "gpu"}]}}}}`,
			`"transformations": [{"kind": "Transformation", "group": "organize", "spec": {"options": {"renameByName": {"hw_name": "x"}}}}]}}, "vizConfig": {"spec": {"options": {"sortBy": [{"displayName": "hw_name"}]}}}}`,
		},
		{
			"a query of a variable in the second form", "\n" + `{"kind": "QueryVariable", "spec": {"query": {"kind": "DataQuery", "group": "prometheus", "spec": {"query": "query_result(DCGM_FI_DEV_PCIE_REPLAY_COUNTER)"}}, "regex": "/Hostname=\"(.*?)\"/"}}`,
			`{"kind": "QueryVariable", "spec": {"query": {"kind": "DataQuery", "group": "prometheus", "spec": {"query": "query_result(gpu_pcie_replays_total)"}}, "regex": "/host_name=\"(.*?)\"/"}}`,
		},
		{"tags of an annotation", "\n" + `{"target": {"expr": "changes(DCGM_FI_DEV_PCIE_REPLAY_COUNTER[5m])"}, "tagKeys": "gpu,Hostname", "titleFormat": "{{gpu}}"}`, `{"target": {"expr": "changes(gpu_pcie_replays_total[5m])"}, "tagKeys": "hw_name,host_name", "titleFormat": "{{hw_name}}"}`},
		{
			"filters with several values", "[{\"expr\": \"DCGM_FI_DEV_GPU_TEMP\"},\n" + `{"type": "adhoc", "filters": [{"key": "gpu", "operator": "=|", "value": "0", "values": ["0", "1"], "valueLabels": ["0", "1"]}]}]`,
			`{"type": "adhoc", "filters": [{"key": "hw_name", "operator": "=|", "value": "nvidia0", "values": ["nvidia0", "nvidia1"], "valueLabels": ["nvidia0", "nvidia1"]}]}]`,
		},
		{"a copy of one of them", "[" + table(`"x": 1`) + ",\n" + `{"datasource": {"uid": "-- Dashboard --"}, "targets": [{}], "options": {"xField": "gpu"}}]`, `{"datasource": {"uid": "-- Dashboard --"}, "targets": [{}], "options": {"xField": "hw_name"}}]`},
	} {
		result, err := Translator{Target: OTel}.File([]byte(c.file))
		require.NoError(t, err, c.name)
		require.Empty(t, result.Errors, c.name)
		require.Contains(t, string(result.Text), "\n"+c.want, c.name)
	}
}

// Panels of other series, words for people and variables have no labels of dcgm-exporter's.
func TestWhatIsNoLabelStays(t *testing.T) {
	for name, text := range map[string]string{
		"a panel of others":       `{"targets": [{"expr": "slurm_alloc", "legendFormat": "{{Hostname}}"}], "fieldConfig": {"defaults": {"displayName": "${__field.labels.Hostname}"}}, "options": {"xField": "gpu"}}`,
		"a query of others":       table(`"title": "gpu of Hostname", "repeat": "gpu", "links": [{"url": "/d/x?var-gpu=$gpu"}], "scopedVars": {"gpu": {"value": "0"}}`),
		"names of variables":      `{"type": "query", "name": "gpu", "label": "gpu", "query": "label_values(node_load1, x)"}`,
		"numbers":                 table(`"transformations": [{"id": "limit", "options": {"limitField": "10"}}]`),
		"an expression of others": `{"targets": [{"expr": "slurm_alloc{Hostname=\"a\"}"}]}`,
		"a text for a name":       table(`"fieldConfig": {"overrides": [{"matcher": {"id": "byFrameRefID", "options": "A"}, "properties": [{"id": "displayName", "value": "gpu"}]}]}`),
		"Helm's values":           `{"x": "{{ .Values.gpu.enabled }}"}`,
	} {
		_, stays, isTable := strings.Cut(text, "\n")
		if !isTable {
			stays = text
		}
		for _, target := range []Target{Exporter49, OTel} {
			result, err := Translator{Target: target}.File([]byte(`[{"expr": "DCGM_FI_DEV_GPU_TEMP"}, ` + text + `]`))
			require.NoError(t, err, name)
			require.Empty(t, result.Errors, name)
			require.Contains(t, string(result.Text), stays, name)
		}
	}
}

// A file within a file is one: what its panels and rules have is not judged by the text around it.
func TestDocumentsWithinOthersAreTranslatedOnTheirOwn(t *testing.T) {
	for _, c := range []struct {
		name, old, want string
		errors          []string
	}{
		{"a dashboard", `{"targets": [{"expr": "DCGM_FI_DEV_PCIE_REPLAY_COUNTER"}], "x": "${__field.labels.Hostname}"}`, `{"targets": [{"expr": "gpu_pcie_replays_total"}], "x": "${__field.labels.host_name}"}`, nil},
		{"rules", `[{expr: DCGM_FI_DEV_PCIE_REPLAY_COUNTER > 1, annotations: {a: "{{ $labels.gpu }}"}}]`, `[{expr: gpu_pcie_replays_total > 1, annotations: {a: "{{ $labels.hw_name }}"}}]`, nil},
		{"a dashboard of others", `{"targets": [{"expr": "up"}], "x": "${__field.labels.Hostname}"}`, `{"targets": [{"expr": "up"}], "x": "${__field.labels.Hostname}"}`, nil},
		{"rules of others", `[{expr: up > 1, annotations: {a: "{{ $labels.gpu }}"}}]`, `[{expr: up > 1, annotations: {a: "{{ $labels.gpu }}"}}]`, nil},
		{"routes", `{route: {group_by: [gpu]}}`, `{route: {group_by: [gpu]}}`, []string{"3: label gpu is named where series are relabelled or alerts are routed"}},
		{"a message", `a: '{{ $labels.gpu }}'`, `a: '{{ $labels.gpu }}'`, []string{"3: label gpu is shown of an expression that stands elsewhere"}},
	} {
		file := "x: {expr: DCGM_FI_DEV_PCIE_REPLAY_COUNTER}\ndata: |\n  " + c.old + "\n"
		result, err := Translator{Target: OTel}.File([]byte(file))
		require.NoError(t, err, c.name)
		require.Equal(t, "x: {expr: gpu_pcie_replays_total}\ndata: |\n  "+c.want+"\n", string(result.Text), c.name)
		require.Equal(t, c.errors, listed(result), c.name)
	}
}

// Labels of a template are rewritten where they are those of the alert, and their values are shown as they are.
func TestTemplatesOfAlerts(t *testing.T) {
	for _, c := range []struct{ old, want, failure string }{
		{"{{ $labels.gpu }} {{- .Labels.Hostname -}}", "{{ $labels.hw_name }} {{- .Labels.host_name -}}", ""},
		{"{{ index $labels `gpu` }} {{ index $values.B.Labels \"Hostname\" }}", "{{ index $labels `hw_name` }} {{ index $values.B.Labels \"host_name\" }}", ""},
		{"{{ $values.B.Labels.gpu }} {{ $.Labels.UUID | toUpper }}", "{{ $values.B.Labels.hw_name }} {{ $.Labels.hw_id | toUpper }}", ""},
		{"{{ range query \"up\" }}{{ .Labels.Hostname }}{{ $labels.UUID }}{{ end }}", "{{ range query \"up\" }}{{ .Labels.Hostname }}{{ $labels.hw_id }}{{ end }}", "label Hostname is shown behind range or with, where it may be one of another result"},
		{"{{ with query (printf \"up{a='%s'}\" .Labels.Hostname) }}x{{ end }}", "{{ with query (printf \"up{a='%s'}\" .Labels.host_name) }}x{{ end }}", ""},
		{"{{ if eq $labels.gpu \"0\" }}x{{ end }}", "", "values of the label gpu, which are others now, are used in {{ if eq $labels.gpu \"0\" }}"},
		{"{{ $labels.gpu | printf \"%03s\" }}", "", "values of the label gpu, which are others now, are used in {{ $labels.gpu | printf \"%03s\" }}"},
		{"{{ $l := .Labels }}{{ $l.gpu }}", "", "label gpu stands in {{ $l.gpu }}"},
		{"{{ with $labels }}{{ .pod }}{{ end }}", "", "label pod stands in {{ .pod }}"},
		{"{{ range $k, $v := $labels }}{{ if eq $k `gpu` }}{{ $v }}{{ end }}{{ end }}", "", "label gpu stands in {{ if eq $k `gpu` }}"},
		{"{{ $gpu := $labels.Hostname }}{{ $gpu }}", "{{ $gpu := $labels.host_name }}{{ $gpu }}", ""},
	} {
		file := "expr: DCGM_FI_DEV_PCIE_REPLAY_COUNTER > 1\nannotations:\n  a: |\n    " + c.old + "\n"
		want := strings.Replace(strings.Replace(file, "DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "gpu_pcie_replays_total", 1), c.old, c.want, 1)
		if c.want == "" {
			want = strings.Replace(file, "DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "gpu_pcie_replays_total", 1)
		}
		result, err := Translator{Target: OTel}.File([]byte(file))
		require.NoError(t, err, c.old)
		require.Equal(t, want, string(result.Text), c.old)
		var errors []string
		if c.failure != "" {
			errors = []string{"4: " + c.failure}
		}
		require.Equal(t, errors, listed(result), c.old)
	}
}

// Alertmanager and Grafana route and show alerts whose expressions are elsewhere, so there is no series to tell whose labels they are.
func TestLabelsOfRoutesAndTheirTemplatesAreListedWithoutSeries(t *testing.T) {
	result, err := Translator{Target: OTel}.File([]byte(`policies:
  - object_matchers: [[gpu, '=', '0']]
receivers:
  - text: '{{ range .Alerts }}{{ .Labels.UUID }}{{ end }}'
    title: '{{ .CommonLabels.Hostname }}'
`))
	require.NoError(t, err)
	require.Equal(t, []string{
		"2: label gpu is named where series are relabelled or alerts are routed",
		"4: label UUID is shown of an expression that stands elsewhere",
		"5: label Hostname is shown of an expression that stands elsewhere",
	}, listed(result))
	rules, err := Translator{Target: OTel}.File([]byte("- {expr: up, annotations: {a: '{{ $labels.gpu }}'}}\n"))
	require.NoError(t, err)
	require.Empty(t, rules.Errors)
}

// A label that a rule sets replaced that of its series, which is another one now.
func TestLabelsThatARuleSetsAreNoted(t *testing.T) {
	result, err := Translator{Target: OTel}.File([]byte("alert: A\nexpr: DCGM_FI_DEV_PCIE_REPLAY_COUNTER > 1\nlabels:\n  severity: page\n  namespace: gpus\n"))
	require.NoError(t, err)
	require.Empty(t, result.Errors)
	require.Contains(t, result.Notes, Message{5, "the rule sets namespace, and its series may have k8s_namespace_name beside it now"})
}

func TestRelabellingByPatternsOfNamesThatChangeIsListed(t *testing.T) {
	result, err := Translator{Target: OTel}.File([]byte(`metric_relabel_configs:
  - {source_labels: [__name__], regex: DCGM.*, action: keep}
  - {sourceLabels: [__name__], regex: (DCGM_FI|node)_.+, action: keep}
  - {source_labels: [__name__], regex: node_.+, action: drop}
  - {source_labels: [__name__], regex: .*, action: keep}
  - {source_labels: [job], regex: DCGM.*, action: keep}
`))
	require.NoError(t, err)
	require.Equal(t, []string{"2: the pattern of names DCGM.* fits names that change", "3: the pattern of names (DCGM_FI|node)_.+ fits names that change"}, listed(result))
}
