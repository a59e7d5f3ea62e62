// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"bytes"
	"time"
)

// linger is how long the properties of a record may come after its line.
const linger = 5 * time.Millisecond

// stream cuts what a file or fifo has into records: a line, and the lines after it that a space begins.
type stream struct {
	pending   []byte
	base      int64 // where pending begins in the file
	begin     int   // of what is not returned yet
	searched  int   // up to here there is no end of a record
	oversized bool  // what is pending belongs to a record that is too long, and is dropped
}

func (s *stream) add(data []byte) {
	if s.begin > 0 {
		s.pending = append(s.pending[:0], s.pending[s.begin:]...)
		s.searched -= s.begin
		s.base += int64(s.begin)
		s.begin = 0
	}
	s.pending = append(s.pending, data...)
}

// offset returns where what is not returned yet begins in the file.
func (s *stream) offset() int64 { return s.base + int64(s.begin) }

// read returns how far the file has been read.
func (s *stream) read() int64 { return s.base + int64(len(s.pending)) }

// inLine says whether a line has been read in part.
func (s *stream) inLine() bool {
	return len(s.pending) > s.begin && s.pending[len(s.pending)-1] != '\n'
}

// next returns the next record, nil where there is none that is complete, and how many were too long. A record at the end is complete when
// nothing more comes now: properties could follow its line.
func (s *stream) next(nothingFollows bool) (frame []byte, oversized uint64) {
	for {
		end := s.end(nothingFollows)
		if end < 0 {
			return nil, oversized + s.dropIfOversized()
		}
		frame = s.pending[s.begin : end-1]
		s.begin, s.searched = end, end
		switch {
		case s.oversized:
			s.oversized = false
		case len(frame) > MaxRecord:
			oversized++
		default:
			return frame, oversized
		}
	}
}

// end returns where the record that begins at begin ends, behind its newline, or -1.
func (s *stream) end(nothingFollows bool) int {
	for {
		i := bytes.IndexByte(s.pending[s.searched:], '\n')
		if i < 0 {
			return -1
		}
		end := s.searched + i + 1
		switch {
		case end < len(s.pending) && s.pending[end] == ' ':
			s.searched = end // A property follows.
		case end < len(s.pending) || nothingFollows:
			return end
		default:
			return -1
		}
	}
}

// dropIfOversized forgets what is pending of a record that is too long already, and counts it once.
func (s *stream) dropIfOversized() uint64 {
	if len(s.pending)-s.begin <= MaxRecord {
		return 0
	}
	first := !s.oversized
	s.oversized = true
	last := len(s.pending) - 1 // A newline at the end may be the end of the record.
	s.begin, s.searched = last, last
	if first {
		return 1
	}
	return 0
}

// patience returns how long to wait for more: a record that is complete but for properties waits for these alone.
func (s *stream) patience(deadline time.Time) time.Time {
	if len(s.pending) == s.begin || s.inLine() {
		return deadline
	}
	if soon := time.Now().Add(linger); soon.Before(deadline) {
		return soon
	}
	return deadline
}
