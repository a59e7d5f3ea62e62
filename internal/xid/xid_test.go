// SPDX-License-Identifier: Apache-2.0

package xid

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryRowSaysWhatItIsAndWhereFrom(t *testing.T) {
	table, err := parse(codesTSV)
	require.NoError(t, err)
	sources := regexp.MustCompile(`(?m)^#   (\S+)  `).FindAllStringSubmatch(codesTSV, -1)
	known := map[string]bool{}
	for _, source := range sources {
		known[source[1]] = true
	}
	check := func(code Code) {
		require.NotEmpty(t, code.Meaning, code.Number)
		require.NotEmpty(t, code.Source, code.Number)
		for source := range strings.SplitSeq(code.Source, ",") {
			require.True(t, known[source], "%d: source %q", code.Number, source)
		}
	}
	for _, kind := range []Kind{XID, SXID} {
		for _, code := range table.Codes(kind) {
			require.NotEmpty(t, code.Mnemonic, code.Number)
			check(code)
		}
	}
	for _, subs := range table.subCodes {
		for _, sub := range subs {
			check(sub.Code)
		}
	}
}

func TestXIDsAreThoseOfTheCatalogueWithoutAGap(t *testing.T) {
	codes := Default().Codes(XID)
	require.Len(t, codes, 172)
	for i, code := range codes {
		require.Equal(t, i+1, code.Number)
	}
}

// What operators know by heart; meanings are ours, names and actions NVIDIA's.
func TestWhatACodeMeans(t *testing.T) {
	for number, want := range map[int]Code{
		13:  {Mnemonic: "ROBUST_CHANNEL_GR_EXCEPTION", Action: "RESTART_APP", InvestigatoryAction: "WORKFLOW_XID_13", Severity: Warn},
		43:  {Mnemonic: "ROBUST_CHANNEL_RESETCHANNEL_VERIF_ERROR", Action: "IGNORE", InvestigatoryAction: "CONTACT_SUPPORT", Severity: Warn},
		48:  {Mnemonic: "ROBUST_CHANNEL_GPU_ECC_DBE", Action: "WORKFLOW_XID_48", InvestigatoryAction: "WORKFLOW_XID_48", Severity: Error},
		63:  {Mnemonic: "INFOROM_DRAM_RETIREMENT_EVENT", Action: "IGNORE", InvestigatoryAction: "IGNORE", Severity: Warn},
		64:  {Mnemonic: "INFOROM_DRAM_RETIREMENT_FAILURE", Action: "RESET_GPU", InvestigatoryAction: "CONTACT_SUPPORT", Severity: Error},
		79:  {Mnemonic: "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS", Action: "RESTART_BM", InvestigatoryAction: "CONTACT_SUPPORT", Severity: Fatal},
		94:  {Mnemonic: "ROBUST_CHANNEL_CONTAINED_ERROR", Action: "RESTART_APP", InvestigatoryAction: "IGNORE_SYMPATHETIC", Severity: Warn},
		95:  {Mnemonic: "ROBUST_CHANNEL_UNCONTAINED_ERROR", Action: "RESET_GPU", InvestigatoryAction: "IGNORE_SYMPATHETIC", Severity: Error},
		106: {Mnemonic: "SMBPBI_TEST_MESSAGE", Action: "IGNORE", InvestigatoryAction: "IGNORE", Severity: Info},
		119: {Mnemonic: "GSP_RPC_TIMEOUT", Action: "RESET_GPU", InvestigatoryAction: "INVESTIGATE_SW", Severity: Error, Frozen: true},
		135: {Mnemonic: "ROBUST_CHANNEL_CE19_ERROR", Action: "RESTART_APP", InvestigatoryAction: "CONTACT_SUPPORT", Severity: Warn},
		172: {Mnemonic: "UNCORRECTABLE_SRAM_ERROR", Severity: Error},
	} {
		got := Default().XID(number)
		require.True(t, got.Known())
		want.Kind, want.Number, want.Meaning, want.Source = XID, number, got.Meaning, got.Source
		require.Equal(t, want, got)
	}
}

// The page-worthy codes of operators.
func TestWhatPagesIsAnErrorAndApplicationsAreNot(t *testing.T) {
	for _, number := range []int{46, 48, 62, 64, 74, 79, 95, 109, 119, 120, 140, 143, 158} {
		require.GreaterOrEqual(t, Default().XID(number).Severity, Error, number)
	}
	for _, number := range []int{13, 31, 32, 43, 45, 63, 68, 92, 94} {
		require.Equal(t, Warn, Default().XID(number).Severity, number)
	}
}

