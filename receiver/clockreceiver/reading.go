// SPDX-License-Identifier: Apache-2.0

package clockreceiver

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/hostclock"
	"github.com/tracecoreai/tracecore/receiver/clockreceiver/internal/metadata"
)

// instant is one moment on both of the host's clocks.
type instant struct {
	wall time.Time // without a monotonic reading
	mono time.Time // only differences mean something
}

func now() instant {
	t := time.Now()
	return instant{wall: t.Round(0), mono: t}
}

// wallStep returns how much further the wall clock went than the monotonic clock.
func wallStep(from, to instant) time.Duration {
	return to.wall.Sub(from.wall) - to.mono.Sub(from.mono)
}

// reading is all that one tick knows. What could not be read is nil or empty.
type reading struct {
	at         instant
	lateness   time.Duration
	step       *time.Duration // since the last delivered tick
	ticks      int64
	missed     int64
	discipline *hostclock.Discipline
	phcs       []hostclock.PHC
}

func (r *reading) record(mb *metadata.MetricsBuilder) {
	ts := pcommon.NewTimestampFromTime(r.at.wall)
	mb.RecordClockTicksDataPoint(ts, r.ticks)
	mb.RecordClockTickMissedDataPoint(ts, r.missed)
	mb.RecordClockTickLatenessDataPoint(ts, r.lateness.Seconds())
	mb.RecordClockTimeDataPoint(ts, float64(r.at.wall.UnixNano())/float64(time.Second))
	if r.step != nil {
		mb.RecordClockWallStepDataPoint(ts, r.step.Seconds())
	}
	if r.discipline != nil {
		recordDiscipline(mb, ts, r.discipline)
	}
	for _, phc := range r.phcs {
		mb.RecordClockPhcOffsetDataPoint(ts, phc.Offset.Seconds(), phc.Device)
	}
}

func recordDiscipline(mb *metadata.MetricsBuilder, ts pcommon.Timestamp, d *hostclock.Discipline) {
	mb.RecordClockOffsetDataPoint(ts, d.Offset.Seconds())
	mb.RecordClockErrorEstimatedDataPoint(ts, d.ErrorEstimated.Seconds())
	mb.RecordClockErrorMaxDataPoint(ts, d.ErrorMax.Seconds())
	mb.RecordClockFrequencyOffsetDataPoint(ts, d.FrequencyOffset)
	mb.RecordClockSynchronizedDataPoint(ts, boolToInt(d.Synchronized))
	if d.TAIOffset != 0 {
		mb.RecordClockTaiOffsetDataPoint(ts, d.TAIOffset.Seconds())
	}
}

func boolToInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// kernel is where a tick reads the host's clocks. What no enabled metric needs is nil.
type kernel struct {
	now        func() instant
	discipline func() (hostclock.Discipline, error)
	phcs       func() ([]hostclock.PHC, error)
}

func newKernel(metrics metadata.MetricsConfig) kernel {
	k := kernel{now: now}
	if slices.Contains([]bool{
		metrics.ClockOffset.Enabled,
		metrics.ClockErrorEstimated.Enabled,
		metrics.ClockErrorMax.Enabled,
		metrics.ClockFrequencyOffset.Enabled,
		metrics.ClockSynchronized.Enabled,
		metrics.ClockTaiOffset.Enabled,
	}, true) {
		k.discipline = hostclock.ReadDiscipline
	}
	if metrics.ClockPhcOffset.Enabled {
		k.phcs = func() ([]hostclock.PHC, error) { return hostclock.ReadPHCs("/dev/ptp*") }
	}
	return k
}

// read fills in what the kernel gives and returns what it refused.
func (k kernel) read(r *reading) error {
	var errs []error
	if k.discipline != nil {
		d, err := k.discipline()
		if err == nil {
			r.discipline = &d
		}
		errs = append(errs, err)
	}
	if k.phcs != nil {
		phcs, err := k.phcs()
		r.phcs = phcs
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// unavailable distinguishes a host that does not offer a clock, or not to this user, from a clock
// that broke: true if every error joined in err is of the first sort.
func unavailable(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(part error) bool { return !unavailable(part) })
	}
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission)
}
