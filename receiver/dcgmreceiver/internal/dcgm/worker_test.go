// SPDX-License-Identifier: Apache-2.0

package dcgm

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const callTimeout = 10 * time.Second

// blocked returns a call that comes back when release is closed.
func blocked() (call func() (int, error), release chan struct{}) {
	release = make(chan struct{})
	return func() (int, error) {
		<-release
		return 7, nil
	}, release
}

func seven() (int, error) { return 7, nil }

func nothing() {}

func TestWorkerReturnsWhatCallsReturn(t *testing.T) {
	w := newWorker()
	defer w.stop()
	got, err := do(t.Context(), w, "count", callTimeout, seven, nothing)
	require.NoError(t, err)
	require.Equal(t, 7, got)

	broken := errors.New("broken")
	_, err = do(t.Context(), w, "count", callTimeout, func() (int, error) { return 0, broken }, nothing)
	require.ErrorIs(t, err, broken)

	_, err = do(t.Context(), w, "count", callTimeout, func() (int, error) { panic("boom") }, nothing)
	require.ErrorIs(t, err, ErrPanic)
	require.ErrorContains(t, err, "boom")
}

func TestHungCallIsNoticedAndNothingIsStackedBehindIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker()
		defer w.stop()
		call, release := blocked()
		late := false
		begin := time.Now()
		_, err := do(t.Context(), w, "read values", callTimeout, call, func() { late = true })
		require.ErrorIs(t, err, ErrHung)
		require.ErrorContains(t, err, "read values has not returned within 10s")
		require.Equal(t, callTimeout, time.Since(begin))

		time.Sleep(time.Minute)
		begin = time.Now()
		ran := false
		_, err = do(t.Context(), w, "list GPUs", callTimeout, func() (int, error) { ran = true; return 0, nil }, nothing)
		require.ErrorIs(t, err, ErrHung)
		require.ErrorContains(t, err, "read values has not returned for 1m10s")
		require.Zero(t, time.Since(begin), "refused at once")

		close(release)
		synctest.Wait()
		require.False(t, ran)
		require.True(t, late, "told that nobody waits any more")
		got, err := do(t.Context(), w, "list GPUs", callTimeout, seven, nothing)
		require.NoError(t, err)
		require.Equal(t, 7, got)
	})
}

func TestCallWaitsForTheOneBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker()
		defer w.stop()
		call, release := blocked()
		first := make(chan error, 1)
		go func() {
			_, err := do(context.Background(), w, "first", callTimeout, call, nothing)
			first <- err
		}()
		synctest.Wait()
		_, err := do(t.Context(), w, "second", time.Second, seven, nothing)
		require.ErrorIs(t, err, ErrHung)
		require.ErrorContains(t, err, "second has waited 1s for the call before it")
		close(release)
		require.NoError(t, <-first)
	})
}

func TestCancelledCallIsWaitedForALittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorker()
		defer w.stop()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got, err := do(ctx, w, "release a group", callTimeout, func() (int, error) {
			time.Sleep(cancelGrace / 2)
			return 7, nil
		}, nothing)
		require.NoError(t, err)
		require.Equal(t, 7, got)

		call, release := blocked()
		begin := time.Now()
		_, err = do(ctx, w, "release a group", callTimeout, call, nothing)
		require.ErrorIs(t, err, ErrHung)
		require.Equal(t, cancelGrace, time.Since(begin))
		close(release)
	})
}
