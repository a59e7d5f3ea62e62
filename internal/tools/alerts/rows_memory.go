// SPDX-License-Identifier: Apache-2.0

package main

var memoryRules = []rule{
	{
		Name: "GPUEccUncorrected", Condition: "A1", Severity: page,
		Expr:      onBoard(`gpu_ecc_errors_total{error_type="uncorrected", gpu_ecc_lifetime="volatile"} > 0`, "gpu_memory_location"),
		Exporter:  onExported(`DCGM_FI_DEV_ECC_DBE_VOL_TOTAL > 0`),
		Summary:   "GPU memory has had uncorrected errors since the driver was loaded",
		Threshold: "any; a level, so that the first scrape alerts", Source: "Azure cyclecloud-healthagent: error above 0; DCGM health: fail",
		Action: "DRAIN_AND_RESET",
		Tests: level(func(v string) series {
			return gpu("gpu_ecc_errors_total", `error_type="uncorrected",gpu_ecc_lifetime="volatile",gpu_memory_location="total"`, v)
		}),
		ExporterTests: level(func(v string) series { return gpu("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "", v) }),
	},
	{
		Name: "GPURowRemapFailed", Condition: "A2", Severity: page,
		Expr:      onBoard(`gpu_memory_rows_remap_failed == 1`),
		Exporter:  onExported(`DCGM_FI_DEV_ROW_REMAP_FAILURE != 0`),
		Summary:   "a row of GPU memory could not be remapped",
		Threshold: "any", Source: "Azure cyclecloud-healthagent: error; DCGM health: fail; NVSentinel: field diagnostics",
		Action:        "RESET_GPU, then RUN_FIELDDIAG",
		Tests:         level(func(v string) series { return gpu("gpu_memory_rows_remap_failed", "", v) }),
		ExporterTests: level(func(v string) series { return gpu("DCGM_FI_DEV_ROW_REMAP_FAILURE", "", v) }),
	},
	{
		Name: "GPURowRemapPending", Condition: "A3", Severity: ticket,
		Expr:      onBoard(`gpu_memory_rows_remap_pending == 1`),
		Exporter:  onExported(`DCGM_FI_DEV_ROW_REMAP_PENDING == 1`),
		Summary:   "a row of GPU memory waits for a reset to be remapped",
		Threshold: "any", Source: "Meta gcm: critical; NVSentinel: RESET_GPU",
		Action:        "RESET_GPU when drained",
		Tests:         level(func(v string) series { return gpu("gpu_memory_rows_remap_pending", "", v) }),
		ExporterTests: level(func(v string) series { return gpu("DCGM_FI_DEV_ROW_REMAP_PENDING", "", v) }),
	},
	{
		Name: "GPURowsRemapped", Condition: "A4", Severity: ticket,
		Expr:      over("increase", "1h", onBoard(`gpu_memory_rows_remapped_total{error_type="uncorrected"}`)) + ` > 0`,
		Exporter:  over("increase", "1h", onExported(`DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS`)) + ` > 0`,
		Summary:   "rows of GPU memory were remapped for uncorrected errors within the hour",
		Threshold: "any within 1h; what the GPU had before is no news", Source: "field practice: each follows an uncorrected error (XID 63)",
		Action: "RESET_GPU when drained",
		Tests: lifetime(func(v string) series {
			return gpu("gpu_memory_rows_remapped_total", `error_type="uncorrected"`, v)
		}),
		ExporterTests: lifetime(func(v string) series { return gpu("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "", v) }),
	},
	{
		Name: "GPURowRemapsExhausted", Condition: "A4", Severity: ticket,
		Expr:      onBoard(`gpu_memory_rows_remapped_total{error_type="uncorrected"} >= 512`),
		Exporter:  onExported(`DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS >= 512`),
		Summary:   "GPU memory has used up its spare rows",
		Threshold: "512 rows", Source: "DCGM_LIMIT_MAX_ROW_REMAP_UNCORRECTABLE",
		Action: "RUN_FIELDDIAG",
		Tests: []testCase{
			fire("10m", gpu("gpu_memory_rows_remapped_total", `error_type="uncorrected"`, "511x5 512x10")),
			keepQuiet("10m", gpu("gpu_memory_rows_remapped_total", `error_type="uncorrected"`, "511x15")),
			firstFires("10m", gpu("gpu_memory_rows_remapped_total", `error_type="uncorrected"`, "_x5 512x10")),
		},
		ExporterTests: []testCase{
			fire("10m", gpu("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "", "511x5 512x10")),
			keepQuiet("10m", gpu("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "", "511x15")),
			firstFires("10m", gpu("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "", "_x5 512x10")),
		},
	},
	{
		Name: "GPUPagesRetired", Condition: "A5", Severity: ticket,
		Expr:      onBoard(`sum without (error_type) (gpu_memory_pages_retired_total) >= 63 or gpu_memory_pages_retired_total{error_type="uncorrected"} > 15`),
		Exporter:  onExported(`DCGM_FI_DEV_RETIRED_SBE + DCGM_FI_DEV_RETIRED_DBE >= 63 or DCGM_FI_DEV_RETIRED_DBE > 15`),
		Summary:   "many pages of GPU memory are retired",
		Threshold: "63 pages, or more than 15 for uncorrected errors", Source: "DCGM health: fail at 63, soft limit of 15 for uncorrected ones",
		Action: "RUN_FIELDDIAG",
		Tests: []testCase{
			fire("10m", gpu("gpu_memory_pages_retired_total", `error_type="corrected"`, "40x15"), gpu("gpu_memory_pages_retired_total", `error_type="uncorrected"`, "0x5 16x10")),
			keepQuiet("10m", gpu("gpu_memory_pages_retired_total", `error_type="corrected"`, "40x15"), gpu("gpu_memory_pages_retired_total", `error_type="uncorrected"`, "15x15")),
			firstFires("10m", gpu("gpu_memory_pages_retired_total", `error_type="corrected"`, "_x5 63x10"), gpu("gpu_memory_pages_retired_total", `error_type="uncorrected"`, "_x5 0x10")),
		},
		ExporterTests: []testCase{
			fire("10m", gpu("DCGM_FI_DEV_RETIRED_SBE", "", "40x15"), gpu("DCGM_FI_DEV_RETIRED_DBE", "", "0x5 16x10")),
			keepQuiet("10m", gpu("DCGM_FI_DEV_RETIRED_SBE", "", "40x15"), gpu("DCGM_FI_DEV_RETIRED_DBE", "", "15x15")),
			firstFires("10m", gpu("DCGM_FI_DEV_RETIRED_SBE", "", "_x5 63x10"), gpu("DCGM_FI_DEV_RETIRED_DBE", "", "_x5 0x10")),
		},
	},
	{
		Name: "GPUMemoryUnrepairable", Condition: "A2", Severity: page,
		Expr:      onBoard(`gpu_memory_unrepairable == 1 or gpu_ecc_sram_threshold_exceeded == 1`),
		Exporter:  onExported(`DCGM_FI_DEV_MEMORY_UNREPAIRABLE == 1 or DCGM_FI_DEV_SRAM_EXCEEDED == 1`),
		Summary:   "GPU memory cannot be repaired, or errors of the SRAM call for a replacement",
		Threshold: "any", Source: "DCGM fields 1507 and 346: the driver's own threshold",
		Action:        "RUN_FIELDDIAG",
		Tests:         level(func(v string) series { return gpu("gpu_memory_unrepairable", "", v) }),
		ExporterTests: level(func(v string) series { return gpu("DCGM_FI_DEV_SRAM_EXCEEDED", "", v) }),
	},
	{
		Name: "GPUEccCorrectedRate", Condition: "A6", Severity: info,
		Expr:      over("increase", "10m", onBoard(`gpu_ecc_errors_total{error_type="corrected", gpu_ecc_lifetime="volatile"}`, "gpu_memory_location")) + ` > 1000`,
		Exporter:  over("increase", "10m", onExported(`DCGM_FI_DEV_ECC_SBE_VOL_TOTAL`)) + ` > 1000`,
		Summary:   "GPU memory has many corrected errors",
		Threshold: "100 a minute for 10m", Source: "Azure cyclecloud-healthagent: above 100 a minute",
		Off: "corrected errors are normal, and DCGM's own limit is a placeholder",
		Tests: []testCase{
			fire("15m", gpu("gpu_ecc_errors_total", `error_type="corrected",gpu_ecc_lifetime="volatile"`, "0+200x20")),
			keepQuiet("15m", gpu("gpu_ecc_errors_total", `error_type="corrected",gpu_ecc_lifetime="volatile"`, "0+50x20")),
			firstIsQuiet("15m", gpu("gpu_ecc_errors_total", `error_type="corrected",gpu_ecc_lifetime="volatile"`, "_x10 5000x10")),
		},
		ExporterTests: []testCase{
			fire("15m", gpu("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "", "0+200x20")),
			keepQuiet("15m", gpu("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "", "0+50x20")),
			firstIsQuiet("15m", gpu("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "", "_x10 5000x10")),
		},
	},
}
