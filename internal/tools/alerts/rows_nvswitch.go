// SPDX-License-Identifier: Apache-2.0

package main

// nvswitchRules are about NVSwitches, where the host engine sees them. Their hw_name is nvswitch and DCGM's number.
var nvswitchRules = []rule{
	{
		Name: "NVSwitchSxidFatal", Condition: "A17", Severity: page,
		Expr:      `time() - gpu_sxid_last_seconds{gpu_sxid_fatal="true"} < {seconds 10m}`,
		Summary:   "an NVSwitch reports an SXID that the driver calls fatal",
		Threshold: "one", Source: "DCGM health: fatal ones fail; NVSentinel: node reboot",
		Action: "RESTART_BM, then RUN_FIELDDIAG when it comes again",
		Tests:  sxidCases("true"),
	},
	{
		Name: "NVSwitchSxid", Condition: "A17", Severity: info,
		Expr:      `time() - gpu_sxid_last_seconds{gpu_sxid_fatal="false"} < {seconds 10m}`,
		Summary:   "an NVSwitch reports an SXID that is not fatal",
		Threshold: "one", Source: "DCGM health: those that are not fatal warn",
		Action: "of the code; see gpu.sxid.action of the record",
		Tests:  sxidCases("false"),
	},
	{
		Name: "NVSwitchDown", Condition: "A18", Severity: page, For: "1m",
		Expr:      `gpu_nvswitch_up == 0`,
		Summary:   "the host engine does not list an NVSwitch any more",
		Threshold: "1m", Source: "this project: as for a GPU",
		Action: "RESTART_BM",
		Tests: []testCase{
			fire("10m", gpu("gpu_nvswitch_up", "", "1x5 0x10")),
			keepQuiet("10m", gpu("gpu_nvswitch_up", "", "1x15")),
			firstFires("10m", gpu("gpu_nvswitch_up", "", "_x5 0x10")),
		},
	},
	{
		Name: "NVSwitchLinkDown", Condition: "A15", Severity: ticket, For: "1m",
		Expr:      `gpu_nvswitch_links{gpu_nvlink_link_state="down"} > 0`,
		Summary:   "an NVLink of an NVSwitch is down",
		Threshold: "one, for 1m; GPUNvlinkDown pages where a GPU has it", Source: "DCGM health: NVLINK_DOWN",
		Action: "WORKFLOW_NVLINK_ERR",
		Tests: level(func(v string) series {
			return gpu("gpu_nvswitch_links", `gpu_nvlink_link_state="down"`, v)
		}),
	},
	{
		Name: "NVSwitchResetRequired", Condition: "A17", Severity: page,
		Expr:      `gpu_nvswitch_reset_required == 1`,
		Summary:   "an NVSwitch asks for a reset",
		Threshold: "any", Source: "DCGM field 864: the driver's own flag",
		Action: "RESET_GPU, all of the node together",
		Tests:  level(func(v string) series { return gpu("gpu_nvswitch_reset_required", "", v) }),
	},
}

func sxidCases(fatal string) []testCase {
	last := func(v string) series {
		return gpu("gpu_sxid_last_seconds", `gpu_sxid_code="20034",gpu_sxid_fatal="`+fatal+`"`, v)
	}
	return []testCase{
		fire("12m", last("0x9 600x20")),
		keepQuiet("21m", last("0x9 600x20")),
		firstFires("12m", last("_x9 600x20")),
	}
}
