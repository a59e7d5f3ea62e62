// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"cmp"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

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

// made is an event with all that is known about it. Its attributes are made with its log record: events beyond the rate limit have none.
type made struct {
	event    reports.Event
	kind     string
	device   string
	severity xid.Severity
	place    place
	isGPU    bool // the event is about a GPU
	gpu      gpu
	code     xid.Code // without a number where the event is about no XID or SXID
}

var (
	severityOf    = map[string]xid.Severity{"info": xid.Info, "warn": xid.Warn, "error": xid.Error, "fatal": xid.Fatal}
	severityTexts = map[xid.Severity]string{xid.Info: "INFO", xid.Warn: "WARN", xid.Error: "ERROR", xid.Fatal: "FATAL"}
)

// learn takes what a line that is no event says about a GPU.
func (m *maker) learn(event *reports.Event) {
	a, ok := parseAddress(rules.Find(event.Captures, "pci"))
	if id := rules.Find(event.Captures, "uuid"); ok && gpuUUID.MatchString(id) {
		m.gpus.learn(a, id)
	}
}

func (m *maker) make(event reports.Event, now time.Time) made {
	e := made{event: event, kind: event.Rule.Kind, severity: severityOf[event.Rule.SeverityOf(event.Lines)]}
	if p, ok := m.placeOf(rules.Find(event.Captures, "pci")); ok {
		e.place = p
		e.gpu, e.isGPU = m.gpus.at(p.address, now)
		e.isGPU = e.isGPU || strings.HasPrefix(e.kind, "gpu.") && e.kind != sxidKind
	}
	m.find(&e)
	e.device = e.deviceOf()
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

// find takes what is known of an XID or SXID, and its severity.
func (m *maker) find(e *made) {
	captures := e.event.Captures
	if number, ok := numberOf(rules.Find(captures, "xid")); ok {
		e.code = m.codes.Message(number, rules.Find(captures, "text"))
	} else if number, ok := numberOf(rules.Find(captures, "sxid")); ok {
		e.code = m.codes.SXID(number, e.isFatal())
	} else {
		return
	}
	e.severity = e.code.Severity
}

// numberOf reads the number of a code. Most events have none.
func numberOf(text string) (int, bool) {
	if text == "" {
		return 0, false
	}
	number, err := strconv.ParseInt(text, 10, 32)
	return int(number), err == nil
}

// isFatal says whether an NVSwitch calls its error fatal.
func (e *made) isFatal() bool {
	return strings.EqualFold(rules.Find(e.event.Captures, "fatality"), "fatal")
}

// xid is the number of an XID, 0 where the event is none.
func (e *made) xid() int64 {
	if e.code.Kind != xid.XID {
		return 0
	}
	return int64(e.code.Number)
}

// busID is the address of the GPU, "" where the event is about none.
func (e *made) busID() string {
	if !e.isGPU {
		return ""
	}
	return e.place.busID
}

// deviceOf is what metrics tell apart by.
func (e *made) deviceOf() string {
	for _, name := range e.event.Rule.Device {
		value := rules.Find(e.event.Captures, name)
		if name == "pci" && value != "" {
			value = cmp.Or(e.gpu.id, e.busID(), e.place.text, value)
		}
		if value != "" {
			return value
		}
	}
	return ""
}

// putPCI says which GPU is at the address that the event names, or else the address.
func (e *made) putPCI(attributes pcommon.Map) {
	switch {
	case e.isGPU:
		attributes.PutStr("gpu.pci.bus_id", e.place.busID)
		putKnown(attributes, "hw.id", e.gpu.id)
		putKnown(attributes, "hw.name", e.gpu.name)
		putKnown(attributes, "hw.model", e.gpu.model)
		attributes.PutStr("hw.vendor", "nvidia")
		attributes.PutStr("hw.type", "gpu")
	case e.place.text != "":
		attributes.PutStr(rules.Captures["pci"].Key, e.place.text)
	}
}

func putKnown(attributes pcommon.Map, key, value string) {
	if value != "" {
		attributes.PutStr(key, value)
	}
}

// putCode says what an XID or SXID means.
func (e *made) putCode(attributes pcommon.Map) {
	if e.code.Kind == "" {
		return
	}
	if e.code.Kind == xid.SXID {
		attributes.PutBool("gpu.sxid.fatal", e.isFatal())
	}
	e.code.Attributes(attributes.PutStr, attributes.PutInt)
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

// mostOwn is how many attributes a log record has at most beside those of its captures.
const mostOwn = 24

// copyTo makes the log record, but for its times.
func (e *made) copyTo(record plog.LogRecord) {
	record.SetEventName(e.kind)
	record.SetSeverityNumber(plog.SeverityNumber(e.severity))
	record.SetSeverityText(severityTexts[e.severity])
	record.Body().SetStr(strings.Join(e.event.Lines, "\n"))
	attributes := record.Attributes()
	attributes.EnsureCapacity(len(e.event.Captures) + mostOwn)
	for _, capture := range e.event.Captures {
		put(attributes, rules.Captures[capture.Name], capture.Value)
	}
	e.putPCI(attributes)
	e.putCode(attributes)
	putCgroup(attributes, rules.Find(e.event.Captures, "cgroup"))
	attributes.PutStr("kernel.rule", e.event.Rule.Name)
	if e.event.Omitted > 0 {
		attributes.PutInt("kernel.event.omitted_lines", int64(e.event.Omitted))
	}
	if e.event.Wall.IsZero() { // It is of a record.
		e.putRecord(attributes)
	}
}

// putRecord says which record began the event.
func (e *made) putRecord(attributes pcommon.Map) {
	attributes.PutInt("kernel.log.sequence", int64(e.event.Sequence)) //nolint:gosec // The kernel counts from 0 at boot.
	attributes.PutInt("kernel.log.facility", int64(e.event.Facility))
	attributes.PutInt("kernel.log.priority", int64(e.event.Priority))
	putKnown(attributes, "kernel.log.caller", e.event.Caller)
	putKnown(attributes, "kernel.log.device", e.event.Device)
	if e.event.Continuation {
		attributes.PutBool("kernel.log.continuation", true)
	}
}
