// SPDX-License-Identifier: Apache-2.0

package dcgmreceiver

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/internal/dcgmrecording"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

const (
	// dumpQueue is how many answers wait for the disk. One that is slower than the host engine ends the dump.
	dumpQueue = 64
	// dumpGrace is how long a stop waits for the disk.
	dumpGrace = time.Second
)

var errSlowDisk = errors.New("disk is too slow")

// dump records what the host engine answers into a file. Its own goroutine writes, so that no collection waits for a disk. A nil
// dump records nothing.
type dump struct {
	recorder *dcgm.Recorder
	done     chan struct{} // closed once nothing is written any more

	mu     sync.Mutex
	lines  chan []byte // nil once it is closed
	failed error       // why the file is not written
}

func startDump(cfg DumpConfig, logger *zap.Logger) *dump {
	if cfg.Path == "" {
		return nil
	}
	const mebi = 1 << 20
	lines := make(chan []byte, dumpQueue)
	d := &dump{done: make(chan struct{}), lines: lines}
	d.recorder = dcgm.NewRecorder(d, dcgm.RecordOptions{
		MaxBytes: int64(cfg.MaxSizeMiB) * mebi, Duration: cfg.Duration, Redact: cfg.Redact,
		Ended: func(err error) { dumpEnded(logger.With(zap.String("path", cfg.Path)), err) },
	})
	go d.write(cfg.Path, lines)
	return d
}

// dumpEnded is called once at most.
func dumpEnded(logger *zap.Logger, err error) {
	switch {
	case err == nil:
		logger.Info("dump of DCGM's answers is complete")
	case errors.Is(err, dcgmrecording.ErrFull):
		logger.Info("dump of DCGM's answers has reached its size", zap.String("key", "dump::max_size_mib"))
	default:
		logger.Warn("dump of DCGM's answers ends early; collection goes on", zap.Error(err))
	}
}

// of returns a session whose connections are recorded.
func (d *dump) of(session dcgm.Session) dcgm.Session {
	if d == nil {
		return session
	}
	return d.recorder.Session(session)
}

// Write implements [io.Writer]. It waits for nothing.
func (d *dump) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.failed != nil:
		return 0, d.failed
	case d.lines == nil:
		return len(p), nil
	}
	select {
	case d.lines <- bytes.Clone(p):
		return len(p), nil
	default:
		return 0, errSlowDisk
	}
}

// close ends the dump and waits a little for what is still to be written.
func (d *dump) close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	if d.lines != nil {
		close(d.lines)
		d.lines = nil
	}
	d.mu.Unlock()
	select {
	case <-d.done:
	case <-time.After(dumpGrace):
	}
}

// write writes lines until there are no more, or until that fails.
func (d *dump) write(path string, lines <-chan []byte) {
	defer close(d.done)
	if err := writeAll(path, lines); err != nil {
		d.mu.Lock()
		d.failed = err
		d.mu.Unlock()
	}
}

func writeAll(path string, lines <-chan []byte) (err error) {
	file, err := createDump(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for text := range lines {
		if _, err := file.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// createDump makes a file that its owner alone can read, and follows no link. One that is there is kept beside it.
func createDump(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	default:
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}
