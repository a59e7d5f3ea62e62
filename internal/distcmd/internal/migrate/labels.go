// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// newLabel is what becomes of a label of dcgm-exporter.
type newLabel struct {
	name string
	why  string // there is no counterpart
	note string
}

// otelLabels are the attributes that the dcgm receiver and the gpu_attribution processor have for labels of dcgm-exporter.
var otelLabels = map[string]newLabel{
	"gpu":           {name: "hw_name"},
	"device":        {name: "hw_name"},
	"UUID":          {name: "hw_id"},
	"uuid":          {name: "hw_id"},
	"modelName":     {name: "hw_model"},
	"Hostname":      {name: "host_name", note: hostNote},
	"hostname":      {name: "host_name", note: hostNote},
	"GPU_I_ID":      {name: "gpu_mig_gi"},
	"GPU_I_PROFILE": {name: "gpu_mig_profile"},

	"pod": {name: "k8s_pod_name"}, "exported_pod": {name: "k8s_pod_name"}, "pod_name": {name: "k8s_pod_name"},
	"namespace": {name: "k8s_namespace_name"}, "exported_namespace": {name: "k8s_namespace_name"}, "pod_namespace": {name: "k8s_namespace_name"},
	"container": {name: "k8s_container_name"}, "exported_container": {name: "k8s_container_name"}, "container_name": {name: "k8s_container_name"},
	"pod_uid": {name: "k8s_pod_uid"}, "dra_claim_name": {name: "k8s_resourceclaim_name"},
	"hpc_job": {name: "slurm_job_id"},

	"pci_bus_id":                    {why: onInfo},
	"DCGM_FI_DRIVER_VERSION":        {why: onInfo},
	"DCGM_FI_SYSTEM_DRIVER_VERSION": {why: onInfo},
	"err_code":                      {why: "gpu_xid_errors_total counts XIDs by gpu_xid_code"},
	"err_msg":                       {why: "gpu_xid_errors_total counts XIDs by gpu_xid_code"},
	"vgpu":                          {why: "gpu_allocation has who shares a GPU"},
}

const (
	hostNote = "host_name is an attribute of the resource: Prometheus has it as a label with resource_to_telemetry_conversion, or promote_resource_attributes"
	onInfo   = "gpu_info has it: join by hw_id"
)

// labels49 are the labels of dcgm-exporter that 4.9 writes otherwise.
var labels49 = map[string]newLabel{
	"Hostname":               {name: "hostname"},
	"DCGM_FI_DRIVER_VERSION": {name: "DCGM_FI_SYSTEM_DRIVER_VERSION"},
}

// label returns what becomes of a label; false where it stays.
func (t Translator) label(name string) (newLabel, bool) {
	labels := otelLabels
	if t.Target == Exporter49 {
		labels = labels49
	}
	l, changes := labels[name]
	return l, changes
}

// Labels of dcgm-exporter that mean what they do on its series alone.
var otherLabels = []string{
	"gpu_uuid", "model_name", "nvlink", "nvswitch", "cpu", "cpucore", "cpu_serial", "xid", "clock_event", "window_size_in_ms", "health_watch", "health_error_code", "peer_gpu", "link_status",
}

// label returns what becomes of a label of dcgm-exporter's series.
func (x *expression) label(name string) (newLabel, bool) {
	l, changes := x.Translator.label(name)
	if !changes && x.Target == OTel && (strings.HasPrefix(name, "DCGM_FI_") || slices.Contains(otherLabels, name)) {
		return newLabel{why: "the receiver has other attributes"}, true
	}
	return l, changes
}

func (l newLabel) err(old string) error {
	if l.why == "" {
		return nil
	}
	return fmt.Errorf("label %s has no counterpart: %s", old, l.why)
}

var (
	number   = regexp.MustCompile(`^\d+$`)
	numbers  = regexp.MustCompile(`^\(?\d+(\|\d+)*\)?$`)
	anyGPU   = regexp.MustCompile(`^\^?\(?\.[*+]\)?\$?$`)
	bracket  = regexp.MustCompile(`\[\^`)
	inParens = regexp.MustCompile(`^\^?\(?([^()]*)\)?\$?$`)
)

const otherValues = "the variable of hw_name has to have values such as nvidia0"

// valuesChange reports whether the values of a label are others: the label gpu has numbers, and hw_name has nvidia before them.
func (t Translator) valuesChange(label string) bool { return t.Target == OTel && label == "gpu" }

// value returns what becomes of a value, or of a pattern, that a label is compared with.
func (t Translator) value(label, value string, isPattern bool) (text, note string, err error) {
	if !t.valuesChange(label) || value == "" || isPattern && anyGPU.MatchString(value) {
		return value, "", nil
	}
	switch {
	case number.MatchString(value):
		return "nvidia" + value, "", nil
	case isPattern && numbers.MatchString(value):
		return "nvidia(" + strings.Trim(value, "()") + ")", "", nil
	case isVariable(value) || isPattern && isVariable(inParens.ReplaceAllString(value, "$1")):
		return value, otherValues, nil
	case isPattern:
		text, err = prefixed(value)
		return text, "", err
	default:
		return "", "", errValue(value)
	}
}

func errValue(value string) error {
	return fmt.Errorf("gpu is compared with %q, and hw_name has values such as nvidia0", value)
}

// prefixed is a pattern for what another one matches, with nvidia before it. Prometheus anchors patterns.
func prefixed(pattern string) (string, error) {
	inner := strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$")
	if hasVariable(pattern) || strings.ContainsAny(bracket.ReplaceAllString(inner, "["), "^$") {
		return "", errValue(pattern)
	}
	return "nvidia(?:" + inner + ")", nil
}
