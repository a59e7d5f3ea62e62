// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// gather is how long after the first event of many the directory is read, and again while a file is being written.
const gather = 100 * time.Millisecond

// Watcher says when a directory may have changed.
type Watcher struct {
	directory string
	watcher   *fsnotify.Watcher // nil where the system has no more of them
	watched   fs.FileInfo       // the directory, nil while it is not watched
}

// NewWatcher returns a watcher of a directory, which need not exist yet. It works with an error, too: then a
// change is seen at the next look.
func NewWatcher(directory string) (*Watcher, error) {
	directory = filepath.Clean(directory) // Events have names of that form.
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return &Watcher{directory: directory}, fmt.Errorf("watch job directory: %w", err)
	}
	return &Watcher{directory: directory, watcher: watcher}, nil
}

// Close ends the watching.
func (w *Watcher) Close() error {
	if w.watcher == nil {
		return nil
	}
	return w.watcher.Close()
}

// Arm watches the directory, if it exists and is not watched, or is another one than before. Call it before a reading, so that no change is missed.
func (w *Watcher) Arm() {
	if w.watcher == nil {
		return
	}
	info, err := os.Stat(w.directory)
	if w.watched != nil && (err != nil || !os.SameFile(w.watched, info)) {
		w.rearm()
	}
	if w.watched == nil && err == nil && w.watcher.Add(w.directory) == nil {
		w.watched = info
	}
}

// Wait returns at a change, gathered with those right after it, after the longest time, or when ctx ends. With
// unsettled it looks again soon. An overflow of events is a change.
func (w *Watcher) Wait(ctx context.Context, longest time.Duration, unsettled bool) {
	if unsettled {
		longest = gather
	}
	timer := time.NewTimer(longest)
	defer timer.Stop()
	if w.watcher == nil {
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
		w.rearm()
		return
	case event := <-w.watcher.Events:
		w.note(event)
	case err := <-w.watcher.Errors:
		w.lost(err)
	}
	w.drain(ctx)
}

// rearm watches the directory again now and then: what was mounted over it gives no event.
func (w *Watcher) rearm() {
	if w.watched != nil {
		_ = w.watcher.Remove(w.directory) // It may be gone.
		w.watched = nil
	}
}

func (w *Watcher) note(event fsnotify.Event) {
	if event.Name == w.directory && event.Has(fsnotify.Remove|fsnotify.Rename) {
		w.rearm()
	}
}

// lost reads the directory again: after an error, events may be missing.
func (w *Watcher) lost(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.rearm()
	}
}

// drain takes what comes within a moment.
func (w *Watcher) drain(ctx context.Context) {
	timer := time.NewTimer(gather)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case event := <-w.watcher.Events:
			w.note(event)
		case err := <-w.watcher.Errors:
			w.lost(err)
		}
	}
}
