// SPDX-License-Identifier: Apache-2.0

package exporterview

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/dcgm"
)

// Names are the releases of dcgm-exporter by whose names series go. AsWritten leaves each the name that the counters file has.
type Names string

// The names.
const (
	AsWritten Names = ""
	Names48   Names = dcgmnames.Release48
	Names49   Names = dcgmnames.Release49
	BothNames Names = dcgmnames.BothReleases
)

// View is what dcgm-exporter makes of a counters file.
type View struct {
	Names   Names // those by which the series go: where the file decides, 4.9's if it has names of 4.9 and none that 4.9 changed
	Metrics []catalog.Metric
	Rows    []catalog.Row               // of the metrics that come from a field as it is
	Events  map[Event][]*catalog.Metric // of the others; one may have two names
	Labels  []LabelField
	Skipped []string // counters of ConnectX adapters, which are not read
}

// LabelField is a field whose text is a label of all series of the entities that have it.
type LabelField struct {
	Name  string
	Field dcgm.FieldID
	Kinds catalog.Kinds // of the entities that have it, all of them where it is of the node
}

// OfNode are the kinds of entities that have a field of the node.
const OfNode = ^catalog.Kinds(0)

// Event is what a metric tells that is made of more than the newest value of a field.
type Event string

// The events, by the name that a counters file has for them; the first three are fields of DCGM there.
const (
	XIDLast          Event = "xid"
	SXIDFatal        Event = "fatal SXID"
	SXIDNonFatal     Event = "non-fatal SXID"
	XIDCount         Event = "DCGM_EXP_XID_ERRORS_COUNT"
	XIDTotal         Event = "DCGM_EXP_XID_ERRORS_TOTAL"
	ClockEventsCount Event = "DCGM_EXP_CLOCK_EVENTS_COUNT"
	ClockEventsTotal Event = "DCGM_EXP_CLOCK_EVENTS_TOTAL"
	HealthStatus     Event = "DCGM_EXP_GPU_HEALTH_STATUS"
	PeerStatus       Event = "DCGM_EXP_P2P_STATUS"
)

var events = []Event{XIDCount, XIDTotal, ClockEventsCount, ClockEventsTotal, HealthStatus, PeerStatus}

// ofFields are the events that fields of DCGM tell.
var ofFields = map[dcgm.FieldID]Event{230: XIDLast, 856: SXIDFatal, 857: SXIDNonFatal}

// New returns the view of a counters file, given as its path, its text or [DefaultCounters].
func New(counters string, names Names) (*View, error) {
	b := builder{from: map[string]string{}}
	if counters == DefaultCounters {
		b.addDefaults(names)
		return b.build(names)
	}
	lines, err := read(counters)
	b.errs = append(b.errs, err)
	b.engine = engineOf(names, lines)
	b.add(lines, names) // What else is wrong is said as well.
	return b.build(names)
}

// series is a metric of a view before all are known.
type series struct {
	metric  catalog.Metric
	sources []catalog.Source
	event   Event
}

type builder struct {
	view   View
	series []series
	engine dcgmnames.Version // whose names the lines have; zero where that is not known
	from   map[string]string // where a series or a label comes from
	errs   []error
}

// addDefaults adds the counters of one release or of both.
func (b *builder) addDefaults(names Names) {
	for _, d := range []struct {
		release Names
		text    string
	}{{Names48, counters48}, {Names49, counters49}} {
		if names != d.release && names != BothNames && (names != AsWritten || d.release != Names48) {
			continue
		}
		lines, err := Parse("counters-"+string(d.release)+".csv", d.text)
		b.errs = append(b.errs, err)
		lines = slices.DeleteFunc(lines, func(l Line) bool { return b.from[l.Name] != "" })
		b.engine = engineOf(d.release, lines)
		b.add(lines, d.release)
	}
}

func (b *builder) add(lines []Line, names Names) {
	for i := range lines {
		if err := b.addLine(&lines[i], names); err != nil {
			b.errs = append(b.errs, fmt.Errorf("%s: %w", lines[i].At, err))
		}
	}
}

