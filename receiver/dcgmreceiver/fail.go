// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"errors"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// kindWatch is an error kind of this receiver's own: the host engine refused a group or a watch.
const kindWatch selftelemetry.Kind = "watch"

// kindStorage is another one: the storage extension did not take or give the journal of events.
const kindStorage selftelemetry.Kind = "storage"

// failure is an error with the kind that self-telemetry counts it under.
type failure struct {
	kind selftelemetry.Kind
	err  error
}

func fail(kind selftelemetry.Kind, err error) error {
	if errors.Is(err, dcgm.ErrPanic) {
		kind = selftelemetry.KindPanic
	}
	return &failure{kind, err}
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// lost tells an error of the whole connection from one of a single GPU or field.
func lost(err error) bool {
	return errors.Is(err, dcgm.ErrDisconnected) || errors.Is(err, dcgm.ErrHung) || errors.Is(err, dcgm.ErrPanic)
}
