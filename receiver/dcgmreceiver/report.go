// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/receiverloop"
	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// count counts a failure under its kind.
func (r *output) count(err error) {
	if f := (*failure)(nil); errors.As(err, &f) {
		r.loop.Self.IncError(f.kind)
	}
}

// errNoGPU is the error of a host engine that answers and has no GPU.
var errNoGPU = errors.New("host engine has no GPU, waiting for one: see whether the NVIDIA driver is loaded and what nvidia-smi lists")

// missing returns an error that says of a host engine that answers what it lacks: groups, the configured devices that
// it names, or any GPU at all.
func (r *connection) missing() error {
	switch {
	case r.linkErr != nil:
		return nil
	case r.collector.unreadable() != nil:
		return r.collector.unreadable()
	case r.collector.noGroup != nil:
		return r.collector.noGroup
	case r.collector.xids.unsaved != nil:
		return r.collector.xids.unsaved
	case len(r.collector.node.Missing()) > 0:
		return fail(selftelemetry.KindEnumerate, fmt.Errorf(`"devices": not present, waited for: %s`, strings.Join(r.collector.node.Missing(), ", ")))
	case len(r.collector.all) == 0:
		return fail(selftelemetry.KindEnumerate, errNoGPU)
	default:
		return nil
	}
}

func (r *gpuReceiver) reportCardinality(over int) {
	if over > 0 {
		r.loop.Self.IncError(selftelemetry.KindCardinality)
	}
	if over > 0 && !r.overSaid {
		r.logger.Warn(`more series than "max_series" allows, the rest is left out`, zap.Int("max_series", r.cfg.MaxSeries), zap.Int("left_out", over))
	}
	r.overSaid = over > 0
}

// reportPermanent says what no retry can fix. The receiver then emits dcgm.up alone. A build without DCGM may be meant, as
// where one configuration serves nodes with GPUs and others.
func (r *connection) reportPermanent(err error) {
	r.linkErr = err
	r.loop.Self.IncError(selftelemetry.KindInit)
	if errors.Is(err, dcgm.ErrUnavailable) && r.cfg.WhenUnavailable == whenUnavailableReady {
		r.loop.Report(err)
		return
	}
	r.loop.ReportPermanent(err)
}

func newLoop(set receiver.Settings, endpoint dcgm.Endpoint) (*receiverloop.Loop, error) {
	set.Logger = set.Logger.With(zap.Stringer("endpoint", endpoint))
	return receiverloop.New(set, receiverloop.Settings{Name: "DCGM receiver", Identify: problemOf, Cleanup: releaseGrace}, kindWatch, kindStorage)
}

// noAnswer is the problem of a connection that is gone, cannot be made, or hangs.
const noAnswer = "DCGM does not answer"

// problemOf tells what is wrong as far as that is one problem to an operator, and its reason.
func problemOf(err error) (problem, reason string) {
	f := (*failure)(nil)
	switch {
	case errors.Is(err, dcgm.ErrHung): // The text says each time for how long.
		return noAnswer, dcgm.ErrHung.Error()
	case errors.Is(err, dcgm.ErrDisconnected), errors.As(err, &f) && f.kind == selftelemetry.KindConnect:
		return noAnswer, err.Error()
	default:
		return err.Error(), err.Error()
	}
}
