// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"
)

const (
	// maxMessages is how deeply messages may be nested: the limit of Go's protobuf library, a hundredth of what
	// overflows the stack. It leaves 5000 levels of arrays within a value, and 3300 of maps.
	maxMessages = 10_000
	// maxBrackets is the same for JSON: the limit of encoding/json.
	maxBrackets = 10_000
)

var (
	errTooDeep   = errors.New("values are nested too deeply")
	errMalformed = errors.New("malformed protobuf message")
)

// message holds, by field number, the messages within a message that can hold a value.
type message map[protowire.Number]message

// The parts of OTLP that lead to values. What is not here is not looked into.
var (
	anyValue   = message{}
	keyValue   = message{2: anyValue}
	attributes = keyValue
	exemplar   = message{7: attributes}
	resource   = message{1: attributes}
	scope      = message{3: attributes}

	logRecord = message{5: anyValue, 6: attributes}
	span      = message{9: attributes, 11: {3: attributes}, 13: {4: attributes}}
	metric    = message{
		5:  {1: {5: exemplar, 7: attributes}},
		7:  {1: {5: exemplar, 7: attributes}},
		9:  {1: {8: exemplar, 9: attributes}},
		10: {1: {1: attributes, 11: exemplar}},
		11: {1: {7: attributes}},
		12: attributes,
	}

	logs     = export(logRecord)
	traces   = export(span)
	metrics  = export(metric)
	profiles = message{1: {1: resource, 2: {1: scope}}, 2: {6: {2: anyValue}}}
)

func init() {
	anyValue[5] = message{1: anyValue} // array
	anyValue[6] = message{1: keyValue} // list of keys and values
}

// export is the request with items of one signal. Field 1000 is a deprecated name of 2.
func export(item message) message {
	scoped := message{1: scope, 2: item}
	return message{1: {1: resource, 2: scoped, 1000: scoped}}
}

// check fails when messages are nested too deeply in a request. It fails on malformed ones as
// well: upstream might read on where this has to stop.
func (m message) check(content []byte) error { return m.checkAt(content, 1) }

func (m message) checkAt(content []byte, depth int) error {
	if depth > maxMessages {
		return errTooDeep
	}
	for len(content) > 0 {
		number, kind, n := protowire.ConsumeTag(content)
		if n < 0 {
			return errMalformed
		}
		content = content[n:]
		if n = protowire.ConsumeFieldValue(number, kind, content); n < 0 {
			return errMalformed
		}
		if kind == protowire.BytesType && m[number] != nil {
			value, _ := protowire.ConsumeBytes(content)
			if err := m[number].checkAt(value, depth+1); err != nil {
				return err
			}
		}
		content = content[n:]
	}
	return nil
}

// checkJSON fails when brackets are nested too deeply in a JSON text.
func checkJSON(content []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(content); i++ {
		switch c := content[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxBrackets {
				return errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
