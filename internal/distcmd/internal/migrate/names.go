// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

var (
	named = regexp.MustCompile(`\b(?:DCGM|dcgm)_\w*`)
	words = regexp.MustCompile(`[\w:]+`)
)

// names reports whether a text has a name of dcgm-exporter, or of what is recorded of its series.
func (t Translator) names(text string) bool {
	if strings.Contains(text, "DCGM_") || strings.Contains(text, "dcgm_") {
		return true
	}
	return len(t.records) > 0 && slices.ContainsFunc(words.FindAllString(text, -1), func(word string) bool {
		_, is := t.records[word]
		return is
	})
}

// concerns reports whether an expression may be about dcgm-exporter's series.
func (t Translator) concerns(text string) bool {
	return t.names(text) || strings.Contains(text, "__name__") || slices.ContainsFunc(words.FindAllString(text, -1), t.isSpecific)
}

// isSpecific reports whether a label changes that dcgm-exporter alone has.
func (t Translator) isSpecific(label string) bool {
	_, changes := t.label(label)
	return changes && slices.Contains(specific, label)
}

var specific = []string{"gpu", "UUID", "modelName", "Hostname", "GPU_I_ID", "GPU_I_PROFILE", "pci_bus_id", "err_code", "err_msg", "hpc_job", "DCGM_FI_DRIVER_VERSION", "DCGM_FI_SYSTEM_DRIVER_VERSION"}

// mention is a name in a text that is another one, or none, by now; "" if there is none.
func (t Translator) mention(text string) string {
	for _, name := range named.FindAllString(text, -1) {
		if t.isOld(name) {
			return name
		}
	}
	return ""
}

// isOld reports whether a name changes. What begins as the names of fields do and is none may be a pattern.
func (t Translator) isOld(name string) bool {
	if _, changes := t.label(name); changes {
		return true
	}
	isField := strings.HasPrefix(name, "DCGM_FI_") || strings.HasPrefix(name, "DCGM_EXP_") || name == "DCGM_" || name == "dcgm_"
	if !isField && (!isExporters(name) || !isKnown(name)) {
		return false
	}
	_, changes, err := t.series(name)
	return changes || err != nil
}

func isKnown(name string) bool { return slices.Contains(allNames(), name) }

// matchesOld reports whether a pattern matches a name that changes.
func (t Translator) matchesOld(m *labels.Matcher) bool {
	return slices.ContainsFunc(allNames(), func(name string) bool { return m.Matches(name) && t.isOld(name) })
}

// allNames are those of all fields, in all releases.
var allNames = sync.OnceValue(func() []string {
	var all []string
	for _, f := range dcgmnames.Fields() {
		all = append(all, append(slices.Clone(f.Older), f.Name46, f.Name47)...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
})
