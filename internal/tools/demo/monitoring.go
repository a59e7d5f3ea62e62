// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// JSON is YAML: both configurations are written as JSON.
type object = map[string]any

func render(v any) string {
	content, _ := json.MarshalIndent(v, "", "  ") // Maps, slices and texts have a form.
	return string(content)
}

// prometheusConfig scrapes the page of GPUs and the Collector's own metrics of every node.
func prometheusConfig(st *stack, rules string) string {
	var pages, own []object
	for _, n := range st.Nodes {
		labels := object{"instance": n.Name, "cluster": "demo"}
		pages = append(pages, object{"targets": []string{n.Page}, "labels": labels})
		own = append(own, object{"targets": []string{n.Health}, "labels": labels})
	}
	return render(object{
		"global":     object{"scrape_interval": "1s", "evaluation_interval": "1s"},
		"rule_files": []string{rules},
		"alerting":   object{"alertmanagers": []object{{"static_configs": []object{{"targets": []string{st.Alertmanager}}}}}},
		"scrape_configs": []object{
			{"job_name": "gpu-nodes", "static_configs": pages},
			{"job_name": "collectors", "static_configs": own},
		},
	})
}

// alertmanagerConfig sends every alert to the demo, which prints it.
func alertmanagerConfig(backend string) string {
	return render(object{
		"route":     object{"receiver": "demo", "group_by": []string{"alertname", "instance"}, "group_wait": "1s", "group_interval": "1s", "repeat_interval": "1h"},
		"receivers": []object{{"name": "demo", "webhook_configs": []object{{"url": "http://" + backend + "/alerts", "send_resolved": true}}}},
	})
}

// demoRules returns the shipped rules in our own names, which in the demo fire after seconds instead of minutes.
func demoRules(dir string) (map[string]string, error) {
	path := filepath.Join(dir, "tracecore.rules.yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	var file struct {
		Groups []object `yaml:"groups"`
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	for _, group := range file.Groups {
		delete(group, "interval")
		rules, _ := group["rules"].([]any) // None is an empty group.
		for _, rule := range rules {
			if rule, ok := rule.(object); ok {
				if rule["for"] != nil {
					rule["for"] = "1s"
				}
			}
		}
	}
	return map[string]string{filepath.Base(path): render(object{"groups": file.Groups})}, nil
}
