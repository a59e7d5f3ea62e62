// SPDX-License-Identifier: Apache-2.0

//go:build linux && cgo

package dcgmreceiver

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/simtest"
)

func init() { simtest.Exec() }

// simulation runs a receiver on a simulated node, both on the test's own clock.
type simulation struct {
	*rig
	sim    *simtest.Sim
	origin time.Time
}

// A test reads the receiver's own fields as its last step: a sleep does not order a read before a later write of the receiver.

// simulate starts scenario and a receiver that collects at 0 s, 10 s, 20 s and so on, and
// calls test after the first collection.
func simulate(t *testing.T, scenario string, change func(*Config), test func(s *simulation)) {
	t.Helper()
	simulateWith(t, scenario, change, nil, test)
}

// simulateWith changes the receiver before it starts.
func simulateWith(t *testing.T, scenario string, change func(*Config), prepare func(*rig), test func(s *simulation)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sim := simtest.StartAt(t, scenario, time.Now())
		cfg := createDefaultConfig().(*Config)
		cfg.CollectionInterval, cfg.InitialDelay = 10*time.Second, 0
		if change != nil {
			change(cfg)
		}
		s := &simulation{rig: newRig(t, cfg, nil), sim: sim, origin: time.Now()}
		if prepare != nil {
			prepare(s.rig)
		}
		s.start()
		defer s.stop()
		s.settle()
		test(s)
	})
}

// settle waits until the receiver has nothing more to do at this instant.
func (s *simulation) settle() {
	time.Sleep(time.Millisecond)
	synctest.Wait()
}

// pass lets time go by, on the node a little earlier than in the receiver.
func (s *simulation) pass(d time.Duration) {
	for ; d > 0; d -= interval {
		step := min(d, interval)
		s.sim.Advance(step)
		time.Sleep(step)
		synctest.Wait()
	}
}

// node is the time on the node.
func (s *simulation) node() time.Time { return s.sim.Now() }

func (s *simulation) now() seriesText { return s.last(s.origin) }
