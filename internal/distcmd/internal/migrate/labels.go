// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
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
	"nvswitch":      {name: "hw_name"},

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

// labelFields are what has the fields of DCGM that a counters file makes labels of, by their numbers.
var labelFields = map[uint16]newLabel{
	5:    {why: "gpu_info has it as gpu_cuda_driver_version: join by hw_id"},
	50:   {name: "hw_model"},
	53:   {why: "gpu_info has it as hw_serial_number: join by hw_id"},
	54:   {name: "hw_id"},
	57:   {why: "gpu_info has it as gpu_pci_bus_id: join by hw_id"},
	85:   {why: "gpu_info has it as gpu_vbios_version: join by hw_id"},
	572:  {why: "gpu_info has it as gpu_chassis_serial_number: join by hw_id"},
	878:  {name: "hw_id"},
	1524: {why: "gpu_nvswitch_info has it as gpu_nvswitch_firmware_version: join by hw_id"},
}

// label returns what becomes of a label; false where it stays.
func (t Translator) label(name string) (newLabel, bool) {
	if t.isTargets(name) {
		return newLabel{why: "exported_" + name + " stands beside it, so it is the target's"}, true
	}
	return t.attribute(name)
}

// attribute is what a label of dcgm-exporter's own becomes.
func (t Translator) attribute(name string) (newLabel, bool) {
	labels := otelLabels
	if t.Target == Exporter49 {
		labels = labels49
	}
	l, changes := labels[name]
	if changes || t.Target == Exporter49 || !strings.HasPrefix(name, "DCGM_FI_") {
		return l, changes
	}
	return t.labelField(name)
}

// labelField returns what becomes of a label that is a field of DCGM. One that is a text cannot be a series.
func (t Translator) labelField(name string) (newLabel, bool) {
	field, err := dcgmnames.Resolve(name, t.Engine)
	l, known := labelFields[field.ID]
	switch {
	case err != nil || !known && field.Type != "STRING":
		return newLabel{}, false
	case !known:
		return newLabel{why: noAttribute}, true
	default:
		return l, true
	}
}

const noAttribute = "the receiver has other attributes"

// exported are the labels that Prometheus renames where it has them of the target, too.
var exported = []string{"pod", "namespace", "container"}

// seeing returns a translator that knows which labels are the target's: those beside which a file has exported ones.
func (t Translator) seeing(file []byte) Translator {
	t.targets = slices.Clone(t.targets)
	for _, label := range exported {
		if bytes.Contains(file, []byte("exported_"+label)) && !slices.Contains(t.targets, label) {
			t.targets = append(t.targets, label)
		}
	}
	return t
}

// isTargets reports whether a label is the target's, and not what dcgm-exporter says of who has a GPU.
func (t Translator) isTargets(label string) bool {
	return t.Target == OTel && slices.Contains(t.targets, label)
}

// Labels of dcgm-exporter that mean what they do on its series alone.
var otherLabels = []string{
	"gpu_uuid", "model_name", "nvlink", "cpu", "cpucore", "cpu_serial", "xid", "clock_event", "window_size_in_ms", "health_watch", "health_error_code", "peer_gpu", "link_status",
}

// label returns what becomes of a label of dcgm-exporter's series.
func (x *expression) label(name string) (newLabel, bool) {
	l, changes := x.Translator.label(name)
	if !changes && x.Target == OTel && (strings.HasPrefix(name, "DCGM_FI_") || slices.Contains(otherLabels, name)) {
		return newLabel{why: noAttribute}, true
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
