// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// How long a call that hung is not made: twice as long after each time in a row.
const (
	firstRest = 5 * time.Minute
	lastRest  = time.Hour
)

// errResting is why a call is not made.
var errResting = errors.New("is not made for a while, because it has not returned in time")

// extras makes the calls that the values of GPUs do not need. One that hangs costs the connection, and every value with it,
// so that it is not made on the next connections: what needs it is absent, and the values of GPUs are there.
type extras struct {
	dcgm.Source // nil while disconnected

	logger *zap.Logger
	rests  map[string]rest // by call
}

// rest is a pause in which a call is not made.
type rest struct {
	until time.Time
	pause time.Duration
}

func newExtras(logger *zap.Logger) *extras {
	return &extras{logger: logger, rests: map[string]rest{}}
}

// extra makes a call unless it rests.
func extra[T any](e *extras, call string, do func() (T, error)) (T, error) {
	if time.Now().Before(e.rests[call].until) {
		var none T
		return none, fmt.Errorf("%s %w", call, errResting)
	}
	got, err := do()
	e.note(call, err)
	return got, err
}

// note has a call rest that hangs. Any that waits for the call of another receiver does not.
func (e *extras) note(call string, err error) {
	was, rested := e.rests[call]
	switch {
	case errors.Is(err, dcgm.ErrUnreturned):
		pause := min(max(firstRest, 2*was.pause), lastRest)
		e.rests[call] = rest{time.Now().Add(pause), pause}
		e.logger.Warn("DCGM call does not return in time, what needs it is absent until it does", zap.String("call", call), zap.Duration("retry", pause))
	case err == nil && rested:
		delete(e.rests, call)
		e.logger.Info("DCGM call returns in time again", zap.String("call", call))
	}
}

// Links implements [dcgm.Lister].
func (e *extras) Links(ctx context.Context) (map[dcgm.Entity][]dcgm.LinkState, error) {
	return extra(e, "states of NVLinks", func() (map[dcgm.Entity][]dcgm.LinkState, error) { return e.Source.Links(ctx) })
}

// Peers implements [dcgm.Lister].
func (e *extras) Peers(ctx context.Context) ([][]dcgm.PeerState, error) {
	return extra(e, "states of peers", func() ([][]dcgm.PeerState, error) { return e.Source.Peers(ctx) })
}

// Processors implements [dcgm.Lister].
func (e *extras) Processors(ctx context.Context) ([]dcgm.Processor, error) {
	return extra(e, "list of CPUs", func() ([]dcgm.Processor, error) { return e.Source.Processors(ctx) })
}

// Hierarchy implements [dcgm.Lister].
func (e *extras) Hierarchy(ctx context.Context) ([]dcgm.Instance, error) {
	return extra(e, "list of MIG instances", func() ([]dcgm.Instance, error) { return e.Source.Hierarchy(ctx) })
}

// ProfilingFields implements [dcgm.Lister].
func (e *extras) ProfilingFields(ctx context.Context, gpu dcgm.Entity) ([]dcgm.FieldID, error) {
	return extra(e, "list of profiling fields", func() ([]dcgm.FieldID, error) { return e.Source.ProfilingFields(ctx, gpu) })
}

// Usage implements [dcgm.Lister].
func (e *extras) Usage(ctx context.Context) (dcgm.Usage, error) {
	return extra(e, "use of resources", func() (dcgm.Usage, error) { return e.Source.Usage(ctx) })
}

// WatchHealth implements [dcgm.Health].
func (e *extras) WatchHealth(ctx context.Context, group *dcgm.Group, systems dcgm.HealthSystems) error {
	_, err := extra(e, "watch of health", func() (struct{}, error) { return struct{}{}, e.Source.WatchHealth(ctx, group, systems) })
	return err
}

// CheckHealth implements [dcgm.Health].
func (e *extras) CheckHealth(ctx context.Context, group *dcgm.Group) ([]dcgm.Incident, error) {
	return extra(e, "check of health", func() ([]dcgm.Incident, error) { return e.Source.CheckHealth(ctx, group) })
}