func TestSeverityFollowsFromTheAction(t *testing.T) {
	follows := map[string]Severity{
		"RESTART_BM": Fatal, "RESET_GPU": Error, "RESTART_VM": Error, "UPDATE_SWFW": Error, "CHECK_UVM": Error, "WORKFLOW_XID_48": Error,
		"WORKFLOW_NVLINK_ERR": Error, "RESTART_APP": Warn, "CONTACT_SUPPORT": Warn, "XID_154": Warn, "XID_154_EVAL": Warn,
	}
	for _, code := range Default().Codes(XID) {
		if want, ok := follows[code.Action]; ok {
			require.Equal(t, want, code.Severity, code.Number)
		}
	}
}

func TestUnknownCodeKeepsItsNumber(t *testing.T) {
	for _, code := range []Code{Default().XID(4711), Default().Message(4711, "whatever")} {
		require.Equal(t, Code{Kind: XID, Number: 4711, Severity: Warn}, code)
		require.False(t, code.Known())
	}
	require.Equal(t, Code{Kind: SXID, Number: 29999, Severity: Error}, Default().SXID(29999, true))
	require.Equal(t, Code{Kind: SXID, Number: 29999, Severity: Warn}, Default().SXID(29999, false))
}

func TestDriverSaysWhichSXIDIsFatal(t *testing.T) {
	require.Equal(t, Info, Default().SXID(20001, false).Severity)
	require.Equal(t, Error, Default().SXID(20001, true).Severity)
	require.Equal(t, Fatal, Default().SXID(23001, false).Severity, "always fatal")
	require.Equal(t, "HW_DLPL_LTSSM_FAULT_UP", Default().SXID(20034, true).Mnemonic)
}

func TestAttributesNameWhatIsKnown(t *testing.T) {
	collect := func(code Code) map[string]any {
		got := map[string]any{}
		code.Attributes(func(key, value string) { got[key] = value }, func(key string, value int64) { got[key] = value })
		return got
	}
	require.Equal(t, map[string]any{"gpu.xid.code": int64(4711)}, collect(Default().XID(4711)))
	require.Equal(t, map[string]any{
		"gpu.sxid.code": int64(22013), "gpu.sxid.mnemonic": "HW_MINION_NONFATAL", "gpu.sxid.action": "IGNORE", "gpu.sxid.investigatory_action": "IGNORE",
		"gpu.sxid.meaning": Default().SXID(22013, false).Meaning,
	}, collect(Default().SXID(22013, false)))
	got := collect(Default().Message(149, "NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x021425c6 0x00000002 0x0)"))
	delete(got, "gpu.xid.meaning")
	require.Equal(t, map[string]any{
		"gpu.xid.code": int64(149), "gpu.xid.mnemonic": "NVLINK_NETIR_ERROR", "gpu.xid.action": "RESET_GPU",
		"gpu.xid.investigatory_action": "INVESTIGATE_PEER_DEVICE", "gpu.xid.unit": "NETIR_LINK_EVT", "gpu.nvlink.link": int64(1),
		"gpu.xid.interrupt_info": "0x021425c6", "gpu.xid.error_status": "0x00000002",
	}, got)
	require.Equal(t, "gpu_reset", collect(Default().Message(154, "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"))["gpu.recovery.action"])
}

func TestSeveritiesHaveNames(t *testing.T) {
	for severity, want := range map[Severity]string{Info: "info", Warn: "warn", Error: "error", Fatal: "fatal", 0: ""} {
		require.Equal(t, want, severity.String())
	}
}

func TestBadTableNamesLineAndRule(t *testing.T) {
	header := strings.Join(columns, "\t") + "\n"
	row := "xid\t1\t-\t-\tM\tIGNORE\tIGNORE\tinfo\t-\ts\tmeaning\n"
	for tsv, want := range map[string]string{
		"kind\tcode\n":                                           "line 1: columns are",
		header + "xid\t1\n":                                      "line 2: has 2 cells, not 11",
		"# comment\n" + header + row + row:                       "line 4: xid 1 is there twice",
		header + strings.Replace(row, "\t1\t", "\tx\t", 1):       `line 2: code: strconv.Atoi: parsing "x"`,
		header + strings.Replace(row, "info", "bad", 1):          `line 2: severity "bad" is none`,
		header + strings.Replace(row, "IGNORE", "SMILE", 1):      `line 2: action "SMILE" is none`,
		header + strings.Replace(row, "-\t-", "U\tstatus=zz", 1): `line 2: match: strconv.ParseUint: parsing "zz"`,
		header + strings.Replace(row, "-\t-", "U\tcolour=1", 1):  `line 2: match "colour=1" is none`,
	} {
		_, err := parse(tsv)
		require.ErrorContains(t, err, want)
	}
}
