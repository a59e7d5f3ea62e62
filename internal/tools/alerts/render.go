// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const runbookURL = "https://github.com/tracecoreai/tracecore/blob/main/docs/runbook.md#"

// group is a rule group, of Prometheus' file and of a PrometheusRule alike.
type group struct {
	Name  string  `yaml:"name"`
	Rules []alert `yaml:"rules"`
}

type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// section names a part of the table.
type section struct {
	name  string
	about string
	rules []rule
}

func table() []section {
	return []section{
		{"gpu-memory", "GPU memory", memoryRules},
		{"gpu-xid", "XIDs", xidRules},
		{"gpu-state", "State and health of GPUs", gpuRules},
		{"gpu-limits", "Temperature, clocks, power", limitRules},
		{"links", "PCIe, NVLink, fabric, InfiniBand", linkRules},
		{"nvswitch", "NVSwitches", nvswitchRules},
		{"use", "Allocation and use of GPUs", useRules},
		{"sources", "Agents, host engine, clocks", sourceRules},
		{"collector", "The Collector itself", collectorRules},
		{"slo", "Objectives of health_slo", sloRules},
		{"kernel", "The kernel log", kernelRules()},
	}
}

func allRules() []rule {
	var rules []rule
	for _, s := range table() {
		rules = append(rules, s.rules...)
	}
	return rules
}

func itoa(n int) string { return strconv.Itoa(n) }

// groups returns the rules of a flavour: those that are on by default, or those that are off.
func groups(f flavour, off bool, c clock) []group {
	var out []group
	for _, s := range table() {
		g := group{Name: "tracecore-" + s.name}
		for _, r := range s.rules {
			if f.expr(r) != "" && (r.Off != "") == off {
				g.Rules = append(g.Rules, r.alert(f, c))
			}
		}
		if len(g.Rules) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func (r rule) alert(f flavour, c clock) alert {
	out := alert{
		Alert: r.Name, Expr: c.fill(f.expr(r)),
		Labels: map[string]string{"severity": string(r.Severity)},
		Annotations: map[string]string{
			"summary":     strings.ToUpper(r.Summary[:1]) + r.Summary[1:],
			"description": description,
			"threshold":   r.Threshold + " (" + r.Source + ")",
			"runbook_url": runbookURL + r.anchor(),
		},
	}
	if r.For != "" {
		out.For = c.text(r.For)
	}
	if r.Action != "" {
		out.Annotations["action"] = r.Action
	}
	return out
}

// description names what the alert is about: the labels of its series, whatever a pipeline adds.
const description = "{{ range $label, $text := $labels }}{{ $label }}={{ $text }} {{ end }}value={{ $value }}"

const generatedNote = "# Generated from internal/tools/alerts by make generate-alerts: change the table there.\n"

// plain is a rule file of Prometheus.
func plain(gs []group) ([]byte, error) { return encode(map[string]any{"groups": gs}) }

// manifest is a PrometheusRule of the Prometheus operator.
func manifest(name string, gs []group) ([]byte, error) {
	return encode(struct {
		APIVersion string         `yaml:"apiVersion"`
		Kind       string         `yaml:"kind"`
		Metadata   map[string]any `yaml:"metadata"`
		Spec       map[string]any `yaml:"spec"`
	}{
		"monitoring.coreos.com/v1", "PrometheusRule",
		map[string]any{"name": name, "labels": map[string]string{"app.kubernetes.io/name": "otelcol-tracecore"}},
		map[string]any{"groups": gs},
	})
}

func encode(value any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(generatedNote)
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode rules: %w", err)
	}
	return out.Bytes(), encoder.Close()
}
