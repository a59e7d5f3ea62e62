// SPDX-License-Identifier: Apache-2.0

package health

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pipeline"
)

const (
	// maxErrorRunes bounds what one error adds to a response and to memory.
	maxErrorRunes = 512

	// maxInstances is far beyond any configuration. It bounds memory should the service ever
	// report through identities that come and go.
	maxInstances = 10_000
)

// grades orders statuses by how much attention they need, and names them. What has no place
// here needs none.
var grades = map[componentstatus.Status]struct {
	rank int
	name string
}{
	componentstatus.StatusNone:             {0, "not started"},
	componentstatus.StatusOK:               {1, "ok"},
	componentstatus.StatusStopped:          {2, "stopped"},
	componentstatus.StatusStopping:         {3, "stopping"},
	componentstatus.StatusStarting:         {4, "starting"},
	componentstatus.StatusRecoverableError: {5, "recoverable error"},
	componentstatus.StatusPermanentError:   {6, "permanent error"},
	componentstatus.StatusFatalError:       {7, "fatal error"},
}

// instances holds the last status of every instance of a component.
type instances map[componentstatus.InstanceID]report

// report is one status and since when it has been that one.
type report struct {
	status componentstatus.Status
	since  time.Time
	err    string // empty without one
}

// componentKey names a component as users do. One component has an instance for each set of
// pipelines it works in.
type componentKey struct {
	kind component.Kind
	id   component.ID
}

// observe keeps the last status of an instance. A fatal error is terminal.
func (i *instances) observe(source *componentstatus.InstanceID, event *componentstatus.Event) {
	last, known := (*i)[*source]
	if last.status == componentstatus.StatusFatalError || !known && len(*i) >= maxInstances {
		return
	}
	if *i == nil {
		*i = instances{}
	}
	next := newReport(event)
	if known && next.status == last.status {
		next.since = last.since
	}
	(*i)[*source] = next
}

// newReport renders the error at once: afterwards it belongs to the component again.
func newReport(event *componentstatus.Event) report {
	r := report{status: event.Status(), since: event.Timestamp()}
	if err := event.Err(); err != nil {
		r.err = oneLine(err.Error())
	}
	return r
}

// worse orders by attention; between equals the choice is a stable one.
func (r report) worse(other report) bool {
	return cmp.Or(
		cmp.Compare(grades[r.status].rank, grades[other.status].rank),
		cmp.Compare(other.err, r.err),
		other.since.Compare(r.since),
	) > 0
}

func (r report) String() string {
	if r.err == "" {
		return grades[r.status].name
	}
	return grades[r.status].name + ": " + r.err
}

// worst returns the worst report of each component.
func (i instances) worst() map[componentKey]report {
	worst := map[componentKey]report{}
	for instance, candidate := range i {
		key := componentKey{kind: instance.Kind(), id: instance.ComponentID()}
		if known, ok := worst[key]; !ok || candidate.worse(known) {
			worst[key] = candidate
		}
	}
	return worst
}

// reasons has one line for each component in the given error or a worse one.
func (i instances) reasons(atLeast componentstatus.Status) []string {
	var lines []string
	for key, w := range i.worst() {
		if grades[w.status].rank >= grades[atLeast].rank {
			lines = append(lines, fmt.Sprintf("component %s:%s: %s", key.kindName(), key.id, w))
		}
	}
	slices.Sort(lines)
	return lines
}

func (k componentKey) kindName() string {
	return strings.ToLower(k.kind.String())
}

// pipelines returns the names of the pipelines each component works in, sorted.
func (i instances) pipelines() map[componentKey][]string {
	names := map[componentKey]map[string]bool{}
	for instance := range i {
		key := componentKey{kind: instance.Kind(), id: instance.ComponentID()}
		if names[key] == nil {
			names[key] = map[string]bool{}
		}
		instance.AllPipelineIDs(func(id pipeline.ID) bool {
			names[key][id.String()] = true
			return true
		})
	}
	sorted := make(map[componentKey][]string, len(names))
	for key, set := range names {
		sorted[key] = slices.Sorted(maps.Keys(set))
	}
	return sorted
}

// userInfo is user and password of a URL. A password may hold an @ itself: the last one ends it.
var userInfo = regexp.MustCompile(`://[^/?#\s"]+@`)

// oneLine makes foreign text safe to show on a line of its own, to whom may not know the secrets of URLs.
func oneLine(text string) string {
	text = userInfo.ReplaceAllString(text, "://[REDACTED]@")
	printable := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(printable), " "))
	if len(runes) > maxErrorRunes {
		runes = append(runes[:maxErrorRunes-1], '…')
	}
	return string(runes)
}
