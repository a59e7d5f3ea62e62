// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// yamlReader reads a file of YAML documents.
type yamlReader struct {
	document

	lines []int // where each line begins
	nodes map[*yaml.Node]*node
}

func readYAML(file []byte) (*document, error) {
	r := &yamlReader{document: document{text: file}, lines: lineStarts(file), nodes: map[*yaml.Node]*node{}}
	for decoder := yaml.NewDecoder(bytes.NewReader(file)); ; {
		var root yaml.Node
		err := decoder.Decode(&root)
		if errors.Is(err, io.EOF) {
			return &r.document, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read YAML: %w", err)
		}
		r.roots = append(r.roots, r.node(root.Content[0], false))
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

// node converts a node. inFlow says that it is within braces or brackets.
func (r *yamlReader) node(y *yaml.Node, inFlow bool) *node {
	if y.Kind == yaml.AliasNode {
		return r.nodes[y.Alias]
	}
	n := &node{}
	r.nodes[y] = n
	if y.Kind == yaml.ScalarNode {
		n.text = r.text(y, inFlow)
		return n
	}
	inFlow = inFlow || y.Style&yaml.FlowStyle != 0
	for i, child := range y.Content {
		converted := r.node(child, inFlow)
		if y.Kind == yaml.MappingNode && i%2 == 0 {
			n.keys = append(n.keys, r.key(converted, child))
			continue
		}
		n.children = append(n.children, converted)
	}
	return n
}

// key is the text of a key. Mappings and lists, which may be keys in YAML, are none that anybody looks for.
func (r *yamlReader) key(n *node, y *yaml.Node) *scalar {
	if n.text != nil {
		return n.text
	}
	return &scalar{line: y.Line}
}

func (r *yamlReader) text(y *yaml.Node, inFlow bool) *scalar {
	s := &scalar{file: r.document.text, value: y.Value, line: y.Line, at: len(r.document.text), inFlow: inFlow}
	r.scalars = append(r.scalars, s)
	if y.Line <= len(r.lines) {
		s.at = properties(s.file, column(s.file, r.lines[y.Line-1], y.Column))
	}
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		s.style, s.at = double, s.at+1
	case y.Style&yaml.SingleQuotedStyle != 0:
		s.style, s.at = single, s.at+1
	case y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		s.style = block
		s.line++
		s.at += bytes.IndexByte(s.file[min(s.at, len(s.file)):], '\n') + 1
	}
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

// properties passes anchors and tags before a text, and what stands between.
func properties(file []byte, at int) int {
	passed := false
	for at < len(file) {
		end := 0
		switch c := file[at]; {
		case c == '&' || c == '!':
			end = bytes.IndexAny(file[at:], " \t\r\n")
			passed = true
		case passed && c == '#':
			end = bytes.IndexByte(file[at:], '\n')
		case passed && bytes.IndexByte([]byte(" \t\r\n"), c) >= 0:
			end = 1
		default:
			return at
		}
		if end < 0 {
			return at
		}
		at += end
	}
	return at
}
