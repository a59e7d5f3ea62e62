// SPDX-License-Identifier: Apache-2.0

package main

// sourceRules are about what telemetry comes from: agents, host engine, clocks.
var sourceRules = []rule{
	{
		Name: "CollectorDown", Condition: "A24", Severity: page, For: "5m",
		Expr: `up == 0 and on (job, instance) group by (job, instance) (` +
			`present_over_time(tracecore_build_info[{1d}:{5m}]) or present_over_time(clock_ticks_total[{1d}:{5m}]) or present_over_time(dcgm_up[{1d}:{5m}]))`,
		Exporter:  `up == 0 and on (job, instance) group by (job, instance) (present_over_time(DCGM_FI_DEV_GPU_TEMP[{1d}:{5m}]))`,
		Summary:   "Prometheus cannot scrape an agent that it could scrape within the last day",
		Threshold: "5m", Source: "NVSentinel: connectivity is a node condition; the time is this project's: longer than a restart",
		Action: "",
		Tests: []testCase{
			fire("20m", downSeries("1x5 0x60")...), keepQuiet("20m", host("up", "", "0x60"), host("node_load1", "", "1x60")), firstIsQuiet("20m", host("up", "", "_x5 0x60")),
		},
		ExporterTests: []testCase{
			fire("20m", gpuTarget("1x5 0x60"), gpu("DCGM_FI_DEV_GPU_TEMP", "", "40x5 _x60")), keepQuiet("20m", gpuTarget("1x60"), gpu("DCGM_FI_DEV_GPU_TEMP", "", "40x60")),
			firstIsQuiet("20m", gpuTarget("_x5 0x60")),
		},
	},
	{
		Name: "HeartbeatGap", Condition: "A24", Severity: page,
		Expr:      beats + ` unless group by (` + node + `) (present_over_time(clock_ticks_total[{5m}]))` + beatsElsewhere("k8s_node_name") + beatsElsewhere("host_name"),
		Summary:   "a host that sent a heartbeat within the day has sent none for 5m: agent, host or the way here is down",
		Threshold: "5m without clock.ticks", Source: "NVSentinel: lost telemetry is unhealthy; 5m is 20 ticks of the default interval, and an alert of Prometheus itself",
		Action: "",
		Tests: []testCase{
			fire("20m", host("clock_ticks_total", "", "1+4x5 _x60")),
			keepQuiet("20m", host("clock_ticks_total", "", "1+4x60")),
			keepQuiet("20m", movedBeat(`k8s_node_name="n"`, "10.0.0.1", "1+4x5 _x60"), movedBeat(`k8s_node_name="n"`, "10.0.0.2", "_x6 1+4x60")),
			keepQuiet("20m", movedBeat(`host_name="n"`, "10.0.0.1", "1+4x5 _x60"), movedBeat(`host_name="n"`, "10.0.0.2", "_x6 1+4x60")),
			firstIsQuiet("20m", host("clock_ticks_total", "", "_x18 1+4x60")),
		},
	},
	{
		Name: "ClockTicksMissed", Condition: "A24", Severity: ticket,
		Expr:      grew("clock_tick_missed_total", "10m", 2),
		Summary:   "the pipeline of an agent takes so long that heartbeats are left out",
		Threshold: "3 within 10m", Source: "this project: one may be a pause of the host",
		Action: "",
		Tests:  counter("5", func(v string) series { return host("clock_tick_missed_total", "", v) }),
	},
	{
		Name: "ClockUnsynchronized", Condition: "own", Severity: ticket, For: "10m",
		Expr:      `clock_synchronized == 0`,
		Summary:   "the kernel does not hold the clock of a host for synchronized",
		Threshold: "10m", Source: "this project: chronyd needs minutes after boot",
		Action: "",
		Tests: []testCase{
			fire("30m", host("clock_synchronized", "", "1x5 0x60")), keepQuiet("30m", host("clock_synchronized", "", "1x60")),
			firstFires("30m", host("clock_synchronized", "", "_x5 0x60")),
		},
	},
	{
		Name: "ClockStep", Condition: "own", Severity: ticket,
		Expr:      `max_over_time(clock_wall_step_seconds[{10m}]) > 1 or min_over_time(clock_wall_step_seconds[{10m}]) < -1`,
		Summary:   "the wall clock of a host was stepped, or the host was suspended",
		Threshold: "1 s", Source: "this project: NTP steps only what it cannot slew; traces and logs of the moment are out of order",
		Action: "",
		Tests: []testCase{
			fire("15m", host("clock_wall_step_seconds", "", "0x9 -5 0x30")), keepQuiet("15m", host("clock_wall_step_seconds", "", "0.01x60")),
			firstFires("15m", host("clock_wall_step_seconds", "", "_x9 7 0x30")),
		},
	},
	{
		Name: "DCGMDisconnected", Condition: "A24", Severity: page, For: "5m",
		Expr:      `dcgm_up == 0 and (` + wasConnected + `)`,
		Summary:   "an agent has no connection to DCGM's host engine: nothing is known of the GPUs",
		Threshold: "5m, where there was one within 7d", Source: "NVSentinel: connectivity is a node condition; the time is this project's: longer than a restart",
		Action: "systemctl restart nvidia-dcgm",
		Tests: []testCase{
			fire("20m", host("dcgm_up", "", "1x5 0x60")), fire("72h", host("dcgm_up", "", "1x100 0x4400")),
			keepQuiet("20m", host("dcgm_up", "", "1x60")), firstIsQuiet("20m", host("dcgm_up", "", "_x5 0x60")),
		},
	},
	{
		Name: "DCGMAbsent", Condition: "A24", Severity: ticket, For: "15m",
		Expr:      `dcgm_up == 0 unless (` + wasConnected + `)`,
		Summary:   "an agent has not found a host engine of DCGM within 7 days: the node has none, or no GPUs",
		Threshold: "15m, where there was none within 7d", Source: "this project: longer than an installation; what never worked wakes nobody",
		Action: "",
		Tests: []testCase{
			fire("40m", host("dcgm_up", "", "0x60")), keepQuiet("40m", host("dcgm_up", "", "1x5 0x60")), firstFires("40m", host("dcgm_up", "", "_x5 0x60")),
		},
	},
	{
		Name: "DCGMNoGPU", Condition: "A24", Severity: ticket, For: "15m",
		Expr:      `dcgm_up == 1 unless on (` + node + `) group by (` + node + `) (gpu_up)`,
		Summary:   "a host engine answers and has no GPU",
		Threshold: "15m", Source: "this project: longer than the driver takes to start; GPUMissing pages where there were any",
		Action: "",
		Tests: []testCase{
			fire("40m", host("dcgm_up", "", "1x60")), keepQuiet("40m", host("dcgm_up", "", "1x60"), gpu("gpu_up", "", "0x60")), firstFires("40m", host("dcgm_up", "", "_x5 1x60")),
		},
	},
	{
		Name: "DCGMReconnects", Condition: "A24", Severity: ticket,
		Expr:      grew("dcgm_reconnects_total", "1h", 3),
		Summary:   "the host engine was restarted, or its connection broken, again and again",
		Threshold: "4 within 1h", Source: "this project: an update restarts it once or twice",
		Action: "",
		Tests:  counter("5", func(v string) series { return host("dcgm_reconnects_total", "", v) }),
	},
	{
		Name: "DCGMSamplesStale", Condition: "A24", Severity: ticket, For: "5m",
		Expr:      `dcgm_sample_age_seconds > {seconds 1m} or rate(dcgm_values_dropped_total{dcgm_drop_reason="stale"}[{5m}]) > 0`,
		Summary:   "the host engine answers with samples that do not advance",
		Threshold: "1m old, for 5m", Source: "this project: four times the default interval; values are stale after 30 s at least",
		Action: "systemctl restart nvidia-dcgm",
		Tests: []testCase{
			fire("20m", host("dcgm_sample_age_seconds", "", "1x5 120x60")), keepQuiet("20m", host("dcgm_sample_age_seconds", "", "2x60")),
			firstFires("20m", host("dcgm_sample_age_seconds", "", "_x5 120x60")),
		},
	},
	{
		Name: "DCGMSeriesDropped", Condition: "own", Severity: ticket,
		Expr:      grew(`dcgm_values_dropped_total{dcgm_drop_reason="cardinality"}`, "10m", 0),
		Summary:   "an agent leaves out GPU series, because there are more than max_series",
		Threshold: "any within 10m", Source: "this project: nothing else drops values that are known",
		Action: "",
		Tests: counter("3", func(v string) series {
			return host("dcgm_values_dropped_total", `dcgm_drop_reason="cardinality"`, v)
		}),
	},
	{
		Name: "DCGMValuesImplausible", Condition: "own", Severity: info,
		Expr:      grew(`dcgm_values_dropped_total{dcgm_drop_reason=~"implausible|status|no_permission"}`, "1h", 0),
		Summary:   "the host engine gives values that no board can have, or refuses to give them",
		Threshold: "any within 1h", Source: "this project: ranges.md of the DCGM receiver",
		Action: "",
		Tests: counter("3", func(v string) series {
			return host("dcgm_values_dropped_total", `dcgm_drop_reason="implausible"`, v)
		}),
	},
	{
		Name: "DCGMFieldsRefused", Condition: "own", Severity: ticket, For: "1h",
		Expr:      `dcgm_fields_refused > 0`,
		Summary:   "the host engine does not watch fields that it knows",
		Threshold: "one, for 1h", Source: "this project: the receiver asks again within the hour",
		Action: "",
		Tests: []testCase{
			fire("2h", host("dcgm_fields_refused", "", "0x5 2x200")), keepQuiet("2h", host("dcgm_fields_refused", "", "0x200")),
			firstFires("2h", host("dcgm_fields_refused", "", "_x5 2x200")),
		},
	},
	{
		Name: "DCGMClockSkew", Condition: "own", Severity: ticket, For: "5m",
		Expr:      `abs(dcgm_clock_skew_seconds) > 1`,
		Summary:   "the clocks of the Collector and of the host engine differ",
		Threshold: "1 s, for 5m", Source: "this project: where the receiver's log warns",
		Action: "",
		Tests: []testCase{
			fire("20m", host("dcgm_clock_skew_seconds", "", "0x5 -3x60")), keepQuiet("20m", host("dcgm_clock_skew_seconds", "", "0.2x60")),
			firstFires("20m", host("dcgm_clock_skew_seconds", "", "_x5 3x60")),
		},
	},
}

// wasConnected is for a week, as GPUs that were there are: by each sample within the hour, and by steps of hours beyond.
const wasConnected = `max_over_time(dcgm_up[{1h}]) == 1 or max_over_time(dcgm_up[{7d}:{1h}]) == 1`

const beats = `group by (` + node + `) (present_over_time(clock_ticks_total[{1d}:{5m}]))`

// beatsElsewhere takes out nodes that send heartbeats from another instance: a pod that took the place of one has another address.
func beatsElsewhere(name string) string {
	return ` unless on (` + name + `) group by (` + name + `) (present_over_time(clock_ticks_total{` + name + `!=""}[{5m}]))`
}

func movedBeat(label, address, values string) series {
	return series{`clock_ticks_total{` + label + `,instance="` + address + `:9464",job="gpus"}`, values}
}

func downSeries(up string) []series {
	return []series{host("up", "", up), host("clock_ticks_total", "", "1+4x5 _x60")}
}

func gpuTarget(up string) series { return series{`up{instance="gpu-7:9400",job="dcgm"}`, up} }
