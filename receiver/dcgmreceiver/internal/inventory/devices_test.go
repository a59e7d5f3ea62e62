// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfiguredDevices(t *testing.T) {
	upper := "GPU-" + strings.ToUpper(uuidC[4:])
	s := begin(t, "0", " "+upper+" ", "7").tell(told(uuidA, "01"), told(uuidB, "02"), told(uuidC, "03")).requireKnown([]string{uuidA, uuidC}, nil)
	require.Equal(t, []string{"7"}, s.node.Missing())
	require.Equal(t, []Identity{{ID: "gpu7", Name: "gpu7", Vendor: Vendor}}, s.node.Never())
	s.tell(told(uuidA, "01")).requireKnown([]string{uuidA}, []string{uuidC})
	require.Equal(t, []string{upper, "7"}, s.node.Missing())
	require.Len(t, s.node.Never(), 1, "what was there goes by the name that it had")
	s = begin(t, upper)
	require.Equal(t, []Identity{{ID: uuidC, Vendor: Vendor}}, s.node.Never())
	require.Empty(t, begin(t).node.Missing())
}

func TestNamesOfDevices(t *testing.T) {
	for _, names := range [][]string{{}, {"all", "0"}, {"-1"}, {"GPU-1"}, {"nvidia0"}, {"4294967296"}, {""}} {
		_, err := ParseDevices(names)
		require.ErrorContains(t, err, `"devices": must be all`, "%q", names)
	}
	for _, names := range [][]string{{"all"}, {"0", "4294967295"}, {uuidA}} {
		_, err := ParseDevices(names)
		require.NoError(t, err)
	}
}
