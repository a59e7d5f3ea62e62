// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"time"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/jobs"
)

// lookAgain is how often the directory is read where no event says that it changed, and lookSooner while it cannot be read.
const (
	lookAgain  = 10 * time.Second
	lookSooner = 5 * time.Second
)

// jobDirectory reads what prologs write.
type jobDirectory struct {
	path      string
	maxAge    time.Duration
	reader    *jobs.Reader
	watcher   *jobs.Watcher
	unsettled bool
	longest   time.Duration
}

func (d *jobDirectory) open() (func(), error) {
	watcher, err := jobs.NewWatcher(d.path)
	d.watcher, d.reader = watcher, jobs.NewReader(d.path, d.maxAge)
	return func() { _ = watcher.Close() }, err // Nothing is lost with it.
}

func (d *jobDirectory) ask(context.Context) reply {
	d.watcher.Arm()
	answer, scan, err := d.reader.Read(time.Now())
	d.unsettled, d.longest = scan.Unsettled, lookAgain
	if err != nil {
		d.longest = lookSooner
	}
	return reply{answer: answer, err: err, bad: scan.Bad, partial: scan.Partial}
}

func (d *jobDirectory) wait(ctx context.Context) {
	d.watcher.Wait(ctx, max(d.longest, lookSooner), d.unsettled)
}
