// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCallsThatAnEngineDoesNotServeKeepTheirFirstReason(t *testing.T) {
	var u unserved
	require.Empty(t, u.all())
	mismatch := errors.New("error creating group: API version mismatch")
	module := errors.New("This request is serviced by a module of DCGM that is not currently loaded")
	require.True(t, u.note("make a group", mismatch))
	require.True(t, u.note("make a group", module))
	require.True(t, u.note("get links", module))
	require.False(t, u.note("read", errors.New("Generic unspecified error")))
	require.False(t, u.note("read", nil))
	require.Equal(t, map[string]error{"make a group": mismatch, "get links": module}, u.all())
}
