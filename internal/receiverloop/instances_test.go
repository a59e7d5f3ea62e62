// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

type sharedReceiver struct {
	host            component.Host
	starts, stops   int
	startErr, ended error
}

func (r *sharedReceiver) Start(_ context.Context, host component.Host) error {
	r.host = host
	r.starts++
	return r.startErr
}

func (r *sharedReceiver) Shutdown(context.Context) error {
	r.stops++
	return r.ended
}

type pipelineHost struct {
	extensions map[component.ID]component.Component
	reported   []componentstatus.Status
}

func (h *pipelineHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *pipelineHost) Report(event *componentstatus.Event) {
	h.reported = append(h.reported, event.Status())
}

type someConfig struct{ key int }

func TestOneConfigurationHasOneInstanceUntilItStops(t *testing.T) {
	var instances Instances[*sharedReceiver]
	made := 0
	get := func(cfg *someConfig) *Instance[*sharedReceiver] {
		instance, err := instances.Get(cfg, func() (*sharedReceiver, error) { made++; return &sharedReceiver{}, nil })
		require.NoError(t, err)
		return instance
	}
	one, other := &someConfig{key: 1}, &someConfig{key: 2}
	first := get(one)
	require.Same(t, first, get(one))
	require.NotSame(t, first, get(other))
	require.NoError(t, first.Shutdown(t.Context()))
	require.NotSame(t, first, get(one))
	require.Equal(t, 3, made)
}

func TestAReceiverThatCannotBeMadeLeavesNothing(t *testing.T) {
	var instances Instances[*sharedReceiver]
	broken := errors.New("broken")
	cfg := &someConfig{}
	_, err := instances.Get(cfg, func() (*sharedReceiver, error) { return nil, broken })
	require.ErrorIs(t, err, broken)
	_, err = instances.Get(cfg, func() (*sharedReceiver, error) { return &sharedReceiver{}, nil })
	require.NoError(t, err)
}

func TestAnInstanceIsStartedAndStoppedOnce(t *testing.T) {
	var instances Instances[*sharedReceiver]
	notStarted, notEnded := errors.New("not started"), errors.New("not ended")
	instance, err := instances.Get(&someConfig{}, func() (*sharedReceiver, error) {
		return &sharedReceiver{startErr: notStarted, ended: notEnded}, nil
	})
	require.NoError(t, err)
	for range 2 {
		require.ErrorIs(t, instance.Start(t.Context(), &pipelineHost{}), notStarted)
	}
	for range 2 {
		require.ErrorIs(t, instance.Shutdown(t.Context()), notEnded)
	}
	require.Equal(t, 1, instance.Receiver.starts)
	require.Equal(t, 1, instance.Receiver.stops)
}

func TestEveryPipelineSeesTheStatus(t *testing.T) {
	var instances Instances[*sharedReceiver]
	instance, err := instances.Get(&someConfig{}, func() (*sharedReceiver, error) { return &sharedReceiver{}, nil })
	require.NoError(t, err)
	extensions := map[component.ID]component.Component{component.MustNewID("storage"): nil}
	metrics, logs := &pipelineHost{extensions: extensions}, &pipelineHost{extensions: extensions}

	require.NoError(t, instance.Start(t.Context(), metrics))
	require.Equal(t, extensions, instance.Receiver.host.GetExtensions())
	report := func(status componentstatus.Status) {
		componentstatus.ReportStatus(instance.Receiver.host, componentstatus.NewEvent(status))
	}
	report(componentstatus.StatusOK)
	report(componentstatus.StatusRecoverableError)
	require.NoError(t, instance.Start(t.Context(), logs))
	report(componentstatus.StatusOK)

	require.Equal(t, []componentstatus.Status{componentstatus.StatusOK, componentstatus.StatusRecoverableError, componentstatus.StatusOK}, metrics.reported)
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, logs.reported)
}
