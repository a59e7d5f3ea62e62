// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"slices"
	"strings"
)

// panel is one of a dashboard: its fields are named after labels, and its series by legends.
type panel struct {
	*migration

	mixed   bool            // there are queries of other series, too
	display map[string]bool // names that fields get, which may be those of labels
	legends []*regexp.Regexp
}

// panel translates the names of fields in the transformations, overrides and options of a panel with expressions of dcgm-exporter's series.
func (m *migration) panel(n *node) {
	targets := n.child("targets")
	if targets == nil {
		return
	}
	p := &panel{migration: m, display: map[string]bool{}}
	ours := false
	for _, target := range targets.children {
		if m.of(target) == nil {
			p.mixed = true
			continue
		}
		ours = true
		p.legend(target.string("legendFormat"))
	}
	source := n.child("datasource")
	isCopy := source != nil && source.string("uid")+source.string("type") == "-- Dashboard --datasource"
	if !ours && (!isCopy || !m.ours) {
		return
	}
	p.transformations(n.child("transformations"))
	p.overrides(n.child("fieldConfig"))
	p.options(n)
}

// legend remembers how series are called after their GPU.
func (p *panel) legend(format string) {
	pattern, hasGPU := regexp.QuoteMeta(format), false
	for _, at := range ofLegend.FindAllStringSubmatch(format, -1) {
		text := ".*"
		if p.valuesChange(at[1]) {
			text, hasGPU = `\d+`, true
		}
		pattern = strings.ReplaceAll(pattern, regexp.QuoteMeta(at[0]), text)
	}
	if hasGPU {
		p.legends = append(p.legends, regexp.MustCompile("^"+pattern+"$"))
	}
}

// transformations translates the names of fields in what is done with results.
func (p *panel) transformations(list *node) {
	if list == nil {
		return
	}
	for _, step := range list.children {
		if renames := step.get("options").get("renameByName"); renames != nil {
			for _, to := range renames.children {
				for _, s := range to.texts() {
					p.display[s.value] = true
					p.others[s] = true
				}
			}
		}
	}
	for _, step := range list.children {
		p.within(step.child("options"), "")
	}
}

// within translates the names of fields in the options of a transformation. key is that which a node has.
func (p *panel) within(n *node, key string) {
	switch {
	case n == nil || key == "alias" || key == "renamePattern":
		return
	case n.text != nil:
		if !p.others[n.text] {
			p.field(n.text, key == "regex" || key == "pattern")
		}
		return
	}
	if field := n.string("fieldName"); p.valuesChange(field) && !p.display[field] {
		p.fail(n.child("fieldName").text, "values of the label "+field+", which are others now, are compared")
	}
	for i, k := range n.keys {
		l, changes := p.label(k.value)
		switch {
		case changes && l.why != "" && key == "excludeByName": // A column that is not there is none to leave out.
		case changes && slices.ContainsFunc(n.keys, func(other *scalar) bool { return other != k && p.becomes(other.value) == l.name }):
			p.fail(k, "field "+k.value+" is one with another field of this list now")
		default:
			p.field(k, false)
		}
		p.within(n.children[i], k.value)
	}
	if n.keys == nil {
		for _, child := range n.children {
			p.within(child, key)
		}
	}
}

// becomes is the name that a field has in the end.
func (p *panel) becomes(field string) string {
	if l, changes := p.label(field); changes {
		return l.name
	}
	return field
}

// overrides translates the matchers of overrides.
func (p *panel) overrides(config *node) {
	list := config.get("overrides")
	if list == nil {
		return
	}
	for _, override := range list.children {
		matcher := override.child("matcher")
		switch matcher.get("id").textValue() {
		case "byName", "byRegexp":
			for _, s := range matcher.child("options").texts() {
				p.field(s, matcher.string("id") == "byRegexp")
			}
		case "byNames":
			for _, s := range matcher.get("options").get("names").texts() {
				p.field(s, false)
			}
		}
	}
}

// options translates the names of fields in the options of panels of today, and of the former ones for graphs and tables.
func (p *panel) options(n *node) {
	options := n.child("options")
	all := slices.Concat(options.get("reduceOptions").get("fields").texts(), options.get("xField").texts())
	for _, list := range []struct {
		of  *node
		key string
	}{{options.get("sortBy"), "displayName"}, {n.child("styles"), "pattern"}, {n.child("seriesOverrides"), "alias"}} {
		if list.of != nil {
			for _, child := range list.of.children {
				all = append(all, child.child(list.key).texts()...)
			}
		}
	}
	for _, s := range all {
		p.field(s, strings.HasPrefix(s.value, "/"))
	}
	if colors := n.child("aliasColors"); colors != nil {
		for _, s := range colors.keys {
			p.field(s, false)
		}
	}
}

// field translates the name of a field, or reports what may mean another one now.
func (p *panel) field(s *scalar, isPattern bool) {
	l, changes := p.label(s.value)
	switch {
	case p.seen[s]:
	case isPattern:
		p.pattern(s)
	case !changes:
		if slices.ContainsFunc(p.legends, func(legend *regexp.Regexp) bool { return legend.MatchString(s.value) }) {
			p.fail(s, s.value+" may be a series by its legend, which has nvidia0 for 0 now")
		}
	case p.display[s.value] || p.mixed && !p.isSpecific(s.value):
		p.fail(s, "field "+s.value+" may be a label, which is another one now, or something else")
	case l.why != "":
		p.fail(s, l.err(s.value).Error())
	default:
		p.rewrite(s, l.name)
	}
}

var digit = regexp.MustCompile(`\d|\\d`)

// pattern reports one that may be for a label, or for a legend with the number of a GPU.
func (p *panel) pattern(s *scalar) {
	for _, word := range words.FindAllString(s.value, -1) {
		if p.isSpecific(word) || !p.mixed && p.changes(word) {
			p.fail(s, "label "+word+" stands in the pattern "+s.value)
			return
		}
	}
	if len(p.legends) > 0 && digit.MatchString(s.value) {
		p.fail(s, "the pattern "+s.value+" may be for legends, which have nvidia0 for 0 now")
	}
}
