// SPDX-License-Identifier: Apache-2.0

package main

// useRules are about whose GPUs are, and whether they are used.
var useRules = []rule{
	{
		Name: "GPUStalled", Condition: "A22", Severity: ticket, For: "5m", Holder: true,
		Expr:      `gpu_stalled_ratio == 1`,
		Summary:   "an allocated GPU is busy and takes little power, as in a collective that hangs",
		Threshold: "5m beyond `stalled::after` of the attribution processor", Source: "this project; ClusterMAX expects stalled jobs to be found by utilization against power",
		Action: "",
		Tests:  level(func(v string) series { return gpu("gpu_stalled_ratio", "", v) }),
	},
	{
		Name: "GPUIdleAllocated", Condition: "A22", Severity: info, For: "1h", Holder: true,
		Expr:      `rate(gpu_idle_time_seconds_total[{1h}]) > 0.9`,
		Summary:   "a GPU is allocated and not used",
		Threshold: "nine tenths of an hour, for 1h", Source: "this project: no published threshold",
		Action: "",
		Off:    "interactive sessions hold GPUs on purpose",
		Tests: []testCase{
			fire("4h", gpu("gpu_idle_time_seconds_total", "", "0+60x300")),
			keepQuiet("4h", gpu("gpu_idle_time_seconds_total", "", "0+30x300")),
			firstIsQuiet("4h", gpu("gpu_idle_time_seconds_total", "", "_x200 9000x300")),
		},
	},
	{
		Name: "GPUBusyUnallocated", Condition: "A22", Severity: info, For: "15m",
		Expr: `gpu_allocation_state{gpu_allocation_state="free"} == 1 and on (` + node + `, hw_id) hw_gpu_utilization_ratio{hw_gpu_task="general"} > 0.9`,

		Summary:   "a GPU that nobody holds is busy",
		Threshold: "utilization above 90 %, for 15m", Source: "published as a warning without a number; the number is this project's",
		Action: "",
		Tests: []testCase{
			fire("40m", busySeries("0x5 1x60", "0.95x60")...), keepQuiet("40m", busySeries("1x60", "0.1x60")...), firstFires("40m", busySeries("_x5 1x60", "0.95x60")...),
		},
	},
	{
		Name: "AttributionSourceStale", Condition: "own", Severity: ticket, For: "1m",
		Expr:      `tracecore_gpu_attribution_source_age_seconds > {seconds 2m}`,
		Summary:   "the kubelet or the job files do not say any more who holds the GPUs",
		Threshold: "2m, for 1m", Source: "this project: twelve polls; holders are unknown after max_age, 5m by default",
		Action: "",
		Tests: []testCase{
			fire("30m", host("tracecore_gpu_attribution_source_age_seconds", `source="kubernetes"`, "10x5 60+60x60")),
			keepQuiet("30m", host("tracecore_gpu_attribution_source_age_seconds", `source="kubernetes"`, "10x60")),
			firstFires("30m", host("tracecore_gpu_attribution_source_age_seconds", `source="kubernetes"`, "_x5 900x60")),
		},
	},
	{
		Name: "AttributionUnknown", Condition: "own", Severity: ticket, For: "15m",
		Expr:      `gpu_allocation_state{gpu_allocation_state="unknown"} == 1`,
		Summary:   "nobody knows who holds a GPU",
		Threshold: "15m", Source: "this project: longer than a kubelet's restart",
		Action: "",
		Tests: level(func(v string) series {
			return gpu("gpu_allocation_state", `gpu_allocation_state="unknown"`, v)
		}),
	},
	{
		Name: "AttributionUnresolved", Condition: "own", Severity: ticket, For: "15m",
		Expr:      `tracecore_gpu_attribution_unresolved_devices > 0`,
		Summary:   "a container holds a device that names no GPU",
		Threshold: "one, for 15m", Source: "this project: longer than a pod's start",
		Action: "",
		Tests: level(func(v string) series {
			return host("tracecore_gpu_attribution_unresolved_devices", `source="kubernetes"`, v)
		}),
	},
}

func busySeries(state, load string) []series {
	return []series{gpu("gpu_allocation_state", `gpu_allocation_state="free"`, state), gpu("hw_gpu_utilization_ratio", `hw_gpu_task="general"`, load)}
}
