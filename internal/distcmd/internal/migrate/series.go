// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// Target is whose names expressions get.
type Target string

// The targets.
const (
	Exporter49 Target = "4.9"  // dcgm-exporter's of 4.9
	OTel       Target = "otel" // the dcgm receiver's, as Prometheus has them
)

// Translator translates names. Engine is the release of DCGM whose names a file has, zero where that is not known.
type Translator struct {
	Target Target
	Engine dcgmnames.Version

	records map[string]record // by name
	targets []string          // labels that are the target's, and not dcgm-exporter's
}

// rename is what becomes of the selector of a series.
type rename struct {
	name   string
	labels []dcgmnames.Attribute // to select it among the series of that name
	factor dcgmnames.Factor      // from the old unit to the new one

	field    uint16
	entities []string              // that the receiver has it of
	matchers []dcgmnames.Attribute // more of them, whatever the series of that name
	isRate   bool                  // name is a counter whose rate the old series was
	notes    []string
}

// ofExporter matches names that dcgm-exporter's series may have. The dcgm receiver has metrics that begin so, too.
var (
	ofExporter = regexp.MustCompile(`^(DCGM_|dcgm_)`)
	ofReceiver = regexp.MustCompile(`^dcgm_(clock_|fields_|hostengine_|reconnects|sample_age|scrape_duration|up$|values_dropped|watch_rebuilds)`)
)

func isExporters(name string) bool {
	return ofExporter.MatchString(name) && !ofReceiver.MatchString(name)
}

// byExporter are series that dcgm-exporter makes itself, with what has their place.
var byExporter = map[string]string{
	"DCGM_EXP_XID_ERRORS_COUNT":   "increase(gpu_xid_errors_total[5m]) counts XIDs by gpu_xid_code",
	"DCGM_EXP_XID_ERRORS_TOTAL":   "gpu_xid_errors_total counts XIDs by gpu_xid_code",
	"DCGM_EXP_CLOCK_EVENTS_COUNT": "increase(gpu_throttle_events_total[5m]) counts reasons by gpu_throttle_reason",
	"DCGM_EXP_CLOCK_EVENTS_TOTAL": "gpu_throttle_events_total counts reasons by gpu_throttle_reason",
	"DCGM_EXP_GPU_HEALTH_STATUS":  "gpu_health has 0, 1 and 2 by gpu_health_system",
	"DCGM_EXP_P2P_STATUS":         "states of peers are in the view dcgm_exporter alone",
}

// series returns what becomes of a series of dcgm-exporter; false where it keeps its name.
func (t Translator) series(name string) (r rename, changes bool, err error) {
	if hint, known := byExporter[name]; known {
		if t.Target == Exporter49 {
			return rename{}, false, nil
		}
		return rename{}, false, fmt.Errorf("%s has no counterpart: %s", name, hint)
	}
	field, err := dcgmnames.Resolve(name, t.Engine)
	if err != nil {
		return rename{}, false, err
	}
	if t.Target == Exporter49 {
		r, changes = in49(name, field)
		return r, changes, nil
	}
	r, err = ofOTel(name, field)
	return r, err == nil, err
}

// in49 returns what 4.9 calls the series of a field. A name of 4.9 that was one of 4.8 as well changes its unit alone.
func in49(name string, field dcgmnames.Field) (rename, bool) {
	for _, r := range dcgmnames.Renames() {
		if r.Label || r.OldField.ID != field.ID || r.New == name && r.NewField.ID == field.ID {
			continue
		}
		renamed := rename{name: r.New, factor: r.Convert}
		if r.New == name {
			renamed.notes = append(renamed.notes, name+" was in % in 4.8 and is a ratio in 4.9: rewrite a file once")
		}
		return renamed, true
	}
	return rename{}, false
}

