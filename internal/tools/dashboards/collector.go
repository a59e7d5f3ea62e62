// SPDX-License-Identifier: Apache-2.0

package main

func collector() board {
	return board{
		file: "collector", title: "Collector health and SLO",
		about: "Whether the Collectors deliver what they receive: exporters, queues, receivers, error budgets and cost.",
		variables: []variable{
			{name: "cluster", label: "Cluster", of: `label_values(tracecore_build_info, cluster)`, multi: true},
			{name: "node", label: "Node", of: `label_values(tracecore_build_info{@fleet}, instance)`, multi: true, regex: hostOnly},
		},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "Collectors", unit: "none", about: "Collectors that report.", width: 4, queries: one(`count(tracecore_build_info{@node})`, ""), thresholds: present, runbook: "collectordown"},
				{kind: stat, title: "Components in error", unit: "none", about: "Components whose last status is an error.", width: 5, queries: one(`count(tracecore_component_healthy{@node} == 0) or vector(0)`, ""), thresholds: bad("red"), runbook: "collectorcomponentunhealthy"},
				{kind: stat, title: "Exporters that lose data", unit: "none", about: "Exporters that gave items up or could not enqueue them.", width: 5, queries: one(`count(tracecore_exporter_failure_rate{@node} > 0) or vector(0)`, ""), thresholds: bad("red"), runbook: "collectorexporterfailing"},
				{kind: stat, title: "Exporters stalled", unit: "none", about: "Exporters with a request in flight that none finishes.", width: 5, queries: one(`sum(tracecore_exporter_stalled{@node}) or vector(0)`, ""), thresholds: bad("red"), runbook: "collectorexporterstalled"},
				{kind: stat, title: "Least error budget", unit: "percentunit", about: "The smallest share of an error budget that is left.", width: 5, queries: one(`min(tracecore_slo_error_budget_remaining{@node})`, ""), thresholds: []threshold{{-100, "red"}, {0.25, "orange"}, {0.5, "green"}}, runbook: "slobudgetspent"},
			}},
			{"Objectives", []panel{
				{kind: graph, title: "Burn rate", unit: "none", about: "How fast each error budget is spent; at 1 it lasts exactly as long as its window.", width: 12, queries: one(`max by (objective, window) (tracecore_slo_burn_rate{@node})`, "{{objective}} {{window}}"), thresholds: steps(1, 14.4), runbook: "sloburnfast"},
				{kind: graph, title: "Error budget left", unit: "percentunit", about: "Share of the budget of the longest window that is left.", width: 12, queries: one(`min by (instance, objective) (tracecore_slo_error_budget_remaining{@node})`, "{{instance}} {{objective}}"), runbook: "slobudgetspent"},
				{kind: graph, title: "Good, beside the target", unit: "percentunit", about: "Share of good over the longest window.", width: 12, max: new(1.0), queries: []query{
					{expr: `min by (objective) (tracecore_slo_good_ratio{@node})`, legend: "{{objective}}"},
					{expr: `max by (objective) (tracecore_slo_target{@node})`, legend: "{{objective}} target"},
				}},
				{kind: graph, title: "Sampling passes that found anything bad", unit: "none", about: "One bad moment, or many.", width: 12, queries: one(`max by (objective, window) (tracecore_slo_bad_passes{@node})`, "{{objective}} {{window}}"), runbook: "the-status-page-needs-attention"},
			}},
			{"Saturation", []panel{
				{kind: graph, title: "Fullest queue", unit: "percentunit", about: "Size of the sending queue as a share of its capacity.", width: 8, min: new(0.0), max: new(1.0), queries: one(`max by (instance, exporter) (tracecore_queue_depth_ratio{@node})`, "{{instance}} {{exporter}}"), thresholds: steps(0.5, 0.8), runbook: "collectorqueuefull"},
				{kind: graph, title: "Failure rate", unit: "percentunit", about: "Items given up or not enqueued, as a share of all that were finished.", width: 8, min: new(0.0), max: new(1.0), queries: one(`max by (instance, exporter) (tracecore_exporter_failure_rate{@node})`, "{{instance}} {{exporter}}"), thresholds: steps(0.001, 0.01), runbook: "collectorexporterfailing"},
				{kind: graph, title: "Exporters stalled", unit: "none", about: "1 while an exporter finishes nothing.", width: 8, queries: one(`max by (instance, exporter) (tracecore_exporter_stalled{@node})`, "{{instance}} {{exporter}}"), runbook: "collectorexporterstalled"},
				{kind: graph, title: "Metric points", unit: "cps", about: "Accepted by receivers, sent by exporters, and failed.", width: 8, runbook: "collectorsendfailed", queries: []query{
					{expr: `sum(rate(otelcol_receiver_accepted_metric_points{@node}[$__rate_interval]))`, legend: "accepted"},
					{expr: `sum(rate(otelcol_exporter_sent_metric_points{@node}[$__rate_interval]))`, legend: "sent"},
					{expr: `sum(rate(otelcol_exporter_send_failed_metric_points{@node}[$__rate_interval]))`, legend: "failed"},
				}},
				{kind: graph, title: "Memory", unit: "bytes", about: "Resident memory of each Collector.", width: 8, min: new(0.0), queries: one(`otelcol_process_memory_rss{@node}`, "{{instance}}"), runbook: "collectormemoryhigh"},
				{kind: graph, title: "CPU", unit: "percentunit", about: "Share of one core.", width: 8, min: new(0.0), queries: one(`rate(otelcol_process_cpu_seconds{@node}[$__rate_interval])`, "{{instance}}")},
			}},
			{"Receivers and components", []panel{
				{kind: graph, title: "Errors of receivers", unit: "cps", about: "Collections, reads and pushes that failed, by kind.", width: 8, queries: one(`sum by (component_id, kind) (rate(tracecore_receiver_errors_total{@node}[$__rate_interval]))`, "{{component_id}} {{kind}}"), runbook: "an-error-kind-rises"},
				{kind: graph, title: "Share of time degraded", unit: "percentunit", about: "Of each receiver.", width: 8, min: new(0.0), max: new(1.0), queries: one(`rate(tracecore_receiver_degraded_seconds_total{@node}[$__rate_interval])`, "{{instance}} {{component_id}}"), runbook: "collectorreceiverdegraded"},
				{kind: graph, title: "Time since the last success", unit: "s", about: "A receiver that is silent has an age that grows.", width: 8, queries: one(`time() - tracecore_receiver_last_activity_unix_seconds{@node}`, "{{instance}} {{component_id}}"), thresholds: steps(60, 300), runbook: "collectorreceiversilent"},
				{kind: graph, title: "Latency of collections", unit: "s", about: "99 % of collections took no longer, the push downstream included.", width: 8, queries: one(`histogram_quantile(0.99, sum by (le, component_id) (rate(tracecore_receiver_collection_latency_seconds_bucket{@node}[$__rate_interval])))`, "{{component_id}}")},
				{kind: graph, title: "Batches accepted downstream", unit: "cps", about: "Of each receiver.", width: 8, queries: one(`sum by (instance, component_id) (rate(tracecore_receiver_emissions_total{@node}[$__rate_interval]))`, "{{instance}} {{component_id}}")},
				{kind: graph, title: "Restarts of components", unit: "none", about: "Starts after the first one, in the last hour. A reload restarts all of them.", width: 8, queries: one(`max by (instance) (tracecore_component_restart_count_per_hour{@node})`, "{{instance}}"), runbook: "collectorrestarts"},
				{kind: table, title: "Builds", unit: "none", about: "More than one row per command is build drift.", width: 24, height: 5, queries: one(`count by (command, version, revision, goversion) (tracecore_build_info{@node})`, ""), runbook: "collectorbuilddrift"},
			}},
		},
	}
}
