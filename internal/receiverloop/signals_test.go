// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

type bothReceiver struct {
	sharedReceiver

	metrics consumer.Metrics
	logs    consumer.Logs
}

func TestSignalsOfOneConfigurationShareAReceiver(t *testing.T) {
	var made []*bothReceiver
	signals := Signals[*bothReceiver]{
		Create: func(receiver.Settings, component.Config) (*bothReceiver, error) {
			made = append(made, &bothReceiver{})
			return made[len(made)-1], nil
		},
		Metrics: func(r *bothReceiver, next consumer.Metrics) { r.metrics = next },
		Logs:    func(r *bothReceiver, next consumer.Logs) { r.logs = next },
	}
	set := receivertest.NewNopSettings(component.MustNewType("some"))
	cfg := &someConfig{}
	next := consumertest.NewNop()
	metrics, err := signals.CreateMetrics(t.Context(), set, cfg, next)
	require.NoError(t, err)
	logs, err := signals.CreateLogs(t.Context(), set, cfg, next)
	require.NoError(t, err)
	_, err = signals.CreateMetrics(t.Context(), set, &someConfig{}, next)
	require.NoError(t, err)
	require.Len(t, made, 2)
	require.Same(t, metrics, logs)
	require.NotNil(t, made[0].metrics)
	require.NotNil(t, made[0].logs)
	require.Nil(t, made[1].logs)

	require.NoError(t, metrics.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, logs.Start(t.Context(), componenttest.NewNopHost()))
	require.Equal(t, 1, made[0].starts)
}

func TestAReceiverThatCannotBeMadeIsAnErrorOfItsFactory(t *testing.T) {
	broken := errors.New("broken")
	signals := Signals[*bothReceiver]{Create: func(receiver.Settings, component.Config) (*bothReceiver, error) { return nil, broken }}
	set := receivertest.NewNopSettings(component.MustNewType("some"))
	metrics, err := signals.CreateMetrics(t.Context(), set, &someConfig{}, consumertest.NewNop())
	require.ErrorIs(t, err, broken)
	require.Nil(t, metrics)
	logs, err := signals.CreateLogs(t.Context(), set, &someConfig{}, consumertest.NewNop())
	require.ErrorIs(t, err, broken)
	require.Nil(t, logs)
}
