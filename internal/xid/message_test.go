// SPDX-License-Identifier: Apache-2.0

package xid

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSubCodesOfNVLink5(t *testing.T) {
	for name, tt := range map[string]struct {
		number  int
		text    string
		action  string
		inquire string
		want    Severity
		details Details
	}{
		"link down by reason": {
			149, "NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x004505c6 0x00000000 0x00000000 0x00000000 0x00000000 0x00000000)",
			"RESET_GPU", "INVESTIGATE_LINK_SI", Error,
			Details{"NETIR_LINK_EVT", "01", "0x004505c6", "0x00000000", ""},
		},
		"later drivers name it differently": {
			149, "NETIR_LINK_DOWN Fatal XC0 i0 Link 09 (0x025525c6 0x00000000)",
			"RESET_GPU", "INVESTIGATE_PEER_DEVICE", Error,
			Details{"NETIR_LINK_DOWN", "09", "0x025525c6", "0x00000000", ""},
		},
		"a user took the link down": {
			149, "NETIR_LINK_EVT Nonfatal XC0 i0 Link 00 (0x026001c6 0x00000000)",
			"IGNORE", "INVESTIGATE_SW_USER", Warn,
			Details{"NETIR_LINK_EVT", "00", "0x026001c6", "0x00000000", ""},
		},
		"reason without a row": {
			149, "NETIR_LINK_EVT Fatal XC0 i0 Link 17 (0x03f001c6 0x00000000)",
			"WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", Error,
			Details{"NETIR_LINK_EVT", "17", "0x03f001c6", "0x00000000", ""},
		},
		"no words at all": {
			149, "NETIR_LINK_EVT",
			"WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", Warn,
			Details{Unit: "NETIR_LINK_EVT"},
		},
		"error status decides": {
			145, "RLW_REMAP Nonfatal XC1 i0 Link 03 (0x00000082, 0x00000004, 0x0)",
			"XID_154_EVAL", "CHECK_NVLINK_FAILURE_FLOW", Warn,
			Details{"RLW_REMAP", "03", "0x00000082", "0x00000004", ""},
		},
		"error status in brackets": {
			146, "TLW_RX_PIPE1 Fatal XC 1 i 2 Link 05 [0x0000000b 0x00000004]",
			"RESET_GPU", "CONTACT_SUPPORT", Error,
			Details{"TLW_RX_PIPE1", "05", "0x0000000b", "0x00000004", ""},
		},
		"receive pipe":               {145, "RLW_RXPIPE Nonfatal XC0 i0 Link 02 (0x00000006 0x00000001)", "IGNORE", "CONTACT_SUPPORT", Warn, Details{"RLW_RXPIPE", "02", "0x00000006", "0x00000001", ""}},
		"receive pipe, became fatal": {145, "RLW_RXPIPE Fatal XC0 i0 Link 02 (0x00000086 0x00000001)", "RESET_GPU", "CONTACT_SUPPORT", Error, Details{"RLW_RXPIPE", "02", "0x00000086", "0x00000001", ""}},
		"corrected":                  {144, "SAW_MVB Nonfatal XC0 i0 Link 00 (0x00000001 0x00000004)", "IGNORE", "IGNORE", Info, Details{"SAW_MVB", "00", "0x00000001", "0x00000004", ""}},
		"error status of two digits": {144, "SAW_MVB Fatal XC0 i0 Link 00 (0x00000001 0x00000010)", "RESET_GPU", "CONTACT_SUPPORT", Error, Details{"SAW_MVB", "00", "0x00000001", "0x00000010", ""}},
		"something before the unit": {
			149, "Y, NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x004505c6 0x00000000)",
			"RESET_GPU", "INVESTIGATE_LINK_SI", Error,
			Details{"NETIR_LINK_EVT", "01", "0x004505c6", "0x00000000", ""},
		},
		"unit that the table does not have": {144, "SAW_NEW Fatal XC0 i0 Link -1 (0x00000001 0x00000004)", "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", Error, Details{"SAW_NEW", "-1", "0x00000001", "0x00000004", ""}},
		"text of another kind":              {144, "pid=1, name=x", "WORKFLOW_NVLINK5_ERR", "WORKFLOW_NVLINK5_ERR", Warn, Details{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Default().Message(tt.number, tt.text)
			require.Equal(t, tt.action, got.Action)
			require.Equal(t, tt.inquire, got.InvestigatoryAction)
			require.Equal(t, tt.want, got.Severity)
			require.Equal(t, tt.details, got.Details)
			require.Equal(t, Default().XID(tt.number).Mnemonic, got.Mnemonic)
			require.Equal(t, tt.number, got.Number)
		})
	}
}

func TestRecoveryActionIsThatOfTheMessage(t *testing.T) {
	for text, want := range map[string]struct {
		recovery, action string
		severity         Severity
	}{
		"GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)":           {"none", "IGNORE", Info},
		"GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)":           {"gpu_reset", "RESET_GPU", Error},
		"GPU recovery action changed from 0x0 (None) to 0x2 (Node Reboot Required)":         {"node_reboot", "RESTART_BM", Fatal},
		"GPU recovery action changed from 0x0 (None) to 0x3 (Drain P2P)":                    {"drain_p2p", "DRAIN_P2P", Warn},
		"GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)":              {"drain_and_reset", "DRAIN_AND_RESET", Error},
		"GPU recovery action changed from 0x0 (None) to 0x9 (Send a Poem)":                  {"", "XID_154", Warn},
		"GPU recovery action changed from 0x0 (None) to 0xffffffffffffffffffffffff (Large)": {"", "XID_154", Warn},
		"": {"", "XID_154", Warn},
	} {
		got := Default().Message(154, text)
		require.Equal(t, want.recovery, got.Details.RecoveryAction, text)
		require.Equal(t, want.action, got.Action, text)
		require.Equal(t, want.severity, got.Severity, text)
	}
}

func TestTextOfOtherXIDsChangesNothing(t *testing.T) {
	require.Equal(t, Default().XID(79), Default().Message(79, "NETIR_LINK_EVT Fatal to 0x2 (0x1 0x2)"))
}

func FuzzMessage(f *testing.F) {
	f.Add(149, "NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x021425c6 0x00000000)")
	f.Add(154, "GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)")
	f.Add(145, "RLW_RXPIPE (")
	f.Fuzz(func(t *testing.T, number int, text string) {
		got := Default().Message(number, text)
		require.Equal(t, number, got.Number)
		require.NotEmpty(t, got.Severity.String())
	})
}

func TestRecoveryActionsHaveNVMLsNumbers(t *testing.T) {
	recovery, known := RecoveryOf(2)
	require.True(t, known)
	require.Equal(t, Recovery{Name: "node_reboot", Action: "RESTART_BM", Severity: Fatal}, recovery)
	for _, number := range []int64{-1, 5, 1 << 40} {
		_, known := RecoveryOf(number)
		require.False(t, known, "%d", number)
	}
}
