// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// sleeper answers once, and would wait for an hour.
type sleeper struct{ asked []time.Time }

func (*sleeper) open() (func(), error) { return func() {}, nil }

func (s *sleeper) ask(context.Context) reply {
	if s.asked = append(s.asked, time.Now()); len(s.asked) > 1 {
		return reply{err: errors.New("out of order")}
	}
	return reply{answer: &holders.Answer{At: time.Now()}}
}

func (*sleeper) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	<-ctx.Done()
}

func TestMaxAgeIsKeptWhereSourcesAreAskedMoreRarely(t *testing.T) {
	r := newRig(t, reads(t.TempDir()))
	synctest.Test(t, func(t *testing.T) {
		asker := &sleeper{}
		s := &source{name: sourceJobs, asker: asker, maxAge: time.Minute}
		ctx, cancel := context.WithCancel(t.Context())
		go s.run(ctx, r.shared())
		time.Sleep(2 * time.Hour)
		cancel()
		synctest.Wait()
		require.Equal(t, time.Minute, asker.asked[1].Sub(asker.asked[0]))
		require.LessOrEqual(t, len(asker.asked), 4)
	})
}

func TestAnAnswerOfWhichAPartIsMissingIsNoYounger(t *testing.T) {
	s := &source{}
	s.note(reply{answer: &holders.Answer{}}, at(10), 0)
	s.note(reply{answer: &holders.Answer{}, partial: errors.New("503")}, at(20), 0)
	require.Equal(t, at(10), s.whole)
	require.Equal(t, at(20), s.last, "and yet is an answer")
}
