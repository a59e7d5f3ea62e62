// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

func TestWhatHealthIsMadeOfIsSampledEveryTime(t *testing.T) {
	l := layoutsOf(nil, nil, statusInputs, nil, catalog.NewPace(interval, 0))[dcgm.GPU]
	require.Equal(t, len(statusInputs)+1, l.Slots())
	for _, field := range append(statusInputs, fieldUUID) {
		slot, needed := l.Slot(field)
		require.True(t, needed)
		require.Equal(t, catalog.Normal, l.SlotTier(slot))
	}
}
