// SPDX-License-Identifier: Apache-2.0

package jsontext

import (
	"encoding/binary"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// String appends s as a JSON string.
func String(b []byte, s string) []byte {
	return append(Text(append(b, '"'), s), '"')
}

// Text appends what stands between the quotes of the JSON string s. It holds no line break of any kind, so that line-oriented readers see
// one line: control characters, U+2028 and U+2029 are escaped. The HTML characters are not. Each invalid UTF-8 byte becomes U+FFFD,
// because JSON text is UTF-8 and strict readers refuse anything else.
func Text(b []byte, s string) []byte {
	start, n := len(b), len(s)
	b = append(b, s...)
	p := b[start:]
	if n < 8 {
		for _, c := range p {
			if !verbatim[c] {
				return escaped(b[:start], s)
			}
		}
		return b
	}
	// Eight bytes at a time, the last of which may overlap others.
	for i := 0; i < n-8; i += 8 {
		if special(binary.LittleEndian.Uint64(p[i:])) {
			return escaped(b[:start], s)
		}
	}
	if special(binary.LittleEndian.Uint64(p[n-8:])) {
		return escaped(b[:start], s)
	}
	return b
}

func escaped(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if verbatim[c] {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if size > 1 && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
		}
		b = append(b, s[start:i]...)
		b = escape(b, s[i:i+size])
		i += size
		start = i
	}
	return append(b, s[start:]...)
}

const (
	// each times a byte is a word of eight such bytes, and tops has the highest bit of each byte set.
	each = 0x0101010101010101
	tops = 0x8080808080808080
)

// special says whether one of the eight bytes of w has to be looked at: a control character, a quote, a backslash or a part of a longer
// character. Subtracting n from each byte sets the highest bit of those below n. A borrow reaches only bytes above such a one.
func special(w uint64) bool {
	quote, backslash := w^('"'*each), w^('\\'*each)
	return (w|(w-' '*each)|(quote-each)|(backslash-each))&tops != 0
}

// verbatim holds the bytes that stand for themselves in a JSON string.
var verbatim = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// escape appends the escape sequence of one character: a control character, a quote, a backslash, a line separator or an invalid byte.
func escape(b []byte, s string) []byte {
	c := s[0]
	switch {
	case len(s) > 1:
		return append(b, '\\', 'u', '2', '0', '2', hexDigits[s[2]&0xf])
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, '\\', 'n')
	case c == '\r':
		return append(b, '\\', 'r')
	case c == '\t':
		return append(b, '\\', 't')
	case c >= utf8.RuneSelf:
		return utf8.AppendRune(b, utf8.RuneError)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
