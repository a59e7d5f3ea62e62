// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// node is a mapping, a list or a text of a file.
type node struct {
	keys     []string // of a mapping, beside its children
	children []*node
	text     *scalar
}

func (n *node) isText() bool { return n.text != nil }

// child returns the value of a key, nil if there is none.
func (n *node) child(key string) *node {
	for i, k := range n.keys {
		if k == key {
			return n.children[i]
		}
	}
	return nil
}

// read reads a file of YAML documents, or of JSON.
func read(file []byte) ([]*node, error) {
	if trimmed := bytes.TrimLeft(file, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(file) {
		root, err := readJSON(file)
		return []*node{root}, err
	}
	return readYAML(file)
}

func readYAML(file []byte) ([]*node, error) {
	lines := lineStarts(file)
	var roots []*node
	for decoder := yaml.NewDecoder(bytes.NewReader(file)); ; {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read YAML: %w", err)
		}
		roots = append(roots, fromYAML(file, lines, &document))
	}
}

func lineStarts(file []byte) []int {
	starts := []int{0}
	for i, c := range file {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func fromYAML(file []byte, lines []int, y *yaml.Node) *node {
	n := &node{}
	switch y.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(y.Content); i += 2 {
			n.keys = append(n.keys, y.Content[i].Value)
			n.children = append(n.children, fromYAML(file, lines, y.Content[i+1]))
		}
	case yaml.ScalarNode:
		n.text = textOfYAML(file, lines, y)
	case yaml.DocumentNode:
		return fromYAML(file, lines, y.Content[0])
	case yaml.SequenceNode:
		for _, c := range y.Content {
			n.children = append(n.children, fromYAML(file, lines, c))
		}
	case yaml.AliasNode: // What it stands for is translated where it is.
	}
	return n
}

// textOfYAML has no positions where the text cannot be found, as behind a tag.
func textOfYAML(file []byte, lines []int, y *yaml.Node) *scalar {
	s := &scalar{value: y.Value, line: y.Line}
	at := len(file)
	if y.Line <= len(lines) {
		at = properties(file, column(file, lines[y.Line-1], y.Column))
	}
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		s.style, at = double, at+1
	case y.Style&yaml.SingleQuotedStyle != 0:
		s.style, at = single, at+1
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.line++
		if y.Line < len(lines) {
			at = lines[y.Line]
		}
	}
	s.starts, s.ends, _ = locate(file, at, y.Value, s.style) // A text without positions is reported once it has to change.
	return s
}

// column is where a column, of characters, begins in a line.
func column(file []byte, line, column int) int {
	at := line
	for i := 1; i < column && at < len(file); i++ {
		_, n := utf8.DecodeRune(file[at:])
		at += n
	}
	return at
}

// properties passes anchors and tags before a text.
func properties(file []byte, at int) int {
	for at < len(file) && (file[at] == '&' || file[at] == '!') {
		n := bytes.IndexAny(file[at:], " \t")
		if n < 0 {
			break
		}
		at += n
		at += len(file[at:]) - len(bytes.TrimLeft(file[at:], " \t"))
	}
	return at
}

func readJSON(file []byte) (*node, error) {
	r := &jsonReader{file: file, decoder: json.NewDecoder(bytes.NewReader(file))}
	return r.value()
}

type jsonReader struct {
	file    []byte
	decoder *json.Decoder
	at      int // the end of the last token
	lines   int // line breaks before at
}

func (r *jsonReader) token() (json.Token, error) {
	r.lines += bytes.Count(r.file[r.at:r.decoder.InputOffset()], []byte("\n"))
	r.at = int(r.decoder.InputOffset())
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
			n.keys = append(n.keys, fmt.Sprint(key))
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
	skipped := len(r.file[r.at:]) - len(bytes.TrimLeft(r.file[r.at:], " \t\r\n,:"))
	begin := r.at + skipped
	s := &scalar{value: value, style: double, line: 1 + r.lines + strings.Count(string(r.file[r.at:begin]), "\n")}
	s.starts, s.ends, _ = locate(r.file, begin+1, value, double) // As in YAML.
	return s
}
