// SPDX-License-Identifier: Apache-2.0

package xid

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOverrideChangesWhatItNames(t *testing.T) {
	no, yes := false, true
	table, err := New(map[string]Override{
		"43":  {Severity: "info"},
		"119": {Frozen: &no, Action: "RESTART_BM", InvestigatoryAction: "RUN_FIELDDIAG", Meaning: "GSP hangs"},
		"120": {Frozen: &yes},
		"149": {Severity: "info", Action: "IGNORE"},
		"154": {Severity: "warn"},
		"500": {Meaning: "new with driver 999", Severity: "error"},
	}, map[string]Override{"20001": {Severity: "warn"}})
	require.NoError(t, err)

	require.Equal(t, Info, table.XID(43).Severity)
	require.Equal(t, Default().XID(43).Action, table.XID(43).Action)
	require.Equal(t, Code{
		Kind: XID, Number: 119, Mnemonic: "GSP_RPC_TIMEOUT", Meaning: "GSP hangs", Action: "RESTART_BM", InvestigatoryAction: "RUN_FIELDDIAG",
		Severity: Error, Source: Default().XID(119).Source,
	}, table.XID(119))
	require.True(t, table.XID(120).Frozen)
	require.Equal(t, Code{Kind: XID, Number: 500, Meaning: "new with driver 999", Severity: Error, Source: "configuration"}, table.XID(500))
	require.Equal(t, Warn, table.SXID(20001, true).Severity, "the site knows better than the driver")
	require.Equal(t, Default().XID(79), table.XID(79))

	message := table.Message(149, "NETIR_LINK_EVT Fatal XC0 i0 Link 01 (0x004505c6 0x00000000)")
	require.Equal(t, Info, message.Severity, "the site knows better than the message")
	require.Equal(t, "IGNORE", message.Action)
	require.Equal(t, "INVESTIGATE_LINK_SI", message.InvestigatoryAction)
	require.Equal(t, Warn, table.Message(154, "from 0x0 (None) to 0x2 (Node Reboot Required)").Severity)

	require.Equal(t, Warn, Default().XID(43).Severity, "the shipped table stays")
	codes := table.Codes(XID)
	require.Equal(t, Info, codes[42].Severity)
}

func TestBadOverrideNamesCodeKeyAndRule(t *testing.T) {
	for code, tt := range map[string]struct {
		override Override
		want     string
	}{
		"seventy": {Override{}, `"seventy": must be the number of an XID, from 1 to 99999`},
		"0":       {Override{}, `"0": must be the number of an XID, from 1 to 99999`},
		"079":     {Override{Severity: "error"}, `"079": must be the number of an XID, from 1 to 99999, without a sign or leading zeros`},
		"+79":     {Override{Severity: "error"}, `"+79": must be the number of an XID`},
		"100000":  {Override{Meaning: "x"}, `"100000": must be the number of an XID, from 1 to 99999`},
		"790":     {Override{Severity: "error"}, `"790": "meaning": must be given for an XID that is not known`},
		"79":      {Override{Severity: "bad"}, `"79": "severity": must be info, warn, error or fatal, got "bad"`},
		"13":      {Override{Action: "PRAY"}, `"13": "action": must be one of CHECK_APP_CUDA, `},
		"31":      {Override{InvestigatoryAction: "reset_gpu"}, `"31": "investigatory_action": must be one of CHECK_APP_CUDA, `},
	} {
		_, err := New(map[string]Override{code: tt.override}, nil)
		require.ErrorContains(t, err, tt.want)
	}
	_, err := New(map[string]Override{"79": {Severity: "bad"}, "0": {}}, map[string]Override{"1": {}})
	require.ErrorContains(t, err, `"0": must be`)
	require.ErrorContains(t, err, `"79": "severity"`)
	require.ErrorContains(t, err, `"1": "meaning": must be given for an SXID that is not known`)
}

func TestActionsAreSortedAndUsedOnes(t *testing.T) {
	require.True(t, slices.IsSorted(Actions()))
	Actions()[0] = "changed"
	require.NotEqual(t, "changed", Actions()[0])
}
