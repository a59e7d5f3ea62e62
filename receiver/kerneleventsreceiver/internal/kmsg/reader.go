// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// MaxRecord is more than the kernel makes a record (CONSOLE_EXT_LOG_MAX, 8192).
const MaxRecord = 16 << 10

// Counts is what became of records that Next did not return, and of those that it did. Every byte and every sequence number is in one.
type Counts struct {
	Read      uint64 // returned by Next
	Known     uint64 // not returned: before the record that From was given
	Lost      uint64 // sequence numbers that were overwritten before they were read
	Malformed uint64
	Oversized uint64 // longer than MaxRecord
}

// ErrIdle says that there is no record now.
var ErrIdle = errors.New("no record yet")

// Reader reads records in the order of their sequence. It is for one goroutine, but for Interrupt and Close.
type Reader struct {
	Counts Counts

	file        *os.File
	interrupted atomic.Bool
	ended       bool // Rest was called
	gone        bool // path named another log when it was last looked at
	sized       bool // the file's size says how much it has, which it does not in /proc
	info        fs.FileInfo
	stream      *stream // nil for the device
	buffer      []byte

	sequenced bool // next is known
	next      uint64
	from      uint64 // records before it are known
	until     int64  // they end here at the latest
	skipping  bool
	head      head
}

// Open opens the kernel log at its oldest record.
func Open(path string) (*Reader, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("open %s: %w", path, syscall.EISDIR)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	r := &Reader{file: file, info: info, buffer: make([]byte, MaxRecord)}
	if info.Mode()&fs.ModeCharDevice == 0 {
		r.stream = &stream{}
	}
	return r, nil
}

// IsDevice says whether it is the kernel's own log, whose records come when they are logged.
func (r *Reader) IsDevice() bool { return r.stream == nil }

// SeekEnd leaves out all records that there are now.
func (r *Reader) SeekEnd() error {
	if r.info.Mode()&fs.ModeNamedPipe != 0 {
		return nil // It has what comes now, and nothing else.
	}
	end, err := r.file.Seek(0, io.SeekEnd)
	if r.stream != nil {
		r.stream.base = end
	}
	return err
}

// Expect says which sequence number the first record should have: what lies between is counted as lost.
func (r *Reader) Expect(sequence uint64) { r.sequenced, r.next = true, sequence }

// From makes Next leave out the records before sequence, which are known from before; what was overwritten behind them is counted as lost.
// In a file, all that ends behind until is new, whatever its number.
func (r *Reader) From(sequence uint64, until int64) {
	r.from, r.until, r.skipping = sequence, until, true
	r.Expect(sequence)
}

// Close ends reading.
func (r *Reader) Close() error { return r.file.Close() }

// Interrupt makes a Next that waits return, and all that follow. It does nothing to regular files, for which nothing waits.
func (r *Reader) Interrupt() {
	if !r.interrupted.Swap(true) {
		_ = r.file.SetReadDeadline(past)
	}
}

var past = time.Unix(1, 0)

// wait sets how long a read may wait. Regular files, and devices without poll, never wait.
func (r *Reader) wait(deadline time.Time) {
	_ = r.file.SetReadDeadline(deadline)
	if r.interrupted.Load() {
		_ = r.file.SetReadDeadline(past)
	}
}

// Next returns the next record. It waits for one no longer than until the deadline, and returns [ErrIdle] then; from a file, and from a
// fifo that nobody writes to, it returns that at once.
func (r *Reader) Next(deadline time.Time) (Record, error) {
	for {
		frame, err := r.frame(deadline)
		if err != nil {
			return Record{}, err
		}
		if record, ok := r.record(frame); ok {
			return record, nil
		}
		if r.over(deadline) {
			return Record{}, ErrIdle
		}
	}
}

// over says whether Next has to return although there is something to read: a flood of what is no record has no end.
func (r *Reader) over(deadline time.Time) bool {
	return r.interrupted.Load() || time.Now().After(deadline)
}

// Rest ends reading, and returns the next record of what has been read already: a fifo gives nothing twice.
func (r *Reader) Rest() (Record, bool) {
	if r.stream == nil {
		return Record{}, false
	}
	if !r.ended {
		r.ended = true
		r.Interrupt()
		r.readLine()
	}
	for {
		frame, oversized := r.stream.next(true)
		r.addOversized(oversized)
		if frame == nil {
			return Record{}, false
		}
		if record, ok := r.record(frame); ok {
			return record, true
		}
	}
}

// readLine reads the rest of a line that has been read in part, and nothing behind it.
func (r *Reader) readLine() {
	_ = r.file.SetReadDeadline(time.Now().Add(linger))
	for range MaxRecord {
		if !r.stream.inLine() {
			return
		}
		n, err := r.file.Read(r.buffer[:1])
		if err != nil {
			return
		}
		r.stream.add(r.buffer[:n])
	}
}

// record makes a record of a frame, and says whether it is to be returned.
func (r *Reader) record(frame []byte) (Record, bool) {
	record, err := Parse(frame)
	if err != nil {
		r.Counts.Malformed++
		return Record{}, false
	}
	if r.stream != nil {
		record.End = r.stream.offset()
	}
	return record, r.accept(record.Sequence, record.End)
}

// accept counts, and says whether a record is to be returned.
func (r *Reader) accept(sequence uint64, end int64) bool {
	if r.skipping && sequence < r.from && end <= r.until {
		r.Counts.Known++
		return false
	}
	r.skipping = false // Sequence numbers that go back are another log, in a file or fifo.
	if r.sequenced && sequence > r.next {
		r.Counts.Lost += sequence - r.next
	}
	r.sequenced, r.next = true, sequence+1
	r.Counts.Read++
	return true
}

// addOversized counts records that are too long. They are not lost as well.
func (r *Reader) addOversized(records uint64) {
	r.Counts.Oversized += records
	if !r.skipping {
		r.next += records
	}
}

func (r *Reader) frame(deadline time.Time) ([]byte, error) {
	if r.stream == nil {
		return r.fromDevice(deadline)
	}
	return r.fromStream(deadline)
}

// fromDevice reads one record. The device has its own errors for records that were overwritten (EPIPE) and for those that do not fit
// (EINVAL); it goes on with the next one after both.
func (r *Reader) fromDevice(deadline time.Time) ([]byte, error) {
	r.wait(deadline)
	for {
		n, err := r.file.Read(r.buffer)
		switch {
		case err == nil:
			return r.buffer[:n], nil
		case errors.Is(err, syscall.EPIPE): // Sequence numbers say how many.
		case errors.Is(err, syscall.EINVAL):
			r.addOversized(1)
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.EAGAIN):
			return nil, ErrIdle
		default:
			return nil, err
		}
		if r.over(deadline) {
			return nil, ErrIdle
		}
	}
}

func (r *Reader) fromStream(deadline time.Time) ([]byte, error) {
	for {
		frame, oversized := r.stream.next(false)
		r.addOversized(oversized)
		if frame != nil {
			return frame, nil
		}
		r.wait(r.stream.patience(deadline))
		n, err := r.file.Read(r.buffer)
		switch {
		case n > 0:
			r.stream.add(r.buffer[:n])
			if r.over(deadline) {
				return nil, ErrIdle
			}
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.EAGAIN):
			frame, oversized = r.stream.next(true)
			r.addOversized(oversized)
			if frame == nil {
				return nil, ErrIdle
			}
			return frame, nil
		case err != nil:
			return nil, err
		}
	}
}
