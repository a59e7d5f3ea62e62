// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// style is how a text is written in a file.
type style uint8

const (
	plain  style = iota // YAML, without quotes
	block               // literal and folded YAML
	single              // YAML
	double              // YAML and JSON
)

// isBare says that a text stands in the file as it is, with line breaks and indentation of its own.
func (s style) isBare() bool { return s == plain || s == block }

// scalar is a text in a file.
type scalar struct {
	file   []byte
	value  string
	line   int
	style  style
	at     int  // where its first character may be
	inFlow bool // within braces or brackets of YAML
}

var errNotFound = errors.New("the text cannot be rewritten where it stands in the file")

// locate finds the bytes of a value in a file, from where its first character may be.
func locate(file []byte, at int, value string, s style) (starts, ends []int, err error) {
	l := locator{file: file, at: at, style: s}
	for i := 0; i < len(value); {
		n := len(value[i:]) - len(strings.TrimLeft(value[i:], " \t\n"))
		var ok bool
		if n > 0 {
			ok = l.space(value[i : i+n])
		} else {
			_, n = utf8.DecodeRuneInString(value[i:])
			ok = l.character(value[i : i+n])
		}
		if !ok {
			return nil, nil, errNotFound
		}
		i += n
	}
	return l.starts, l.ends, nil
}

type locator struct {
	file         []byte
	at           int
	style        style
	starts, ends []int
}

// space passes white space. Where the file has other white space, all of the value's is where that is.
func (l *locator) space(value string) bool {
	from := l.at
	for l.at < len(l.file) && l.isSpace() {
		l.at += l.unit()
	}
	same := string(l.file[from:l.at]) == value
	for i := range len(value) {
		if same {
			l.add(from+i, from+i+1)
			continue
		}
		l.add(from, l.at)
	}
	return l.at > from || strings.Trim(value, "\n") == "" && l.style.isBare()
}

// escapedSpace matches white space that is written as an escape.
var escapedSpace = regexp.MustCompile(`^\\(?:[nrt \n]|(?:x|u00|U000000)(?:20|09|0[aAdD]))`)

// isSpace reports whether white space comes next, as it is or as an escape.
func (l *locator) isSpace() bool {
	rest := l.file[l.at:]
	return strings.ContainsRune(" \t\r\n", rune(rest[0])) || l.style == double && escapedSpace.Match(rest)
}

// character passes one character of the value.
func (l *locator) character(value string) bool {
	for l.style.isBare() && l.at < len(l.file) && strings.ContainsRune(" \t\r\n", rune(l.file[l.at])) {
		l.at++ // The indentation of a block.
	}
	if l.at >= len(l.file) {
		return false
	}
	n := l.unit()
	escaped := n != 1 && (l.file[l.at] == '\\' || l.file[l.at] == '\'')
	if !escaped && !bytes.HasPrefix(l.file[l.at:], []byte(value)) {
		return false
	}
	if !escaped {
		n = len(value)
	}
	for range len(value) {
		l.add(l.at, l.at+n)
	}
	l.at += n
	return true
}

func (l *locator) add(start, end int) {
	l.starts, l.ends = append(l.starts, start), append(l.ends, end)
}

// unit is how many bytes the next character has in the file: more than one where it is escaped.
func (l *locator) unit() int {
	rest := l.file[l.at:]
	switch {
	case l.style == single && strings.HasPrefix(string(rest[:min(2, len(rest))]), "''"):
		return 2
	case l.style != double || rest[0] != '\\' || len(rest) < 2:
		return 1
	}
	switch rest[1] {
	case 'x':
		return 4
	case 'u':
		if len(rest) > 11 && strings.ContainsRune("dD", rune(rest[2])) && strings.ContainsRune("89abAB", rune(rest[3])) {
			return 12 // A pair of surrogates.
		}
		return 6
	case 'U':
		return 10
	default:
		return 2
	}
}

// inFile turns edits of the value into edits of the file.
func (s *scalar) inFile(edits []edit) ([]edit, error) {
	starts, ends, err := locate(s.file, s.at, s.value, s.style)
	if err != nil || len(starts) == 0 {
		return nil, errNotFound
	}
	p := places{starts, ends}
	var out []edit
	for _, e := range edits {
		out = append(out, edit{p.start(e), p.end(e), s.style.quote(e.text)})
	}
	if s.style != plain || overlap(out) {
		return out, nil
	}
	begin, end := starts[0], ends[len(ends)-1]
	raw := apply(string(s.file[begin:end]), moved(slices.Clone(out), -begin))
	if !needsQuotes(raw, s.inFlow) {
		return out, nil
	}
	return []edit{{begin, end, "'" + single.quote(raw) + "'"}}, nil // Lines of a plain text are folded as in quotes.
}

// needsQuotes reports whether a text of YAML cannot stand without quotes.
func needsQuotes(raw string, inFlow bool) bool {
	return plainEnds.MatchString(raw) || strings.ContainsRune(",[]{}#&*!|>'\"%@`", rune(raw[0])) || inFlow && strings.ContainsAny(raw, ",[]{}?:")
}

// plainEnds matches what ends a text without quotes, or makes something else of it.
var plainEnds = regexp.MustCompile(`:(\s|$)|\s#|^[-?:](\s|$)`)

// places are where each byte of a value begins and ends in the file.
type places struct{ starts, ends []int }

func (p places) start(e edit) int {
	if e.start == e.end && e.start > 0 {
		return p.ends[e.start-1]
	}
	return p.starts[e.start]
}

func (p places) end(e edit) int {
	if e.start == e.end {
		return p.start(e)
	}
	return p.ends[e.end-1]
}

var escapes = map[style]*strings.Replacer{single: strings.NewReplacer("'", "''"), double: strings.NewReplacer(`\`, `\\`, `"`, `\"`)}

func (s style) quote(text string) string {
	if s.isBare() {
		return text
	}
	return escapes[s].Replace(text)
}