func ofOTel(name string, field dcgmnames.Field) (rename, error) {
	metric, ok := counterpart(field)
	if !ok {
		return rename{}, fmt.Errorf("%s (DCGM field %d) has no counterpart%s", name, field.ID, instead(field))
	}
	r := rename{name: PrometheusName(metric), factor: metric.Factor, isRate: metric.Kind == dcgmnames.Rate, field: field.ID, entities: metric.Entities}
	for _, a := range metric.Attributes {
		r.labels = append(r.labels, dcgmnames.Attribute{Key: label(a.Key), Value: a.Value})
	}
	if !metric.Default {
		r.notes = append(r.notes, fmt.Sprintf("%s needs metrics::%s::enabled: true in the dcgm receiver", r.name, metric.Name))
	}
	if r.isRate {
		r.notes = append(r.notes, fmt.Sprintf("%s was bytes per second, and %s counts bytes", name, r.name))
	}
	return r, nil
}

// counterpart is the metric that has the quantity of a field: one that takes the field, or the same in a base unit, before all others,
// then one that does so where there is nothing better; then a counter whose rate the field is.
func counterpart(field dcgmnames.Field) (dcgmnames.Metric, bool) {
	all := dcgmnames.Metrics(field.ID)
	first := func(m dcgmnames.Metric) bool { return m.Preference == 0 || sameInBase(field, m) }
	multiplies := func(m dcgmnames.Metric) bool { return m.Kind == dcgmnames.Level || m.Kind == dcgmnames.Counter }
	for _, is := range []func(dcgmnames.Metric) bool{
		func(m dcgmnames.Metric) bool { return multiplies(m) && first(m) && m.Default },
		func(m dcgmnames.Metric) bool { return multiplies(m) && first(m) },
		multiplies,
		func(m dcgmnames.Metric) bool { return m.Kind == dcgmnames.Rate && m.Unit == "By" },
	} {
		if i := slices.IndexFunc(all, is); i >= 0 {
			return all[i], true
		}
	}
	return ofOldUnit(field)
}

// ofOldUnit is the metric that has the quantity of a field in a base unit that nothing is made of.
func ofOldUnit(field dcgmnames.Field) (dcgmnames.Metric, bool) {
	old, ok := dcgmnames.InOldUnit(field.ID)
	if !ok {
		return dcgmnames.Metric{}, false
	}
	m, ok := counterpart(old)
	m.Factor = dcgmnames.Factor{Multiply: m.Factor.Multiply * old.ToBase.Divide, Divide: m.Factor.Divide * old.ToBase.Multiply}
	return m, ok
}

// sameInBase reports whether a metric prefers the same quantity in the base unit.
func sameInBase(field dcgmnames.Field, m dcgmnames.Metric) bool {
	return slices.ContainsFunc(dcgmnames.Metrics(field.Base), func(base dcgmnames.Metric) bool {
		return base.Preference == 0 && base.Name == m.Name && slices.Equal(base.Attributes, m.Attributes)
	})
}

// instead names the metrics that are made of a field in another way.
func instead(field dcgmnames.Field) string {
	var names []string
	for _, m := range dcgmnames.Metrics(field.ID) {
		if name := PrometheusName(m); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return "; made of it are " + strings.Join(names, ", ")
}

var types = map[string]otlptranslator.MetricType{
	"gauge": otlptranslator.MetricTypeGauge, "counter": otlptranslator.MetricTypeMonotonicCounter, "updowncounter": otlptranslator.MetricTypeNonMonotonicCounter,
}

// PrometheusName is the name that the prometheus exporter and Prometheus' OTLP receiver give a metric by default.
func PrometheusName(m dcgmnames.Metric) string {
	namer := otlptranslator.MetricNamer{WithMetricSuffixes: true}
	name, err := namer.Build(otlptranslator.Metric{Name: m.Name, Unit: m.Unit, Type: types[m.Type]})
	if err != nil {
		return strings.ReplaceAll(m.Name, ".", "_") // Empty names alone have none.
	}
	return name
}

// label is the label that Prometheus has for an attribute.
func label(attribute string) string { return strings.ReplaceAll(attribute, ".", "_") }
