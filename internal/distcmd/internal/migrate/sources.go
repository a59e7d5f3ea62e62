// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"
	"strings"
)

// Types of data sources by a part of their names: those that speak PromQL, and well-known others.
var (
	promQL  = []string{"prometheus", "victoriametrics", "mimir", "thanos", "cortex"}
	foreign = []string{"loki", "elasticsearch", "opensearch", "influx", "tempo", "graphite", "clickhouse", "mysql", "postgres", "mssql", "cloudwatch", "opentsdb", "zipkin", "jaeger", "alertmanager"}
)

func hasPart(text string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(strings.ToLower(text), part) })
}

// isPrometheus reports whether a data source may be asked in PromQL.
func isPrometheus(source string) bool { return source == "" || hasPart(source, promQL) }

// declared finds the variables of a dashboard that stand for data sources.
func (m *migration) declared(n *node, walked map[*node]bool) {
	if walked[n] {
		return
	}
	walked[n] = true
	switch name := n.string("name"); {
	case name == "":
	case n.string("pluginId") != "":
		m.sources[name] = n.string("pluginId")
	case n.string("type") == "datasource":
		m.sources[name] = n.string("query")
	}
	for _, child := range n.children {
		m.declared(child, walked)
	}
}

// source is the type of the data source that a node of a dashboard names, or that of what the node is in.
func (m *migration) source(n *node, inherited string) string {
	if group := n.string("group"); n.string("kind") == "DataQuery" && group != "" {
		return group
	}
	if kind := n.string("kind"); n.child("spec") != nil && hasPart(kind, foreign) {
		return kind
	}
	named := n.child("datasource")
	switch {
	case named == nil:
		return inherited
	case named.text != nil:
		return m.sourceCalled(named.text.value)
	}
	switch kind := named.string("type"); kind {
	case "":
		return m.sourceCalled(named.string("uid"))
	case "datasource", "mixed":
		return "" // Each query has its own.
	default:
		return kind
	}
}

// sourceCalled is the type of a data source that is a variable, or that has a type in its name.
func (m *migration) sourceCalled(name string) string {
	if kind, is := m.sources[strings.Trim(name, "${}[]")]; is {
		return kind
	}
	if hasPart(name, foreign) && !hasPart(name, promQL) {
		return name
	}
	return ""
}
