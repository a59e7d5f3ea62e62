// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// pushingFor returns a loop of the Collector with a push under way.
func pushingFor(t *testing.T, collector pcommon.Resource, consume func(context.Context) error) *rig {
	t.Helper()
	r := newRigOf(t, collector, Settings{})
	next := consumeWith(t, consume)
	r.Go(func(context.Context) { _ = r.PushMetrics(next, onePoint()) })
	return r
}

// shutdownTakes returns how long the loops take that are shut down one after the other, as a Collector does.
func shutdownTakes(t *testing.T, loops ...*rig) time.Duration {
	t.Helper()
	synctest.Wait()
	asked := time.Now()
	for _, r := range loops {
		require.NoError(t, r.Shutdown(t.Context()))
	}
	return time.Since(asked)
}

func TestGracesOfACollectorsReceiversDoNotAddUp(t *testing.T) {
	for name, tt := range map[string]struct {
		consume  []func(context.Context) error
		takes    time.Duration
		accepted []int64
	}{
		"all are stuck":             {[]func(context.Context) error{untilCancelled, untilCancelled, untilCancelled}, PushGrace, []int64{0, 0, 0}},
		"all are slow":              {[]func(context.Context) error{takes(3 * time.Second), takes(4 * time.Second)}, 4 * time.Second, []int64{1, 1}},
		"a slow one before a stuck": {[]func(context.Context) error{takes(3 * time.Second), untilCancelled}, PushGrace, []int64{1, 0}},
		"a stuck one before a slow": {[]func(context.Context) error{untilCancelled, takes(4 * time.Second)}, PushGrace, []int64{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				collector := pcommon.NewResource()
				var loops []*rig
				for _, consume := range tt.consume {
					loops = append(loops, pushingFor(t, collector, consume))
				}
				require.Equal(t, tt.takes, shutdownTakes(t, loops...))
				for i, r := range loops {
					require.Equal(t, tt.accepted[i], r.self.Report().Emissions)
				}
			})
		})
	}
}

func TestEveryStopHasAGraceOfItsOwn(t *testing.T) {
	slow := takes(PushGrace - time.Second)
	for name, tt := range map[string]struct {
		sameCollector bool
		pause         time.Duration
	}{
		"another Collector of the process, or the same after a reload": {},
		"a receiver that is stopped later by itself":                   {sameCollector: true, pause: stopSpan},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				first := pcommon.NewResource()
				second := pcommon.NewResource()
				if tt.sameCollector {
					second = first
				}
				require.Equal(t, PushGrace, shutdownTakes(t, pushingFor(t, first, untilCancelled)))
				time.Sleep(tt.pause)
				r := pushingFor(t, second, slow)
				require.Equal(t, PushGrace-time.Second, shutdownTakes(t, r))
				require.EqualValues(t, 1, r.self.Report().Emissions)
			})
		})
	}
}

func TestCollectorsThatStopAtOnceShareNoGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := make(chan time.Duration, 2)
		stuck := pushingFor(t, pcommon.NewResource(), untilCancelled)
		later := pushingFor(t, pcommon.NewResource(), untilCancelled)
		synctest.Wait()
		for i, r := range []*rig{stuck, later} {
			go func() {
				time.Sleep(time.Duration(i) * time.Second)
				asked := time.Now()
				_ = r.Shutdown(context.Background())
				took <- time.Since(asked)
			}()
		}
		require.Equal(t, PushGrace, <-took)
		require.Equal(t, PushGrace, <-took)
	})
}
