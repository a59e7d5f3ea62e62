// SPDX-License-Identifier: Apache-2.0

package main

import "slices"

// xidRules tell XIDs by what has to be done. In our names they look at the time of the newest XID of each code, so that a repetition is
// seen, an old one that a restart brings up is not, and the alert ends. dcgm-exporter has the last code alone, until it restarts.
var xidRules = []rule{
	{
		Name: "GPUXidCritical", Condition: "A7", Severity: page, Holder: true,
		Expr:      recentXID(`gpu_xid_code=~"` + codes(xids.critical) + `"`),
		Exporter:  oneOf("DCGM_FI_DEV_XID_ERRORS", xids.critical),
		Summary:   "GPU reports an XID that takes it or its node out of service",
		Threshold: "one; codes with severity error or fatal in internal/xid/codes.tsv", Source: "NVIDIA's XID catalogue: reset, reboot, repair; DCGM health: fail for 48 64 74 79 95 119 120 140",
		Action: "of the code: 79 RESTART_BM, most others RESET_GPU; see gpu.xid.action of the record",
		Tests:  xidCases("79"), ExporterTests: exporterXIDCases("79", "31"),
	},
	{
		Name: "GPUXidWarning", Condition: "A7", Severity: ticket, Holder: true,
		Expr:      recentXID(`gpu_xid_code!~"` + codes(unwarned) + `"`),
		Exporter:  `DCGM_FI_DEV_XID_ERRORS > 0 unless (` + oneOf("DCGM_FI_DEV_XID_ERRORS", unwarned) + `)`,
		Summary:   "GPU reports an XID that is worth a look",
		Threshold: "one; every code that is neither critical, nor an application's, nor to be ignored, unknown codes included", Source: "NVIDIA's XID catalogue; DCGM health: warn for 63 and 94",
		Action: "of the code; see gpu.xid.action of the record",
		Tests:  xidCases("94"), ExporterTests: exporterXIDCases("94", "79"),
	},
	{
		Name: "GPUXidApplication", Condition: "A8", Severity: info, Holder: true,
		Expr:      recentXID(`gpu_xid_code=~"` + codes(xids.application) + `"`),
		Exporter:  oneOf("DCGM_FI_DEV_XID_ERRORS", xids.application),
		Summary:   "an application has caused an XID",
		Threshold: "one; 13 31 43 45 and codes whose investigation begins at the application", Source: "NVIDIA's XID catalogue: RESTART_APP; Meta gcm: non-critical",
		Action: "RESTART_APP",
		Tests:  xidCases("31"), ExporterTests: exporterXIDCases("31", "79"),
	},
	{
		Name: "GPUXidManyTenants", Condition: "A8", Severity: ticket,
		Expr: `count by (hw_id, instance) (count by (hw_id, instance, k8s_namespace_name) (` +
			`gpu_xid_errors_total{gpu_xid_code=~"` + codes(xids.application) + `", k8s_namespace_name!=""} > 0)) >= 3`,
		Summary:   "applications of several namespaces have had XIDs on one GPU",
		Threshold: "3 namespaces", Source: "secondary: several tenants on one GPU point to the GPU",
		Action: "RUN_FIELDDIAG",
		Off:    "it needs the attribution processor, and its threshold has no primary source",
		Tests: []testCase{
			fire("10m", tenant("a"), tenant("b"), tenant("c")),
			keepQuiet("10m", tenant("a"), tenant("b")),
			firstFires("10m", tenant("a"), tenant("b"), gpu("gpu_xid_errors_total", `gpu_xid_code="13",k8s_namespace_name="c"`, "_x9 1x5")),
		},
	},
}

var xids = classifyXIDs()

// unwarned have other rules, or none. All others warn, those that nobody knows included.
var unwarned = slices.Concat(xids.critical, xids.application, xids.ignored)

func recentXID(matcher string) string {
	return `time() - gpu_xid_last_seconds{` + matcher + `} < {seconds 10m}`
}

func xidCases(code string) []testCase {
	last := func(v string) series { return gpu("gpu_xid_last_seconds", `gpu_xid_code="`+code+`"`, v) }
	return []testCase{
		fire("12m", last("0x9 600x20")),
		keepQuiet("21m", last("0x9 600x20")),
		firstFires("12m", last("_x9 600x20")),
	}
}

func exporterXIDCases(code, other string) []testCase {
	last := func(v string) series { return gpu("DCGM_FI_DEV_XID_ERRORS", "", v) }
	return []testCase{
		fire("12m", last("0x9 "+code+"x20")),
		keepQuiet("12m", last("0x9 "+other+"x20")),
		firstFires("12m", last("_x9 "+code+"x20")),
	}
}

func tenant(namespace string) series {
	return gpu("gpu_xid_errors_total", `gpu_xid_code="31",k8s_namespace_name="`+namespace+`"`, "1x20")
}
