// SPDX-License-Identifier: Apache-2.0

//go:build unix

package fdwriter

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// descriptor is a duplicate of a descriptor of the process. It shares the file description, whose flags are therefore left alone: making
// it non-blocking would do the same to every process that inherited it. A write error on descriptor 1 or 2 would raise SIGPIPE in os.File;
// on a duplicate it is an error like any other.
type descriptor int

func duplicate(fd int) (descriptor, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return descriptor(dup), err
}

func (d descriptor) close() {
	_ = unix.Close(int(d)) // The data was handed to the kernel; there is nothing left to do about an error.
}

// prompt reports whether writing to d never waits for a reader: it leads to a file or to the device that discards. A file system that
// hangs holds the writer nevertheless, as it does every process that uses it.
func (d descriptor) prompt() bool {
	var stat, null unix.Stat_t
	if err := unix.Fstat(int(d), &stat); err != nil {
		return false
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFREG {
		return true
	}
	return unix.Stat(os.DevNull, &null) == nil && stat.Rdev == null.Rdev && stat.Mode&unix.S_IFMT == unix.S_IFCHR
}

// write writes all of p and returns how much of it went out. It goes on after a short write and after an interruption. It gives up when
// the descriptor is non-blocking, is full, and the writer has been abandoned.
func (d descriptor) write(p []byte, abandoned <-chan struct{}) (int, error) {
	written := 0
	for written < len(p) {
		n, err := unix.Write(int(d), p[written:])
		written += max(n, 0)
		switch {
		case err == nil || errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := d.wait(abandoned); err != nil {
				return written, err
			}
		case errors.Is(err, unix.EPIPE):
			return written, ErrBrokenPipe
		default:
			return written, fmt.Errorf("write: %w", err)
		}
	}
	return written, nil
}

// pollMillis bounds one wait for room in a non-blocking descriptor.
const pollMillis = 100

func (d descriptor) wait(abandoned <-chan struct{}) error {
	select {
	case <-abandoned:
		return errClosed
	default:
	}
	_, err := unix.Poll([]unix.PollFd{{Fd: int32(d), Events: unix.POLLOUT}}, pollMillis)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("poll: %w", err)
	}
	return nil
}
