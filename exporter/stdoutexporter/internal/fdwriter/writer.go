// SPDX-License-Identifier: Apache-2.0

package fdwriter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

var (
	// ErrBrokenPipe says that nobody reads the descriptor any more. Once seen, a Writer writes no more.
	ErrBrokenPipe = errors.New("broken pipe")

	errClosed = errors.New("writer is closed")
)

// maxKept is the largest buffer that is kept for the next line.
const maxKept = 1 << 20

// Writer writes to one file descriptor. It is safe for concurrent use.
type Writer struct {
	fd   int
	file descriptor
	// prompt says that no write waits for a reader, so that there is no need for a goroutine that a caller could leave behind.
	prompt bool

	// turn holds the line buffer while nobody encodes or writes: whoever takes it is the one writer.
	turn chan []byte
	// torn says to the holder of the turn that the last write ended within a line.
	torn bool

	broken  atomic.Bool
	claimed atomic.Bool

	// users counts the callers of Open who have not closed yet, and refs these and the writes under way. Both are guarded by registry.
	users, refs int
	// abandoned is closed when the last user leaves.
	abandoned chan struct{}
}

// registry holds the open writer of each descriptor.
var registry = struct {
	sync.Mutex
	writers map[int]*Writer
}{writers: map[int]*Writer{}}

// Open returns the process-wide writer of fd. Every call needs one Close.
func Open(fd int) (*Writer, error) {
	registry.Lock()
	defer registry.Unlock()
	w := registry.writers[fd]
	if w == nil {
		file, err := duplicate(fd)
		if err != nil {
			return nil, fmt.Errorf("duplicate file descriptor %d: %w", fd, err)
		}
		w = &Writer{fd: fd, file: file, prompt: file.prompt(), turn: make(chan []byte, 1)}
		w.turn <- nil
		registry.writers[fd] = w
	}
	if w.users == 0 {
		w.abandoned = make(chan struct{})
	}
	w.users++
	w.refs++
	return w, nil
}

// Close gives the writer up. A write that is stuck in the kernel keeps the descriptor and the turn until it ends.
func (w *Writer) Close() {
	registry.Lock()
	w.users--
	if w.users == 0 {
		close(w.abandoned)
	}
	registry.Unlock()
	w.release()
}

// Drain waits until no write is under way, also none that its caller has left. It reports false if ctx ends first.
func (w *Writer) Drain(ctx context.Context) bool {
	select {
	case buffer := <-w.turn:
		w.yield(buffer)
		return true
	case <-ctx.Done():
		return false
	}
}

// retain keeps the descriptor open for one write and returns the channel that is closed when all users left meanwhile.
func (w *Writer) retain() (<-chan struct{}, bool) {
	registry.Lock()
	defer registry.Unlock()
	if w.users == 0 {
		return nil, false
	}
	w.refs++
	return w.abandoned, true
}

func (w *Writer) release() {
	registry.Lock()
	defer registry.Unlock()
	w.refs--
	if w.refs == 0 {
		delete(registry.writers, w.fd)
		w.file.close()
	}
}

// ClaimStop returns true to exactly one caller. Whoever stops the process because of a broken pipe must do so only once: the Collector
// listens for one fatal error and a second report would block for ever.
func (w *Writer) ClaimStop() bool {
	return w.claimed.CompareAndSwap(false, true)
}

// Write waits for its turn, lets encode append whole lines to the empty buffer it is given, and writes them with one write(2). If encode
// appends nothing, nothing is written. While it waits no memory is held but the caller's own.
//
// When ctx ends before the turn comes, nothing is written. When it ends during the write, Write returns but the lines still go out as
// soon as they can.
func (w *Writer) Write(ctx context.Context, encode func([]byte) []byte) error {
	var buffer []byte
	select {
	case buffer = <-w.turn:
	case <-ctx.Done():
		return fmt.Errorf("wait for the previous write: %w", context.Cause(ctx))
	}
	if err := ctx.Err(); err != nil {
		w.yield(buffer)
		return context.Cause(ctx)
	}
	if w.broken.Load() {
		w.yield(buffer)
		return ErrBrokenPipe
	}
	lines := w.encode(buffer, encode)
	if len(lines) == 0 {
		w.yield(lines)
		return nil
	}
	return w.await(ctx, lines)
}

// encode fills the buffer. If the last write ended within a line, it starts with a line break, so that the damage stays in that line.
func (w *Writer) encode(buffer []byte, encode func([]byte) []byte) []byte {
	done := false
	defer func() {
		if !done {
			w.yield(nil)
		}
	}()
	if w.torn {
		buffer = append(buffer, '\n')
	}
	lines := encode(buffer)
	done = true
	if len(lines) == len(buffer) {
		return lines[:0]
	}
	return lines
}

// yield passes the turn on.
func (w *Writer) yield(buffer []byte) {
	if cap(buffer) > maxKept {
		buffer = nil
	}
	w.turn <- buffer[:0]
}

// await writes lines and waits for the end of the write or of ctx.
func (w *Writer) await(ctx context.Context, lines []byte) error {
	abandoned, open := w.retain()
	if !open {
		w.yield(lines)
		return errClosed
	}
	if w.prompt {
		return w.finish(lines, abandoned)
	}
	result := make(chan error, 1)
	go func() { result <- w.finish(lines, abandoned) }()
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("wait for the reader: %w", context.Cause(ctx))
	}
}

// finish writes lines and passes the turn on.
func (w *Writer) finish(lines []byte, abandoned <-chan struct{}) error {
	err := w.write(lines, abandoned)
	w.yield(lines)
	w.release()
	return err
}

func (w *Writer) write(lines []byte, abandoned <-chan struct{}) error {
	n, err := w.file.write(lines, abandoned)
	if n > 0 {
		w.torn = lines[n-1] != '\n'
	}
	if errors.Is(err, ErrBrokenPipe) {
		w.broken.Store(true)
	}
	return err
}
