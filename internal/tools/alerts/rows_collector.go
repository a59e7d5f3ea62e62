// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// anyOf is a condition on each of upstream's counters of a kind, whose names end in _total or not as the endpoint is configured.
func anyOf(format, prefix string, more ...string) string {
	var terms []string
	for _, suffix := range append([]string{"spans", "metric_points", "log_records"}, more...) {
		terms = append(terms, fmt.Sprintf(format, `{__name__=~"`+prefix+suffix+`(_total)?"}`))
	}
	return strings.Join(terms, " or ")
}

// collectorRules are about the Collector itself, from its own metrics.
var collectorRules = []rule{
	{
		Name: "CollectorExporterFailing", Condition: "own", Severity: ticket, For: "5m",
		Expr:      `tracecore_exporter_failure_rate > 0`,
		Summary:   "an exporter gives data up: it is lost",
		Threshold: "any, for 5m", Source: "this project: the rate is 0 while data is retried",
		Tests: []testCase{
			fire("20m", host("tracecore_exporter_failure_rate", exporter, "0x5 0.1x60")), keepQuiet("20m", host("tracecore_exporter_failure_rate", exporter, "0x60")),
			firstFires("20m", host("tracecore_exporter_failure_rate", exporter, "_x5 0.1x60")),
		},
	},
	{
		Name: "CollectorExporterStalled", Condition: "own", Severity: ticket, For: "5m",
		Expr:      `tracecore_exporter_stalled == 1`,
		Summary:   "an exporter retries and gets nothing through: nothing is lost until its queue is full",
		Threshold: "5m", Source: "this project: the Collector retries for 5m by default",
		Tests: level(func(v string) series { return host("tracecore_exporter_stalled", exporter, v) }),
	},
	{
		Name: "CollectorQueueFull", Condition: "own", Severity: page, For: "1m",
		Expr:      `tracecore_queue_depth_ratio >= 1`,
		Summary:   "the queue of an exporter is full: new data is refused",
		Threshold: "1m", Source: "this project: a full queue refuses",
		Tests: []testCase{
			fire("20m", host("tracecore_queue_depth_ratio", exporter, "0x5 1x60")), keepQuiet("20m", host("tracecore_queue_depth_ratio", exporter, "0.9x60")),
			firstFires("20m", host("tracecore_queue_depth_ratio", exporter, "_x5 1x60")),
		},
	},
	{
		Name: "CollectorQueueFilling", Condition: "A25", Severity: ticket, For: "5m",
		Expr:      `otelcol_exporter_queue_size / otelcol_exporter_queue_capacity > 0.8`,
		Summary:   "the queue of an exporter fills up",
		Threshold: "0.8, for 5m", Source: "awesome-prometheus-alerts: queue_size / capacity > 0.8",
		Tests: []testCase{fire("20m", queueSeries("0x5 900x60")...), keepQuiet("20m", queueSeries("700x60")...), firstFires("20m", queueSeries("_x5 900x60")...)},
	},
	{
		Name: "CollectorSendFailed", Condition: "A25", Severity: ticket, For: "5m",
		Expr:      anyOf(`rate(%s[{5m}]) > 0.05`, "otelcol_exporter_send_failed_"),
		Summary:   "an exporter fails to send",
		Threshold: "0.05 items a second, for 5m", Source: "awesome-prometheus-alerts: send_failed > 0.05/s",
		Tests: []testCase{
			fire("20m", host("otelcol_exporter_send_failed_metric_points_total", exporter, "0+60x60")),
			keepQuiet("20m", host("otelcol_exporter_send_failed_metric_points", exporter, "0+1x60")),
			firstIsQuiet("20m", host("otelcol_exporter_send_failed_spans", exporter, "_x17 3x60")),
		},
	},
	{
		Name: "CollectorRefused", Condition: "A25", Severity: ticket, For: "5m",
		Expr:      anyOf(`rate(%s[{5m}]) > 0.05`, "otelcol_receiver_refused_"),
		Summary:   "a receiver's data is refused by what comes after it",
		Threshold: "0.05 items a second, for 5m", Source: "awesome-prometheus-alerts: refused > 0.05/s",
		Tests: []testCase{
			fire("20m", host("otelcol_receiver_refused_spans", `receiver="otlp"`, "0+60x60")),
			keepQuiet("20m", host("otelcol_receiver_refused_spans_total", `receiver="otlp"`, "0+1x60")),
			firstIsQuiet("20m", host("otelcol_receiver_refused_spans", `receiver="otlp"`, "_x17 3x60")),
		},
	},
	{
		Name: "CollectorMemoryHigh", Condition: "A25", Severity: ticket, For: "15m",
		Expr:      `otelcol_process_runtime_heap_alloc_bytes / otelcol_process_runtime_total_sys_memory_bytes > 0.9`,
		Summary:   "the Collector's heap takes nearly all memory that it has from the system",
		Threshold: "0.9, for 15m", Source: "awesome-prometheus-alerts: heap / sys > 0.9; its 5m is the garbage collector's normal tide",
		Tests: []testCase{fire("40m", heapSeries("50x5 95x60")...), keepQuiet("40m", heapSeries("80x60")...), firstFires("40m", heapSeries("_x5 95x60")...)},
	},
	{
		Name: "CollectorReceiverDegraded", Condition: "own", Severity: ticket, For: "5m",
		Expr:      degraded + besideDCGM,
		Summary:   "a receiver works with an error",
		Threshold: "half of 5m, for 5m", Source: "this project: shorter ones are restarts of the source",
		Tests: []testCase{
			fire("20m", degradedSeries("kernel_events", "0+60x60")), keepQuiet("20m", degradedSeries("kernel_events", "0+6x60")),
			fire("20m", degradedSeries("dcgm/a", "0+60x60"), host("tracecore_gpu_up", `component_id="dcgm/a",hw_id="GPU-1"`, "0x60")),
			keepQuiet("20m", degradedSeries("dcgm/a", "0+60x60")), // DCGMDisconnected, DCGMAbsent and DCGMNoGPU say so.
			firstIsQuiet("20m", degradedSeries("kernel_events", "_x17 9000x20")),
		},
	},
	{
		Name: "CollectorReceiverSilent", Condition: "own", Severity: page, For: "1m",
		Expr:      `time() - tracecore_receiver_last_activity_unix_seconds > {seconds 5m}` + besideDCGM,
		Summary:   "a receiver has not had a success for 5m",
		Threshold: "5m, for 1m; raise it above collection_interval", Source: "this project: 20 times the default interval",
		Tests: []testCase{
			fire("20m", host("tracecore_receiver_last_activity_unix_seconds", `component_id="clock"`, "300x60")),
			fire("20m", host("tracecore_receiver_last_activity_unix_seconds", `component_id="dcgm"`, "300x60"), host("tracecore_gpu_up", `component_id="dcgm",hw_id="GPU-1"`, "1x60")),
			keepQuiet("20m", host("tracecore_receiver_last_activity_unix_seconds", `component_id="dcgm"`, "300x60"), degradedSeries("dcgm", "0+60x60")),
			keepQuiet("20m", host("tracecore_receiver_last_activity_unix_seconds", `component_id="clock"`, "0+60x60")),
			firstFires("20m", host("tracecore_receiver_last_activity_unix_seconds", `component_id="clock"`, "_x5 1x60")),
		},
	},
	{
		Name: "CollectorComponentUnhealthy", Condition: "own", Severity: ticket, For: "15m",
		Expr:      `tracecore_component_healthy == 0` + besideDCGM + ` unless on (` + node + `, component_id) ` + degraded,
		Summary:   "the last status of a component is an error",
		Threshold: "15m", Source: "this project: recoverable errors have recovered by then",
		Tests: []testCase{
			fire("40m", host("tracecore_component_healthy", `component_id="stdout"`, "1x5 0x60")), keepQuiet("40m", host("tracecore_component_healthy", `component_id="stdout"`, "1x60")),
			keepQuiet("40m", host("tracecore_component_healthy", `component_id="dcgm"`, "0x60"), degradedSeries("dcgm", "0+1x60")),
			keepQuiet("40m", host("tracecore_component_healthy", `component_id="kernel_events"`, "0x60"), degradedSeries("kernel_events", "0+60x60")),
			firstFires("40m", host("tracecore_component_healthy", `component_id="stdout"`, "_x5 0x60")),
		},
	},
	{
		Name: "CollectorRestarts", Condition: "own", Severity: ticket,
		Expr:      `max by (job, instance) (tracecore_component_restart_count_per_hour) > 5`,
		Summary:   "the Collector reloads its configuration again and again",
		Threshold: "6 within 1h", Source: "this project: more than an hour of roll-outs",
		Tests: []testCase{
			fire("20m", host("tracecore_component_restart_count_per_hour", `component_id="dcgm"`, "0x5 6x60")),
			keepQuiet("20m", host("tracecore_component_restart_count_per_hour", `component_id="dcgm"`, "2x60")),
			firstFires("20m", host("tracecore_component_restart_count_per_hour", `component_id="dcgm"`, "_x5 6x60")),
		},
	},
	{
		Name: "SelfTelemetryInitErrors", Condition: "own", Severity: ticket,
		Expr:      `tracecore_selftelemetry_init_errors_total > 0`,
		Summary:   "a component runs without metrics about itself: the other alerts do not see it",
		Threshold: "any; a level, since it stays so until a restart", Source: "this project",
		Tests: level(func(v string) series {
			return host("tracecore_selftelemetry_init_errors_total", `reason="instrument_register"`, v)
		}),
	},
	{
		Name: "CollectorBuildDrift", Condition: "own", Severity: info, For: "1d",
		Expr:      `count by (job, command) (group by (job, command, version, revision) (tracecore_build_info)) > 1`,
		Summary:   "Collectors of one job are of different builds",
		Threshold: "1d", Source: "this project: longer than a roll-out",
		Tests: []testCase{
			fire("27h", buildSeries("0.152.1", "a:8888", "1"+day), buildSeries("0.153.0", "b:8888", "1"+day)),
			keepQuiet("27h", buildSeries("0.152.1", "a:8888", "1"+day), buildSeries("0.152.1", "b:8888", "1"+day)),
			firstIsQuiet("27h", buildSeries("0.152.1", "a:8888", "1"+day), buildSeries("0.153.0", "b:8888", "_x1600 1x100")),
		},
	},
}

