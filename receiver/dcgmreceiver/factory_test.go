// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

func TestMetricsAndLogsOfOneConfigurationShareOneReceiver(t *testing.T) {
	factory := NewFactory()
	cfg, other := factory.CreateDefaultConfig(), factory.CreateDefaultConfig()
	set := receivertest.NewNopSettings(metadata.Type)
	metrics, err := factory.CreateMetrics(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	logs, err := factory.CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
	require.NoError(t, err)
	another, err := factory.CreateLogs(t.Context(), set, other, consumertest.NewNop())
	require.NoError(t, err)
	require.Same(t, metrics, logs)
	require.NotSame(t, metrics, another)
}
