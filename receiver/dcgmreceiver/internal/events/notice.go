// SPDX-License-Identifier: Apache-2.0

package events

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/inventory"
)

// Notice is a change of something that lasts.
type Notice struct {
	Event      string
	Time       int64 // microseconds since the Unix epoch on the host engine's clock
	Severity   xid.Severity
	Text       string // for people; all of its facts are attributes
	Attributes map[string]any
}

// maxFacts bounds what is remembered of entities.
const maxFacts = 100_000

// Changed remembers what a fact about an entity is. It reports true where it is another one than before, and nothing where it was not known
// before, or where so many records wait that none is to be added: the change is reported later.
func (j *Journal) Changed(key inventory.Key, fact, value string) (before string, changed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	name := factName(key, fact)
	before, known := j.state.Facts[name]
	switch {
	case known && before == value:
		return before, false
	case known && recordsOf(j.waiting).Len() >= MaxWaiting, !known && len(j.state.Facts) >= maxFacts:
		return before, false
	}
	j.remember(name, value)
	return before, known
}

// Assume remembers what a fact about an entity is, where it is not known.
func (j *Journal) Assume(key inventory.Key, fact, value string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	name := factName(key, fact)
	if _, known := j.state.Facts[name]; !known {
		j.remember(name, value)
	}
}

func factName(key inventory.Key, fact string) string {
	return fmt.Sprintf("%d/%s/%s", key.Kind, key.ID, fact)
}

func (j *Journal) remember(name, value string) {
	if j.state.Facts == nil {
		j.state.Facts = map[string]string{}
	}
	j.state.Facts[name] = value
	j.dirty = true
}

// Forget forgets the facts about an entity.
func (j *Journal) Forget(key inventory.Key) {
	j.mu.Lock()
	defer j.mu.Unlock()
	prefix := factName(key, "")
	for name := range j.state.Facts {
		if strings.HasPrefix(name, prefix) {
			delete(j.state.Facts, name)
			j.dirty = true
		}
	}
}

// Notice adds the record of a notice about a subject, if records are wanted.
func (j *Journal) Notice(s *Subject, n Notice) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.keeps {
		return
	}
	s.fill(n, recordsOf(j.waiting).AppendEmpty())
	j.dirty = true
}

func (s *Subject) fill(n Notice, record plog.LogRecord) {
	record.SetEventName(n.Event)
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.UnixMicro(n.Time)))
	record.SetSeverityNumber(plog.SeverityNumber(n.Severity))
	record.SetSeverityText(strings.ToUpper(n.Severity.String()))
	attributes := record.Attributes()
	s.Attributes.CopyTo(attributes)
	if s.PCIBusID != "" {
		attributes.PutStr(attributePCIBusID, s.PCIBusID)
	}
	for key, value := range n.Attributes {
		_ = attributes.PutEmpty(key).FromRaw(value) // Texts, numbers and truths never fail.
	}
	text := n.Text
	if id := s.id(); id != "" {
		text = fmt.Sprintf("%s (%s): %s", s.text("hw.name"), id, n.Text)
	}
	record.Body().SetStr(text)
	attributes.PutStr(attributeUID, uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s/%s/%d/%s", n.Event, s.id(), n.Time, n.Text)).String())
}

// Episode is when something begins and ends that may come and go from one sample to the next. It ends when it has not come back for a while.
type Episode struct {
	active bool
	ended  int64 // when it was gone first, while it may come back; 0 if it is there
}

// lull is how long something is gone before it has ended.
const lull = 30 * time.Second

// Observe takes whether it is there at a time in microseconds. It reports true when it has begun, or has ended at a time that may be earlier.
func (e *Episode) Observe(at int64, there bool) (begun, changed bool, when int64) {
	switch {
	case there && e.active:
		e.ended = 0
	case there:
		e.active, e.ended = true, 0
		return true, true, at
	case e.active && e.ended == 0:
		e.ended = at
	case e.active && at-e.ended >= lull.Microseconds():
		e.active = false
		return false, true, e.ended
	}
	return e.active, false, 0
}