// degraded are receivers that work with an error.
const degraded = `rate(tracecore_receiver_degraded_seconds_total[{5m}]) > 0.5`

// besideDCGM leaves out receivers of DCGM that have no GPU to report: their host engine is down or has none, which has an alert of its own.
const besideDCGM = ` unless on (` + node + `, component_id) (tracecore_receiver_degraded_seconds_total{component_id=~"dcgm(/.*)?"}` +
	` unless on (` + node + `, component_id) tracecore_gpu_up)`

func degradedSeries(component, values string) series {
	return host("tracecore_receiver_degraded_seconds_total", `component_id="`+component+`"`, values)
}

const exporter = `data_type="metrics",exporter="otlp_grpc"`

func queueSeries(size string) []series {
	return []series{host("otelcol_exporter_queue_size", exporter, size), host("otelcol_exporter_queue_capacity", exporter, "1000x60")}
}

func heapSeries(alloc string) []series {
	return []series{host("otelcol_process_runtime_heap_alloc_bytes", "", alloc), host("otelcol_process_runtime_total_sys_memory_bytes", "", "100x60")}
}

func buildSeries(version, instance, values string) series {
	return series{fmt.Sprintf(`tracecore_build_info{command="otelcol-tracecore-node",version=%q,instance=%q,job="otelcol"}`, version, instance), values}
}

