// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"iter"
	"math/bits"
)

// automaton finds which of many texts a line has in one pass (Aho and Corasick), so that a line that no rule is for costs little more than
// reading it.
type automaton struct {
	class [256]uint16 // of a byte; 0 is for those that no text has
	width int         // number of classes
	next  []uint16    // of state times width plus class
	found []candidateSet
	isEnd []bool // found is not empty
	nodes []node
}

type node struct {
	children map[byte]int
	rules    candidateSet
}

const candidateWords = 4

// candidateSet is a set of rules, by their places.
type candidateSet [candidateWords]uint64

func (c *candidateSet) add(i int) { c[i/64] |= 1 << (i % 64) }

func (c *candidateSet) join(other *candidateSet) {
	for i := range c {
		c[i] |= other[i]
	}
}

// all returns the places in order.
func (c *candidateSet) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for word, set := range c {
			for set != 0 {
				if !yield(word*64 + bits.TrailingZeros64(set)) {
					return
				}
				set &= set - 1
			}
		}
	}
}

func newAutomaton() *automaton {
	return &automaton{nodes: []node{{children: map[byte]int{}}}, width: 1}
}

func (a *automaton) add(text string, rule int) {
	at := 0
	for i := range len(text) {
		c := text[i]
		if a.class[c] == 0 {
			a.class[c] = uint16(a.width) //nolint:gosec // There are 256 at most.
			a.width++
		}
		child, ok := a.nodes[at].children[c]
		if !ok {
			child = len(a.nodes)
			a.nodes = append(a.nodes, node{children: map[byte]int{}})
			a.nodes[at].children[c] = child
		}
		at = child
	}
	a.nodes[at].rules.add(rule)
}

// build makes the table from the tree: breadth first, so that the state that a failure falls back to is complete.
func (a *automaton) build() {
	a.next = make([]uint16, len(a.nodes)*a.width)
	a.found = make([]candidateSet, len(a.nodes))
	a.isEnd = make([]bool, len(a.nodes))
	fall := make([]int, len(a.nodes))
	queue := []int{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		a.found[at] = a.nodes[at].rules
		if at != 0 {
			a.found[at].join(&a.found[fall[at]])
			copy(a.next[at*a.width:(at+1)*a.width], a.next[fall[at]*a.width:])
		}
		a.isEnd[at] = a.found[at] != candidateSet{}
		for c, child := range a.nodes[at].children {
			cell := at*a.width + int(a.class[c])
			fall[child] = int(a.next[cell])
			a.next[cell] = uint16(child) //nolint:gosec // The rules are bounded.
			queue = append(queue, child)
		}
	}
	a.nodes = nil
}

// scan adds the rules whose texts the line has, and says whether there are any.
func (a *automaton) scan(line []byte, into *candidateSet) bool {
	state, some := 0, false
	for _, c := range line {
		state = int(a.next[state*a.width+int(a.class[c])])
		if a.isEnd[state] {
			into.join(&a.found[state])
			some = true
		}
	}
	return some
}
