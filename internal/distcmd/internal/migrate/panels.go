// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"slices"
	"strings"
)

var ofField = regexp.MustCompile(`__(?:field\.labels|data\.fields)(?:\.(\w+)|\[\\?["']?(\w+)(?: \d+)?\\?["']?\])`)

// panel is one of a dashboard: its fields are named after labels, and its series by legends.
type panel struct {
	*migration

	mixed   bool              // there are queries of other series, too
	display map[string]string // names that fields get, which may be those of labels, and the names that they had
	kept    map[*scalar]bool  // those names
	legends []*regexp.Regexp  // with the number of a GPU
	step    string            // what the transformation does
}

// parts are what a panel has, in today's form of dashboards or in the second one.
type parts struct {
	targets, transformations, config, view *node
}

func partsOf(n *node) (parts, bool) {
	if n.child("targets") != nil {
		return parts{n.child("targets"), n.child("transformations"), n.child("fieldConfig"), n}, true
	}
	data, view := n.child("data").get("spec"), n.child("vizConfig").get("spec")
	return parts{data.get("queries"), data.get("transformations"), view.get("fieldConfig"), view}, data.get("queries") != nil
}

// panel translates the names of fields in the transformations, overrides and options of a panel with expressions of dcgm-exporter's series.
func (m *migration) panel(n *node) {
	all, is := partsOf(n)
	if !is {
		return
	}
	m.known = true
	p := m.newPanel()
	ours := p.queries(all.targets)
	if isCopy(n, all.targets) {
		m.copies = append(m.copies, n)
		return
	}
	m.foreign = m.foreign || p.mixed || !ours
	if !ours {
		m.leave(n)
		return
	}
	p.fields(n, all)
}

func (m *migration) newPanel() *panel {
	return &panel{migration: m, display: map[string]string{}, kept: map[*scalar]bool{}}
}

// isCopy reports whether a panel has the results of another one.
func isCopy(n, targets *node) bool {
	from := n.child("datasource")
	names := []string{from.textValue(), from.get("uid").textValue()}
	for _, target := range targets.children {
		names = append(names, target.get("datasource").get("uid").textValue(), target.get("spec").get("query").get("datasource").get("name").textValue())
	}
	return slices.Contains(names, "-- Dashboard --")
}

// copied translates panels with the results of others. Those results may have any labels if there are other series in the file.
func (m *migration) copied() {
	for _, n := range m.copies {
		if !m.ours {
			continue
		}
		p := m.newPanel()
		p.mixed = m.foreign
		all, _ := partsOf(n)
		p.fields(n, all)
	}
}

// leave says of texts that they belong to other series.
func (m *migration) leave(n *node) {
	for s := range n.below() {
		m.others[s] = true
	}
}

// queries reports whether a panel has expressions of dcgm-exporter's series.
func (p *panel) queries(targets *node) bool {
	ours := false
	for _, target := range targets.children {
		switch p.kindOf(target) {
		case translated:
			ours = true
			query, _ := queryOf(target)
			p.legend(query.string("legendFormat"))
		case unknown:
			ours, p.mixed = true, true
		case other:
			p.mixed = true
		}
	}
	return ours
}

// fields translates the names of fields, and lists those that nothing is known of.
func (p *panel) fields(n *node, all parts) {
	p.transformations(all.transformations)
	p.matchers(n)
	p.options(all.view)
	p.remaining(n, all.targets)
}

// legend remembers how series are called after their GPU.
func (p *panel) legend(format string) {
	if (format == "" || format == "__auto") && p.valuesChange("gpu") {
		p.legends = append(p.legends, number) // The series may differ in this label alone.
		return
	}
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

// matchers translates the matchers of overrides, and of whatever else has some.
func (p *panel) matchers(n *node) {
	for node := range n.nodes(endsPanel) {
		kind, options := node.string("id"), node.child("options")
		switch kind {
		case "byName", "byRegexp":
			for _, s := range options.texts() {
				p.field(s, kind == "byRegexp")
			}
		case "byNames":
			for _, s := range options.get("names").texts() {
				p.field(s, false)
			}
		}
		p.mappings(node)
	}
}

// mappings reports values of a label, which are others now, that an override has texts for. A text that it shows in place of a name is no field.
func (p *panel) mappings(override *node) {
	properties := override.child("properties")
	if properties == nil {
		return
	}
	name := override.child("matcher").get("options").textValue()
	for _, property := range properties.children {
		switch id := property.string("id"); {
		case id == "displayName":
			for _, s := range property.child("value").texts() {
				p.kept[s] = true
			}
		case id == "mappings" && p.valuesChange(p.origin(name)):
			p.fail(property.child("id").text, "values of the label gpu, which are others now, are mapped to texts")
		}
	}
}

// fieldKeys are those of options that name fields.
var fieldKeys = []string{"fields", "field", "xField", "colorByField", "byField"}

// options translates the names of fields in the options of panels of today, and of the former ones for graphs and tables.
func (p *panel) options(view *node) {
	if view == nil {
		return
	}
	var all []*scalar
	if options := view.child("options"); options != nil {
		for node := range options.nodes(endsPanel) {
			for _, key := range fieldKeys {
				all = append(all, node.child(key).texts()...)
			}
		}
	}
	for _, list := range []struct {
		of  *node
		key string
	}{{view.child("options").get("sortBy"), "displayName"}, {view.child("styles"), "pattern"}, {view.child("seriesOverrides"), "alias"}} {
		if list.of != nil {
			for _, child := range list.of.children {
				all = append(all, child.child(list.key).texts()...)
			}
		}
	}
	for _, s := range all {
		p.field(s, strings.HasPrefix(s.value, "/"))
	}
	if colors := view.child("aliasColors"); colors != nil {
		for _, s := range colors.keys {
			p.field(s, false)
		}
	}
}

// field translates the name of a field, or reports what may mean another one now.
func (p *panel) field(s *scalar, isPattern bool) {
	l, changes := p.label(s.value)
	switch {
	case p.seen[s] || p.failed[s]:
	case isPattern:
		p.pattern(s)
	case !changes:
		if slices.ContainsFunc(p.legends, func(legend *regexp.Regexp) bool { return legend.MatchString(s.value) }) {
			p.fail(s, s.value+" may be a series by its legend, which has nvidia0 for 0 now")
		}
	case p.isDisplay(s.value) || p.mixed:
		p.fail(s, "field "+s.value+" may be a label, which is another one now, or something else")
	case l.why != "":
		p.fail(s, l.err(s.value).Error())
	default:
		p.rewrite(s, l.name)
	}
}

// isDisplay reports whether a field is given that name.
func (p *panel) isDisplay(name string) bool {
	_, is := p.display[name]
	return is
}

var digit = regexp.MustCompile(`\d|\\d`)

// pattern reports one that may be for a label, or for a legend with the number of a GPU.
func (p *panel) pattern(s *scalar) {
	for _, word := range words.FindAllString(s.value, -1) {
		if p.isSpecific(word) || p.changes(word) && !p.mixed {
			p.fail(s, "label "+word+" stands in the pattern "+s.value)
			return
		}
	}
	if len(p.legends) > 0 && digit.MatchString(s.value) {
		p.fail(s, "the pattern "+s.value+" may be for legends, which have nvidia0 for 0 now")
	}
}
