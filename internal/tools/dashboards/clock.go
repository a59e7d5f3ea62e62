// SPDX-License-Identifier: Apache-2.0

package main

func clock() board {
	const noHardware = "the machine of the demo has no such clock"
	return board{
		file: "clock", title: "Host clocks and heartbeat",
		about: "Whether the hosts' clocks can be trusted, and whether the Collectors' heartbeat comes on time.",
		variables: []variable{
			{name: "cluster", label: "Cluster", of: `label_values(clock_ticks_total, cluster)`, multi: true},
			{name: "node", label: "Node", of: `label_values(clock_ticks_total{@fleet}, instance)`, multi: true, regex: hostOnly},
		},
		sections: []section{
			{"Status", []panel{
				{kind: stat, title: "Heartbeats", unit: "none", about: "Nodes whose heartbeat comes.", width: 6, queries: one(`count(clock_ticks_total{@node})`, ""), thresholds: present, runbook: "heartbeatgap"},
				{kind: stat, title: "Clocks not synchronized", unit: "none", about: "Nodes whose kernel does not hold the clock for synchronized.", width: 6, queries: []query{{expr: `count(clock_synchronized{@node}) - sum(clock_synchronized{@node})`}}, thresholds: bad("red"), runbook: "clockunsynchronized"},
				{kind: stat, title: "Oldest heartbeat", unit: "s", about: "Age of the oldest newest heartbeat. It includes what the clocks of node and Prometheus differ.", width: 6, queries: one(`max(time() - clock_time_seconds{@node})`, ""), thresholds: steps(30, 120), runbook: "heartbeatgap"},
				{kind: stat, title: "Largest error bound", unit: "s", about: "The worst upper bound of a clock's error. 16 s is what an unsynchronized kernel says.", width: 6, queries: one(`max(clock_error_max_seconds{@node})`, ""), thresholds: steps(0.1, 1), runbook: "clockunsynchronized"},
			}},
			{"Discipline", []panel{
				{kind: timeline, title: "Synchronized", unit: "none", about: "Whether the kernel holds the clock for synchronized.", width: 12, height: 7, queries: one(`clock_synchronized{@node}`, "{{instance}}"), states: noYes, runbook: "clockunsynchronized"},
				{kind: graph, title: "Error", unit: "s", about: "Upper bound and estimate of the clock's error.", width: 12, height: 7, runbook: "clockunsynchronized", queries: []query{
					{expr: `clock_error_max_seconds{@node}`, legend: "{{instance}} bound"},
					{expr: `clock_error_estimated_seconds{@node}`, legend: "{{instance}} estimate"},
				}},
				{kind: graph, title: "Offset", unit: "s", about: "What the kernel's loop has still to correct.", width: 8, queries: one(`clock_offset_seconds{@node}`, "{{instance}}")},
				{kind: graph, title: "Frequency correction", unit: "none", about: "1e-6 is one part per million. Beyond 500e-6 the oscillator is broken or the virtual machine is starved.", width: 8, queries: one(`clock_frequency_offset_ratio{@node}`, "{{instance}}")},
				{kind: graph, title: "Hardware clocks and TAI", unit: "s", about: "PTP hardware clock minus system clock, and TAI minus UTC.", width: 8, queries: []query{
					{expr: `clock_phc_offset_seconds{@node}`, legend: "{{instance}} {{clock_phc_device}}", absent: noHardware},
					{expr: `clock_tai_offset_seconds{@node}`, legend: "{{instance}} TAI", absent: noHardware},
				}},
			}},
			{"Heartbeat", []panel{
				{kind: graph, title: "Lateness of ticks", unit: "s", about: "Actual minus intended instant. It rises where the Collector starves.", width: 8, queries: one(`clock_tick_lateness_seconds{@node}`, "{{instance}}")},
				{kind: graph, title: "Ticks missed", unit: "none", about: "Ticks left out within the interval.", width: 8, queries: one(`increase(clock_tick_missed_total{@node}[$__rate_interval])`, "{{instance}}"), thresholds: bad("orange"), runbook: "clockticksmissed"},
				{kind: graph, title: "Steps of the wall clock", unit: "s", about: "How much further the wall clock went than the monotonic clock: a step, or a suspended host.", width: 8, queries: one(`clock_wall_step_seconds{@node}`, "{{instance}}"), runbook: "clockstep"},
			}},
		},
	}
}
