// SPDX-License-Identifier: Apache-2.0

// Package kmsg reads the kernel log in the format of /dev/kmsg (Documentation/ABI/testing/dev-kmsg of Linux): from the device, which
// gives a record per read, or from a file or fifo, which has one after the other.
package kmsg

import (
	"bytes"
	"errors"
	"math"
	"time"
)

// Record is one record of the kernel log. Its slices are valid until the next one is read.
type Record struct {
	Sequence uint64

	// End is where it ends in its file, 0 in the device.
	End int64

	// Since is when it was logged, on the clock that starts at boot.
	Since time.Duration

	// Facility is that of syslog: 0 is the kernel itself, others are processes that write to the log.
	Facility int
	// Priority is that of syslog, 0 (emergency) to 7 (debug).
	Priority int

	// Continuation says that the record goes on with the line of the one before.
	Continuation bool

	// Caller is the thread (T1234) or processor (C12) that logged it, empty where the kernel does not say.
	Caller []byte

	Text []byte

	// Dictionary has the lines of properties, such as " SUBSYSTEM=pci", without the spaces that begin them.
	Dictionary []byte
}

// Property returns a property of the dictionary, nil where there is none.
func (r *Record) Property(name string) []byte {
	rest := r.Dictionary
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, newline)
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok && len(value) > 0 && value[0] == '=' {
			return value[1:]
		}
		rest = after
	}
	return nil
}

var newline = []byte{'\n'}

// ErrMalformed is the error of what is no record.
var ErrMalformed = errors.New("no record of the kernel log")

// Parse reads a record: "6,339,5140900,-,caller=T1;text" and lines of properties that a space begins. What is escaped (\x0a) is unescaped in
// place, so that the frame changes.
func Parse(frame []byte) (Record, error) {
	head, rest, ok := bytes.Cut(frame, []byte{';'})
	if !ok {
		return Record{}, ErrMalformed
	}
	r, ok := parseHead(head)
	if !ok {
		return Record{}, ErrMalformed
	}
	text, dictionary, _ := bytes.Cut(rest, newline)
	r.Text = unescape(text)
	r.Dictionary = trimDictionary(dictionary)
	return r, nil
}

func parseHead(head []byte) (Record, bool) {
	var fields [3]uint64
	rest := head
	for i := range fields {
		var field []byte
		var more, ok bool
		field, rest, more = bytes.Cut(rest, []byte{','})
		if fields[i], ok = number(field); !ok || !more {
			return Record{}, false
		}
	}
	prefix, microseconds := fields[0], fields[2]
	if prefix > 0xffff || microseconds > math.MaxInt64/uint64(time.Microsecond) {
		return Record{}, false
	}
	flags, rest, _ := bytes.Cut(rest, []byte{','})
	r := Record{
		Sequence:     fields[1],
		Since:        time.Duration(microseconds) * time.Microsecond, //nolint:gosec // Its bound is checked.
		Facility:     int(prefix >> 3),
		Priority:     int(prefix & 7),
		Continuation: bytes.ContainsAny(flags, "c+"),
	}
	for len(rest) > 0 {
		var field []byte
		field, rest, _ = bytes.Cut(rest, []byte{','})
		if caller, ok := bytes.CutPrefix(field, []byte("caller=")); ok {
			r.Caller = caller
		}
	}
	return r, true
}

// number reads an unsigned decimal without an allocation.
func number(digits []byte) (uint64, bool) {
	if len(digits) == 0 || len(digits) > 20 {
		return 0, false
	}
	n := uint64(0)
	for _, digit := range digits {
		if digit < '0' || digit > '9' || n > (math.MaxUint64-uint64(digit-'0'))/10 {
			return 0, false
		}
		n = n*10 + uint64(digit-'0')
	}
	return n, true
}

// unescape replaces \xNN by its byte, in place. The kernel writes all that is not printable ASCII so, and the backslash.
func unescape(text []byte) []byte {
	first := bytes.IndexByte(text, '\\')
	if first < 0 {
		return text
	}
	out := text[:first]
	for i := first; i < len(text); {
		if text[i] == '\\' && i+3 < len(text) && text[i+1] == 'x' {
			high, low := hex(text[i+2]), hex(text[i+3])
			if high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 4
				continue
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

// trimDictionary removes the space before each line, and the newline at the end, in place.
func trimDictionary(lines []byte) []byte {
	out := lines[:0]
	for len(lines) > 0 {
		line, after, _ := bytes.Cut(lines, newline)
		lines = after
		if line = bytes.TrimLeft(line, " "); len(line) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, '\n')
		}
		out = append(out, line...)
	}
	return out
}
