// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"cmp"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/reports"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

// maker makes log records and counts of events. It is for one goroutine.
type maker struct {
	codes  *xid.Table
	gpus   *gpus
	places map[string]place
}

// place is what a text about a PCI address says.
type place struct {
	address
	text  string // as the kernel writes it
	busID string
}

// placeOf reads an address, once for each text.
func (m *maker) placeOf(text string) (place, bool) {
	if known, ok := m.places[text]; ok {
		return known, true
	}
	a, ok := parseAddress(text)
	if !ok {
		return place{}, false
	}
	p := place{a, a.String(), a.busID()}
	if m.places == nil || len(m.places) >= maxKnown {
		m.places = map[string]place{}
	}
	m.places[text] = p
	return p, true
}

// made is an event with all that is known about it.
type made struct {
	event      reports.Event
	kind       string
	device     string
	severity   xid.Severity
	attributes pcommon.Map
	gpu        gpu
	busID      string // "" where the event is about no GPU
	xid        int64  // 0 where it is none
}

var severityOf = map[string]xid.Severity{"info": xid.Info, "warn": xid.Warn, "error": xid.Error, "fatal": xid.Fatal}

// learn takes what a line that is no event says about a GPU.
func (m *maker) learn(event *reports.Event) {
	a, ok := parseAddress(rules.Find(event.Captures, "pci"))
	if id := rules.Find(event.Captures, "uuid"); ok && gpuUUID.MatchString(id) {
		m.gpus.learn(a, id)
	}
}

func (m *maker) make(event reports.Event) made {
	e := made{
		event: event, kind: event.Rule.Kind, attributes: pcommon.NewMap(),
		severity: severityOf[event.Rule.SeverityOf(event.Lines)],
	}
	for _, capture := range event.Captures {
		put(e.attributes, rules.Captures[capture.Name], capture.Value)
	}
	m.putPCI(&e)
	m.putCode(&e)
	putCgroup(e.attributes, rules.Find(event.Captures, "cgroup"))
	e.device = m.deviceOf(&e)
	return e
}

// put puts a capture as its form says; what is not of that form is left out.
func put(attributes pcommon.Map, as rules.Attribute, text string) {
	if text == "<unknown>" { // NVIDIA's driver says so of processes.
		return
	}
	switch as.Form {
	case rules.Text:
		attributes.PutStr(as.Key, strings.TrimSpace(text))
	case rules.Lower:
		attributes.PutStr(as.Key, strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), " ", "_"))
	case rules.Integer:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			attributes.PutInt(as.Key, n)
		}
	case rules.Kilobytes:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n <= math.MaxInt64>>10 {
			attributes.PutInt(as.Key, n<<10)
		}
	case rules.Seconds:
		if s, err := strconv.ParseFloat(text, 64); err == nil {
			attributes.PutDouble(as.Key, s)
		}
	case rules.Special:
	}
}

// sxidKind is the kind of the events whose PCI address is that of an NVSwitch.
const sxidKind = "gpu.sxid"

// putPCI says which GPU is at the address that the event names, or else the address.
func (m *maker) putPCI(e *made) {
	p, ok := m.placeOf(rules.Find(e.event.Captures, "pci"))
	if !ok {
		return
	}
	found, isGPU := m.gpus.at(p.address)
	if !isGPU && (!strings.HasPrefix(e.kind, "gpu.") || e.kind == sxidKind) {
		e.attributes.PutStr(rules.Captures["pci"].Key, p.text)
		return
	}
	e.gpu, e.busID = found, p.busID
	e.attributes.PutStr("gpu.pci.bus_id", e.busID)
	for _, attribute := range [...]struct{ key, value string }{
		{"hw.id", found.id}, {"hw.name", found.name}, {"hw.model", found.model}, {"hw.vendor", "nvidia"}, {"hw.type", "gpu"},
	} {
		if attribute.value != "" {
			e.attributes.PutStr(attribute.key, attribute.value)
		}
	}
}

// putCode says what an XID or SXID means, and takes its severity.
func (m *maker) putCode(e *made) {
	captures := e.event.Captures
	var code xid.Code
	if number, err := strconv.ParseInt(rules.Find(captures, "xid"), 10, 32); err == nil {
		code = m.codes.Message(int(number), rules.Find(captures, "text"))
		e.xid = number
	} else if number, err := strconv.ParseInt(rules.Find(captures, "sxid"), 10, 32); err == nil {
		fatal := strings.EqualFold(rules.Find(captures, "fatality"), "fatal")
		code = m.codes.SXID(int(number), fatal)
		e.attributes.PutBool("gpu.sxid.fatal", fatal)
	} else {
		return
	}
	e.severity = code.Severity
	code.Attributes(func(key string, value any) {
		_ = e.attributes.PutEmpty(key).FromRaw(value) // It has strings and numbers alone.
	})
}

// deviceOf is what metrics tell apart by.
func (m *maker) deviceOf(e *made) string {
	for _, name := range e.event.Rule.Device {
		value := rules.Find(e.event.Captures, name)
		if name == "pci" && value != "" {
			p, _ := m.placeOf(value)
			value = cmp.Or(e.gpu.id, e.busID, p.text, value)
		}
		if value != "" {
			return value
		}
	}
	return ""
}

// The uid of a static pod is a hash without hyphens.
var (
	podUID      = regexp.MustCompile(`pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})\b`)
	containerID = regexp.MustCompile(`(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)
)

// putCgroup says which pod and container a control group is of, by the names that kubelet and container runtimes give them. The container
// is the first one below the pod: what it nests is of it.
func putCgroup(attributes pcommon.Map, path string) {
	if path == "" {
		return
	}
	attributes.PutStr(rules.Captures["cgroup"].Key, path)
	below := path
	if at := podUID.FindStringSubmatchIndex(path); at != nil {
		attributes.PutStr("k8s.pod.uid", strings.ReplaceAll(path[at[2]:at[3]], "_", "-"))
		below = path[at[1]:]
	}
	if match := containerID.FindStringSubmatch(below); match != nil {
		attributes.PutStr("container.id", match[1])
	}
}

// copyTo makes the log record, but for its times.
func (e *made) copyTo(record plog.LogRecord) {
	record.SetEventName(e.kind)
	record.SetSeverityNumber(plog.SeverityNumber(e.severity))
	record.SetSeverityText(strings.ToUpper(e.severity.String()))
	record.Body().SetStr(strings.Join(e.event.Lines, "\n"))
	attributes := record.Attributes()
	e.attributes.CopyTo(attributes)
	attributes.PutStr("kernel.rule", e.event.Rule.Name)
	if e.event.Omitted > 0 {
		attributes.PutInt("kernel.event.omitted_lines", int64(e.event.Omitted))
	}
	if !e.event.Wall.IsZero() {
		return // It is of no record.
	}
	attributes.PutInt("kernel.log.sequence", int64(e.event.Sequence)) //nolint:gosec // The kernel counts from 0 at boot.
	attributes.PutInt("kernel.log.facility", int64(e.event.Facility))
	attributes.PutInt("kernel.log.priority", int64(e.event.Priority))
	for _, attribute := range [...]struct{ key, value string }{{"kernel.log.caller", e.event.Caller}, {"kernel.log.device", e.event.Device}} {
		if attribute.value != "" {
			attributes.PutStr(attribute.key, attribute.value)
		}
	}
	if e.event.Continuation {
		attributes.PutBool("kernel.log.continuation", true)
	}
}
