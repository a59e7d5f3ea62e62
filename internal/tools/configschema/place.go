// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"slices"
	"strings"
)

const repository = "github.com/tracecoreai/tracecore/"

// place is where in a configuration a value is.
type place struct {
	key    []string // as documented, with a placeholder such as <name> for what users name
	sample []string // the same in a configuration that has such a value
	docs   *docs
	base   int // how much of key leads to what docs describes
	others bool
}

func (p place) under(name, sample string) place {
	p.key, p.sample = append(slices.Clip(p.key), name), append(slices.Clip(p.sample), sample)
	return p
}

func (p place) String() string { return strings.Join(p.key, "::") }

// in is the place of a structure's fields. A package that has a file of its own describes its structures wherever they are used.
func (p place) in(d *describer, t reflect.Type) place {
	folder, isOurs := strings.CutPrefix(t.PkgPath(), repository)
	p.others = p.others || !isOurs
	if isOurs && folder != p.docs.folder && d.exists(folder) {
		p.docs, p.base = d.load(folder), len(p.key)
	}
	return p
}

func (p place) entry() *entry { return p.docs.take(strings.Join(p.key[p.base:], "::")) }

// underKey is the place of the values of a map.
func (p place) underKey() place {
	if said := p.entry(); said != nil && said.Each != "" {
		return p.under("<"+said.Each+">", said.Sample)
	}
	return p.under("<name>", "name")
}