const day = "x1700"

// sloRules take the objectives of health_slo that have these windows.
var sloRules = []rule{
	{
		Name: "SLOBurnFast", Condition: "own", Severity: page,
		Expr: `tracecore_slo_burn_rate{window="1h"} > 14.4 and ignoring (window) tracecore_slo_burn_rate{window="5m"} > 14.4` +
			` and ignoring (window) tracecore_slo_bad_passes{window="1h"} >= 3`,
		Summary:   "an objective of the Collector spends its error budget fast",
		Threshold: "14.4 in 1h and 5m, seen 3 times", Source: "Google's SRE workbook, alerting on SLOs: 2 % of a month's budget in an hour",
		Tests: []testCase{
			fire("20m", burnSeries("1h", "0x5 20x60"), burnSeries("5m", "20x60"), passesSeries("1h")),
			keepQuiet("20m", burnSeries("1h", "20x60"), burnSeries("5m", "1x60"), passesSeries("1h")),
			firstFires("20m", burnSeries("1h", "_x5 20x60"), burnSeries("5m", "_x5 20x60"), passesSeries("1h")),
		},
	},
	{
		Name: "SLOBurnSlow", Condition: "own", Severity: ticket,
		Expr: `tracecore_slo_burn_rate{window="6h"} > 6 and ignoring (window) tracecore_slo_burn_rate{window="1h"} > 6` +
			` and ignoring (window) tracecore_slo_bad_passes{window="6h"} >= 3`,
		Summary:   "an objective of the Collector spends its error budget steadily",
		Threshold: "6 in 6h and 1h, seen 3 times", Source: "Google's SRE workbook, alerting on SLOs: 5 % of a month's budget in 6 hours",
		Tests: []testCase{
			fire("20m", burnSeries("6h", "0x5 8x60"), burnSeries("1h", "8x60"), passesSeries("6h")),
			keepQuiet("20m", burnSeries("6h", "8x60"), burnSeries("1h", "1x60"), passesSeries("6h")),
			firstFires("20m", burnSeries("6h", "_x5 8x60"), burnSeries("1h", "_x5 8x60"), passesSeries("6h")),
		},
	},
	{
		Name: "SLOBudgetSpent", Condition: "own", Severity: ticket,
		Expr:      `tracecore_slo_error_budget_remaining <= 0`,
		Summary:   "the error budget of an objective is spent",
		Threshold: "0", Source: "Google's SRE workbook: error budget policy",
		Tests: []testCase{
			fire("20m", host("tracecore_slo_error_budget_remaining", `objective="export"`, "1x5 -0.1x60")),
			keepQuiet("20m", host("tracecore_slo_error_budget_remaining", `objective="export"`, "0.4x60")),
			firstFires("20m", host("tracecore_slo_error_budget_remaining", `objective="export"`, "_x5 -0.1x60")),
		},
	},
}

func burnSeries(window, values string) series {
	return host("tracecore_slo_burn_rate", `objective="export",window="`+window+`"`, values)
}

func passesSeries(window string) series {
	return host("tracecore_slo_bad_passes", `objective="export",window="`+window+`"`, "5x60")
}
