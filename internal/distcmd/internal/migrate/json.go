// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
)

func readJSON(file []byte) (*document, error) {
	r := &jsonReader{document: document{text: file}, decoder: json.NewDecoder(bytes.NewReader(file))}
	root, err := r.value()
	r.roots = []*node{root}
	return &r.document, err
}

type jsonReader struct {
	document

	decoder *json.Decoder
	at      int // the end of the last token
	lines   int // line breaks before at
}

func (r *jsonReader) token() (json.Token, error) {
	end := int(r.decoder.InputOffset())
	r.lines += bytes.Count(r.document.text[r.at:end], []byte("\n"))
	r.at = end
	token, err := r.decoder.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return token, nil
}

func (r *jsonReader) value() (*node, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return r.members(t)
	case string:
		return &node{text: r.text(t)}, nil
	default:
		return &node{}, nil
	}
}

// members reads what an object or a list has, and its end.
func (r *jsonReader) members(open json.Delim) (*node, error) {
	n := &node{}
	for r.decoder.More() {
		if open == '{' {
			key, err := r.token()
			if err != nil {
				return nil, err
			}
			n.keys = append(n.keys, r.text(fmt.Sprint(key)))
		}
		child, err := r.value()
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
	}
	_, err := r.token()
	return n, err
}

// text is the string that was read last.
func (r *jsonReader) text(value string) *scalar {
	skipped := len(r.document.text[r.at:]) - len(bytes.TrimLeft(r.document.text[r.at:], " \t\r\n,:"))
	begin := r.at + skipped
	s := &scalar{file: r.document.text, value: value, style: double, line: 1 + r.lines + bytes.Count(r.document.text[r.at:begin], []byte("\n")), at: begin + 1}
	r.scalars = append(r.scalars, s)
	return s
}
