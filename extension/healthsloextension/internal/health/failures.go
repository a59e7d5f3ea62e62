// SPDX-License-Identifier: Apache-2.0

package health

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// maxErrorRunes bounds what one error adds to a response and to memory.
const maxErrorRunes = 512

// failures holds the instances of components that are in a permanent or fatal error.
type failures map[componentstatus.InstanceID]failure

type failure struct {
	status componentstatus.Status
	text   string
}

// componentKey names a component as users do. One component has an instance for each set of
// pipelines it works in.
type componentKey struct {
	kind component.Kind
	id   component.ID
}

// observe keeps the last status of an instance. A fatal error is terminal.
func (f *failures) observe(source *componentstatus.InstanceID, event *componentstatus.Event) {
	if (*f)[*source].status == componentstatus.StatusFatalError {
		return
	}
	switch event.Status() {
	case componentstatus.StatusPermanentError, componentstatus.StatusFatalError:
		if *f == nil {
			*f = failures{}
		}
		(*f)[*source] = newFailure(event)
	default:
		delete(*f, *source)
	}
}

// newFailure renders the error at once: afterwards it belongs to the component again.
func newFailure(event *componentstatus.Event) failure {
	text := "permanent error"
	if event.Status() == componentstatus.StatusFatalError {
		text = "fatal error"
	}
	if err := event.Err(); err != nil {
		text += ": " + oneLine(err.Error())
	}
	return failure{status: event.Status(), text: text}
}

// reasons has one line for each component with an instance in the given status or a worse one:
// the worst of its instances.
func (f failures) reasons(atLeast componentstatus.Status) []string {
	worst := map[componentKey]failure{}
	for instance, candidate := range f {
		key := componentKey{kind: instance.Kind(), id: instance.ComponentID()}
		if candidate.status >= atLeast && candidate.worseThan(worst[key]) {
			worst[key] = candidate
		}
	}
	lines := make([]string, 0, len(worst))
	for key, w := range worst {
		lines = append(lines, fmt.Sprintf("component %s:%s: %s", strings.ToLower(key.kind.String()), key.id, w.text))
	}
	slices.Sort(lines)
	return lines
}

// worseThan puts fatal above permanent, and makes the choice between equals a stable one.
func (f failure) worseThan(other failure) bool {
	if f.status != other.status {
		return f.status > other.status
	}
	return f.text < other.text
}

// oneLine makes foreign text safe to show on a line of its own.
func oneLine(text string) string {
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
