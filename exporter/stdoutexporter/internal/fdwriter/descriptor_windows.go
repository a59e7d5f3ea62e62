// SPDX-License-Identifier: Apache-2.0

//go:build windows

package fdwriter

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows"
)

// descriptor is a duplicate of a standard handle of the process.
type descriptor windows.Handle

// standardHandles maps the numbers Unix gives to the standard streams.
var standardHandles = map[int]uint32{
	1: windows.STD_OUTPUT_HANDLE,
	2: windows.STD_ERROR_HANDLE,
}

func duplicate(fd int) (descriptor, error) {
	handle, err := windows.GetStdHandle(standardHandles[fd])
	if err != nil {
		return 0, err
	}
	process := windows.CurrentProcess()
	var dup windows.Handle
	err = windows.DuplicateHandle(process, handle, process, &dup, 0, false, windows.DUPLICATE_SAME_ACCESS)
	return descriptor(dup), err
}

func (d descriptor) close() {
	_ = windows.CloseHandle(windows.Handle(d)) // The data was handed to the kernel; there is nothing left to do about an error.
}

// prompt reports whether writing to d never waits for a reader: it leads to a file.
func (d descriptor) prompt() bool {
	kind, err := windows.GetFileType(windows.Handle(d))
	return err == nil && kind == windows.FILE_TYPE_DISK
}

// write writes all of p and returns how much of it went out. Standard handles block, so there is never a reason to give up.
func (d descriptor) write(p []byte, _ <-chan struct{}) (int, error) {
	written := 0
	for written < len(p) {
		n, err := windows.Write(windows.Handle(d), p[written:])
		written += max(n, 0)
		switch {
		case errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA):
			return written, ErrBrokenPipe
		case err != nil:
			return written, fmt.Errorf("write: %w", err)
		}
	}
	return written, nil
}
