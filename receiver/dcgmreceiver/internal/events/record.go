// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Fields of XIDs and SXIDs (dcgm_fields.h).
const (
	FieldXID          dcgm.FieldID = 230
	FieldFatalSXID    dcgm.FieldID = 856
	FieldNonFatalSXID dcgm.FieldID = 857
)

const (
	attributeUID       = "log.record.uid"
	attributePCIBusID  = "gpu.pci.bus_id"
	attributeSXIDFatal = "gpu.sxid.fatal"
)

// Subject is what an event is about.
type Subject struct {
	Attributes pcommon.Map // hw.id and the rest of its identity
	PCIBusID   string      // "" if unknown
	Number     string      // what it goes by where nobody knows who had its number
}

// CodeOf returns what an occurrence means by a table. It reports false for a value that can be no code.
func CodeOf(table *xid.Table, o Occurrence) (xid.Code, bool) {
	const most = 1<<31 - 1
	if o.Value < 1 || o.Value > most {
		return xid.Code{}, false
	}
	if o.Field == FieldXID {
		return table.XID(int(o.Value)), true
	}
	return table.SXID(int(o.Value), o.Field == FieldFatalSXID), true
}

// Describe fills the record of an XID or SXID.
func (s *Subject) Describe(o Occurrence, code xid.Code, replayed bool, record plog.LogRecord) {
	name := "gpu." + string(code.Kind)
	record.SetEventName(name)
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.UnixMicro(o.Time)))
	record.SetSeverityNumber(plog.SeverityNumber(code.Severity))
	record.SetSeverityText(strings.ToUpper(code.Severity.String()))
	attributes := record.Attributes()
	s.Attributes.CopyTo(attributes)
	if s.PCIBusID != "" {
		attributes.PutStr(attributePCIBusID, s.PCIBusID)
	}
	code.Attributes(attributes.PutStr, attributes.PutInt)
	if code.Kind == xid.SXID {
		attributes.PutBool(attributeSXIDFatal, o.Field == FieldFatalSXID)
	}
	if replayed {
		attributes.PutBool(name+".replayed", true)
	}
	record.Body().SetStr(s.sentence(code))
	attributes.PutStr(attributeUID, uid(name, s.id(), o))
}

func (s *Subject) id() string { return cmp.Or(s.text("hw.id"), s.Number) }

func (s *Subject) text(key string) string {
	if value, exists := s.Attributes.Get(key); exists {
		return value.AsString()
	}
	return ""
}

// sentence is the event for people. All of its facts are attributes.
func (s *Subject) sentence(code xid.Code) string {
	subject := fmt.Sprintf("%s (%s)", s.text("hw.name"), s.id())
	if s.Number != "" {
		subject = fmt.Sprintf("what was DCGM's %s then", s.Number)
	}
	parts := []string{fmt.Sprintf("%s %d on %s", strings.ToUpper(string(code.Kind)), code.Number, subject)}
	if code.Meaning != "" {
		parts = append(parts, code.Meaning)
	}
	if code.Action != "" {
		parts = append(parts, "NVIDIA's action: "+code.Action)
	}
	if code.Frozen {
		parts = append(parts, "the DCGM host engine does not call the driver after this: recover the GPU, then restart nv-hostengine")
	}
	return strings.Join(parts, "; ")
}

// uid is the same whenever and by whomever the occurrence is read, so that a repetition can be told.
func uid(name, id string, o Occurrence) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s/%s/%d/%d/%d/%d", name, id, o.Entity.Kind, o.Field, o.Time, o.Value)).String()
}
