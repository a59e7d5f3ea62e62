// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"slices"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// Keys under which configurations of Prometheus and of Alertmanager name labels.
var routingKeys = []string{
	"source_labels", "sourceLabels", "target_label", "targetLabel",
	"group_by", "groupBy", "equal", "match", "match_re", "matchers", "source_match", "source_match_re", "source_matchers", "sourceMatch", "target_match", "target_match_re", "target_matchers", "targetMatch",
	"object_matchers", "objectMatchers",
}

// Keys of what has templates for alerts of any kind.
var alertingKeys = []string{"receivers", "route", "contactPoints", "policies", "templates"}

// routing reports labels of dcgm-exporter's own where series are relabelled and alerts are routed: whether they come with those series is not to be seen.
func (m *migration) routing(n *node) {
	for i, key := range n.keys {
		if slices.Contains(routingKeys, key.value) {
			m.known = true
			m.routed(n.children[i], 2)
		}
		m.alerting = m.alerting || slices.Contains(alertingKeys, key.value)
	}
	if action := n.string("action"); action == "labeldrop" || action == "labelkeep" || action == "labelmap" {
		m.routed(n.child("regex"), 0)
	}
	m.relabelled(n)
}

// relabelled reports a pattern for names of series of which some change and not all are meant.
func (m *migration) relabelled(n *node) {
	regex := n.get("regex")
	if regex == nil || regex.text == nil || !isNames(n.get("source_labels")) && !isNames(n.get("sourceLabels")) {
		return
	}
	matcher, err := labels.NewMatcher(labels.MatchRegexp, model.MetricNameLabel, regex.text.value)
	if err == nil && !matcher.Matches("up") && m.matchesOld(matcher) && m.mention(regex.text.value) == "" {
		m.fail(regex.text, "the pattern of names "+regex.text.value+" fits names that change")
	}
}

// isNames reports whether labels are the name of a series alone.
func isNames(sources *node) bool {
	return sources != nil && len(sources.children) == 1 && sources.children[0].textValue() == model.MetricNameLabel
}

// routed reports labels in a node, and in what it has some levels below.
func (m *migration) routed(n *node, levels int) {
	if n == nil {
		return
	}
	texts := slices.Clone(n.keys)
	if n.text != nil {
		texts = append(texts, n.text)
	}
	for _, s := range texts {
		for _, word := range words.FindAllString(s.value, -1) {
			if m.isSpecific(word) {
				m.fail(s, "label "+word+" is named where series are relabelled or alerts are routed")
				break
			}
		}
	}
	if levels > 0 {
		for _, child := range n.children {
			m.routed(child, levels-1)
		}
	}
}
