// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"slices"
)

// transformations translates the names of fields in what is done with results.
func (p *panel) transformations(list *node) {
	if list == nil {
		return
	}
	for _, step := range list.children {
		if renames := optionsOf(step).get("renameByName"); renames != nil {
			for i, to := range renames.children {
				for _, s := range to.texts() {
					p.display[s.value] = renames.keys[i].value
					p.kept[s] = true
				}
			}
		}
	}
	for _, step := range list.children {
		p.step = step.string("id") + step.string("group") + step.string("kind")
		p.within(optionsOf(step), "")
	}
}

// optionsOf are the options of a transformation, in both forms of dashboards.
func optionsOf(step *node) *node {
	if options := step.child("options"); options != nil {
		return options
	}
	return step.child("spec").get("options")
}

// within translates the names of fields in the options of a transformation. key is that which a node has.
func (p *panel) within(n *node, key string) {
	switch {
	case n == nil || slices.Contains(namings, key):
		return
	case n.text != nil:
		p.operand(n.text, key)
		return
	}
	p.compared(n.child("fieldName"))
	for i, k := range n.keys {
		l, changes := p.label(k.value)
		switch {
		case changes && l.why != "" && key == "excludeByName": // A column that is not there is none to leave out.
			p.kept[k] = true
		case changes && slices.ContainsFunc(n.keys, func(other *scalar) bool { return other != k && p.becomes(other.value) == l.name }):
			p.fail(k, "field "+k.value+" is one with another field of this list now")
		default:
			p.field(k, false)
		}
		if key != "indexByName" {
			p.within(n.children[i], k.value)
		}
	}
	if n.keys == nil {
		for _, child := range n.children {
			p.within(child, key)
		}
	}
}

// Keys of transformations: those of names that fields get, and those of fields whose values become names.
var (
	namings = []string{"alias", "renamePattern"}
	spread  = []string{"valueLabel", "columnField"}
)

// calculating are transformations for which values have to be numbers.
var calculating = regexp.MustCompile(`convertFieldType|calculateField|regression|histogram|smoothing`)

// operand translates the name of a field that a transformation works on.
func (p *panel) operand(s *scalar, key string) {
	switch {
	case p.kept[s] || number.MatchString(s.value) && key != "names": // It is a number.
	case p.valuesChange(p.origin(s.value)) && calculating.MatchString(p.step):
		p.fail(s, "values of the label gpu, which are no numbers any more, are converted or calculated with")
	case p.valuesChange(p.origin(s.value)) && slices.Contains(spread, key):
		p.fail(s, "values of the label gpu, which are others now, become names of fields")
	default:
		p.field(s, key == "regex" || key == "pattern")
	}
}

// compared reports a field with other values that is compared.
func (p *panel) compared(field *node) {
	for _, s := range field.texts() {
		if p.valuesChange(p.origin(s.value)) {
			p.fail(s, "values of the label gpu, which are others now, are compared")
		}
	}
}

// origin is the name that a field had before it was renamed.
func (p *panel) origin(field string) string {
	if from, renamed := p.display[field]; renamed {
		return from
	}
	return field
}

// becomes is the name that a field has in the end.
func (p *panel) becomes(field string) string {
	if l, changes := p.label(field); changes {
		return l.name
	}
	return field
}
