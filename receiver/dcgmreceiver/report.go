// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// count counts a failure under its kind.
func (r *gpuReceiver) count(err error) {
	if f := (*failure)(nil); errors.As(err, &f) {
		r.self.IncError(f.kind)
	}
}

// reportPush says how a push went.
func (r *gpuReceiver) reportPush(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil: // Shutdown cancelled it, which is nobody's failure.
	case err == nil:
		r.self.IncEmissions(1)
	default:
		r.count(err)
	}
}

// reportTick says how a collection and its push went.
func (r *gpuReceiver) reportTick(ctx context.Context, c collection, pushErr error) {
	r.reportPush(ctx, pushErr)
	if pushErr == nil && c.err == nil {
		r.self.MarkActivity()
	}
	r.reportCardinality(c.over)
	if !permanent(c.err) {
		r.setTrouble(errors.Join(c.err, c.missing, pushErr))
	}
}

// errNoGPU is the trouble of a host engine that answers and has nothing to tell.
var errNoGPU = errors.New("host engine has no GPU, waiting for one: see whether the NVIDIA driver is loaded and what nvidia-smi lists")

// missing returns an error that says of a host engine that answers what it lacks: groups, the configured devices that
// it names, or any GPU at all.
func (r *gpuReceiver) missing() error {
	switch {
	case r.linkErr != nil:
		return nil
	case r.collector.noGroup != nil:
		return r.collector.noGroup
	case len(r.collector.absent) > 0:
		return fail(selftelemetry.KindEnumerate, fmt.Errorf(`"devices": not present, waited for: %s`, strings.Join(r.collector.absent, ", ")))
	case len(r.collector.all) == 0:
		return fail(selftelemetry.KindEnumerate, errNoGPU)
	default:
		return nil
	}
}

func (r *gpuReceiver) reportCardinality(over int) {
	if over > 0 {
		r.self.IncError(selftelemetry.KindCardinality)
	}
	if over > 0 && !r.overSaid {
		r.logger.Warn(`more series than "max_series" allows, the rest is left out`, zap.Int("max_series", r.cfg.MaxSeries), zap.Int("left_out", over))
	}
	r.overSaid = over > 0
}

// reportPermanent says what no retry can mend. The receiver then emits dcgm.up alone.
func (r *gpuReceiver) reportPermanent(err error) {
	r.linkErr = err
	r.self.IncError(selftelemetry.KindInit)
	r.self.SetDegraded(true)
	r.logger.Error("DCGM receiver cannot work", zap.Error(err))
	componentstatus.ReportStatus(r.host, componentstatus.NewPermanentErrorEvent(err))
}

// trouble is what is wrong, as far as that is one thing to an operator.
type trouble struct {
	what   string // "" if nothing is
	reason string
}

// noAnswer is the trouble of a connection that is gone, cannot be made, or hangs.
const noAnswer = "DCGM does not answer"

func troubleOf(err error) trouble {
	f := (*failure)(nil)
	switch {
	case err == nil:
		return trouble{}
	case errors.Is(err, dcgm.ErrHung): // The text tells each time for how long.
		return trouble{noAnswer, dcgm.ErrHung.Error()}
	case errors.Is(err, dcgm.ErrDisconnected), errors.As(err, &f) && f.kind == selftelemetry.KindConnect:
		return trouble{noAnswer, err.Error()}
	default:
		return trouble{err.Error(), err.Error()}
	}
}

// setTrouble tells log, self-telemetry and component status when trouble begins, turns into
// another one or ends, and nothing in between. Another reason for the same trouble is logged.
func (r *gpuReceiver) setTrouble(err error) {
	r.troubles.Lock()
	defer r.troubles.Unlock()
	before := r.trouble
	r.trouble = troubleOf(err)
	switch {
	case r.trouble == before:
	case r.trouble.what == before.what:
		r.logger.Info("DCGM receiver is still degraded", zap.Stringer("endpoint", r.endpoint), zap.Error(err))
	case err == nil:
		r.self.SetDegraded(false)
		r.logger.Info("DCGM receiver has recovered")
		componentstatus.ReportStatus(r.host, componentstatus.NewEvent(componentstatus.StatusOK))
	default:
		r.self.SetDegraded(true)
		r.logger.Warn("DCGM receiver is degraded", zap.Stringer("endpoint", r.endpoint), zap.Error(err))
		componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(err))
	}
}
