// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

// steps is a simulation in which the test makes the collections itself, so that it may change
// the receiver between two of them.
type steps struct {
	*simulation
}

// stepwise is simulate for answers that the simulated node does not give: wrap puts them
// between the node and the receiver.
func stepwise(t *testing.T, scenario string, wrap func(dcgm.Source) dcgm.Source, test func(s *steps)) {
	t.Helper()
	stepwiseWith(t, scenario, func(*Config) {}, wrap, test)
}

func stepwiseWith(t *testing.T, scenario string, change func(*Config), wrap func(dcgm.Source) dcgm.Source, test func(s *steps)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, scenario, time.Now())
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval = interval
		change(cfg)
		s := &steps{&simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}}
		require.NoError(t, s.openJournal(t.Context(), s.host))
		s.loop.Start(s.host)
		s.started = time.Now()
		require.NoError(t, s.open())
		defer s.hangUp()
		s.session = wrappedSession{s.session, wrap}
		s.connect(t.Context())
		require.NoError(t, s.linkErr)
		s.collectOnce(t.Context())
		test(s)
	})
}

func (s *steps) pass(d time.Duration) {
	s.sim.Advance(d)
	time.Sleep(d)
	s.collectOnce(s.t.Context())
}

type wrappedSession struct {
	dcgm.Session
	wrap func(dcgm.Source) dcgm.Source
}

func (w wrappedSession) Connect(ctx context.Context) (dcgm.Source, error) {
	src, err := w.Session.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return w.wrap(src), nil
}
