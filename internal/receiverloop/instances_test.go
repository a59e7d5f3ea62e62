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

func TestAnInstanceStartsWithItsLastPipelineAndStopsOnce(t *testing.T) {
	var instances Instances[*sharedReceiver]
	notStarted, notEnded := errors.New("not started"), errors.New("not ended")
	cfg := &someConfig{}
	get := func() *Instance[*sharedReceiver] {
		instance, err := instances.Get(cfg, func() (*sharedReceiver, error) {
			return &sharedReceiver{startErr: notStarted, ended: notEnded}, nil
		})
		require.NoError(t, err)
		return instance
	}
	metrics, logs := get(), get()
	require.NoError(t, metrics.Start(t.Context(), &pipelineHost{}))
	require.Zero(t, metrics.Receiver.starts, "the exporters of the logs pipeline have not been started")
	require.ErrorIs(t, logs.Start(t.Context(), &pipelineHost{}), notStarted)
	for range 2 {
		require.ErrorIs(t, metrics.Shutdown(t.Context()), notEnded)
	}
	require.Equal(t, 1, metrics.Receiver.starts)
	require.Equal(t, 1, metrics.Receiver.stops)
}

func TestEveryPipelineSeesTheStatus(t *testing.T) {
	var instances Instances[*sharedReceiver]
	cfg := &someConfig{}
	extensions := map[component.ID]component.Component{component.MustNewID("storage"): nil}
	hosts := []*pipelineHost{{extensions: extensions}, {extensions: extensions}}
	var instance *Instance[*sharedReceiver]
	for range hosts {
		var err error
		instance, err = instances.Get(cfg, func() (*sharedReceiver, error) { return &sharedReceiver{}, nil })
		require.NoError(t, err)
	}
	for _, host := range hosts {
		require.NoError(t, instance.Start(t.Context(), host))
	}
	require.Equal(t, extensions, instance.Receiver.host.GetExtensions())
	want := []componentstatus.Status{componentstatus.StatusOK, componentstatus.StatusRecoverableError, componentstatus.StatusOK}
	for _, status := range want {
		componentstatus.ReportStatus(instance.Receiver.host, componentstatus.NewEvent(status))
	}
	for _, host := range hosts {
		require.Equal(t, want, host.reported)
	}
}