func (b *builder) addLine(line *Line, names Names) error {
	if event := Event(line.Name); slices.Contains(events, event) {
		if line.Type == Label {
			return fmt.Errorf("%s is no text, its type must be gauge or counter", line.Name)
		}
		return b.put(line, line.Name, &series{event: event})
	}
	field, err := dcgmnames.Resolve(line.Name, b.engine)
	if err != nil {
		return fmt.Errorf("%w%s", err, hintOf(line.Name, names))
	}
	if err := fits(line, &field); err != nil {
		return err
	}
	if field.Level == "CONNECTX" { // dcgm-exporter reads no such field either.
		b.view.Skipped = append(b.view.Skipped, line.Name)
		return nil
	}
	for _, called := range callings(line, &field, names) {
		if err := b.putCalled(line, &called); err != nil {
			return err
		}
	}
	return nil
}

// limits are the numbers with a unit that do not change while a GPU or an NVSwitch works: sizes of memory, highest clocks, temperatures and bandwidths.
var limits = []uint16{90, 113, 114, 115, 151, 152, 158, 159, 250, 253, 287, 859, 860, 1608, 1609, 1610}

// fits says what is wrong about the type of a line for its field.
func fits(line *Line, field *dcgmnames.Field) error {
	switch {
	case line.Type == Label && field.Type == "DOUBLE":
		return fmt.Errorf("%s is a floating-point number (field %d), each value of which would be a series: it cannot be a label", line.Name, field.ID)
	case line.Type == Label && field.IsNumber() && field.Unit != "" && !slices.Contains(limits, field.ID):
		return fmt.Errorf("%s is measured (field %d, in %s), each value of which would be a series: it cannot be a label", line.Name, field.ID, field.Unit)
	case line.Type == Label && field.Type != "BINARY" || field.IsNumber() || field.Type == "":
		return nil
	default:
		return fmt.Errorf("%s is no number (field %d, type %s), it cannot be a %s", line.Name, field.ID, field.Type, line.Type)
	}
}

// kindsOf are the kinds of entities that have a field.
func kindsOf(id dcgm.FieldID) catalog.Kinds {
	if field, known := dcgmnames.ByID(uint16(id)); known && field.Level == "NONE" {
		return OfNode
	}
	return catalog.LevelOf(id)
}

func (b *builder) putCalled(line *Line, c *calling) error {
	if line.Type == Label {
		if before := b.from[c.name]; before != "" {
			return fmt.Errorf("%s is what %s makes already", c.name, before)
		}
		b.from[c.name] = line.At
		b.view.Labels = append(b.view.Labels, LabelField{c.name, c.fields[0].id, kindsOf(c.fields[0].id)})
		return nil
	}
	s := &series{}
	s.metric.Description = c.help
	for _, f := range c.fields {
		s.sources = append(s.sources, f.source(line.Type))
	}
	s.metric.Int = !slices.ContainsFunc(c.fields, func(f scaled) bool { return !f.isWhole })
	if event, is := ofFields[c.fields[0].id]; is {
		s.event, s.sources, s.metric.Int = event, nil, true
	}
	return b.put(line, c.name, s)
}

func (b *builder) put(line *Line, name string, s *series) error {
	if before := b.from[name]; before != "" {
		return fmt.Errorf("%s is what %s makes already", name, before)
	}
	b.from[name] = line.At
	m := &s.metric
	m.Name, m.Index = name, len(b.series)
	if m.Description == "" {
		m.Description = line.Help
	}
	m.Int = m.Int || s.event != ""
	m.Sum, m.Monotonic = line.Type == Counter, line.Type == Counter
	b.series = append(b.series, *s)
	return nil
}

// ofView are the entities that dcgm-exporter has series of: it knows no compute instances.
var ofView = catalog.KindsOf(dcgm.GPU, dcgm.GPUInstance, dcgm.Switch, dcgm.Link, dcgm.CPU, dcgm.CPUCore)

func (b *builder) build(names Names) (*View, error) {
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	v := &b.view
	v.Names = b.namesOf(names)
	v.Events = map[Event][]*catalog.Metric{}
	for i := range b.series {
		v.Metrics = append(v.Metrics, b.series[i].metric)
	}
	for i := range b.series {
		s := &b.series[i]
		if s.event != "" {
			v.Events[s.event] = append(v.Events[s.event], &v.Metrics[i])
			continue
		}
		v.Rows = append(v.Rows, catalog.RowOf(&v.Metrics[i], ofView, catalog.Normal, s.sources...))
	}
	return v, nil
}
