// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"bytes"
	"encoding/json"
	"iter"
)

// document is a file of YAML documents, or of JSON.
type document struct {
	text    []byte
	roots   []*node
	scalars []*scalar // all of them, keys too, in the order of the file
}

// node is a mapping, a list or a text of a file. An alias of YAML is the node that it stands for, so nodes may have several places, and may be in themselves.
type node struct {
	keys     []*scalar // of a mapping, beside its children
	children []*node
	text     *scalar
}

func (n *node) isText() bool { return n.text != nil }

// mostMerges bounds how many mappings are looked through that are merged into each other.
const mostMerges = 16

// child returns the value of a key, nil if there is none. A key that a mapping does not have may be in one that is merged into it.
func (n *node) child(key string) *node { return n.find(key, mostMerges) }

func (n *node) find(key string, merges int) *node {
	for i, k := range n.keys {
		if k.value == key {
			return n.children[i]
		}
	}
	for i, k := range n.keys {
		if k.value != "<<" || merges == 0 {
			continue
		}
		for _, merged := range append([]*node{n.children[i]}, n.children[i].children...) {
			if found := merged.find(key, merges-1); found != nil {
				return found
			}
		}
	}
	return nil
}

// string returns the text that a key has, "" if it has none.
func (n *node) string(key string) string { return n.get(key).textValue() }

// get is child of a node that may be missing.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	return n.child(key)
}

// textValue is the text of a node that may be missing, "" if it has none.
func (n *node) textValue() string {
	if n == nil || n.text == nil {
		return ""
	}
	return n.text.value
}

// orEmpty is a node that may be missing.
func (n *node) orEmpty() *node {
	if n == nil {
		return &node{}
	}
	return n
}

// texts returns the texts of a list, or of one text.
func (n *node) texts() []*scalar {
	if n == nil {
		return nil
	}
	if n.text != nil {
		return []*scalar{n.text}
	}
	var texts []*scalar
	for _, child := range n.children {
		if child.text != nil && n.keys == nil {
			texts = append(texts, child.text)
		}
	}
	return texts
}

// nodes are a node and those below it, but for what ends says, each once.
func (n *node) nodes(ends func(*node) bool) iter.Seq[*node] {
	return func(yield func(*node) bool) {
		walked := map[*node]bool{}
		var walk func(*node) bool
		walk = func(at *node) bool {
			if walked[at] || at != n && ends(at) {
				return true
			}
			walked[at] = true
			if !yield(at) {
				return false
			}
			for _, child := range at.children {
				if !walk(child) {
					return false
				}
			}
			return true
		}
		walk(n)
	}
}

// below are the texts of a node and of those below it, keys too.
func (n *node) below() iter.Seq[*scalar] {
	return func(yield func(*scalar) bool) {
		for at := range n.nodes(func(*node) bool { return false }) {
			if at.text != nil && !yield(at.text) {
				return
			}
			for _, key := range at.keys {
				if !yield(key) {
					return
				}
			}
		}
	}
}

// read reads a file.
func read(file []byte) (*document, error) {
	if trimmed := bytes.TrimLeft(file, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid(file) {
		return readJSON(file)
	}
	return readYAML(file)
}

// same reports whether another reading has the same texts, but for those that were to change.
func (d *document) same(other *document, changed map[*scalar]string) bool {
	if len(d.scalars) != len(other.scalars) {
		return false
	}
	for i, s := range d.scalars {
		want, changes := changed[s]
		if !changes {
			want = s.value
		}
		if other.scalars[i].value != want {
			return false
		}
	}
	return true
}
