// SPDX-License-Identifier: Apache-2.0

package record

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/catalog"
	"github.com/tracecoreai/tracecore/receiver/dcgmreceiver/internal/metadata"
)

const (
	start = pcommon.Timestamp(41)
	at    = pcommon.Timestamp(42)
)

var entity = []string{"GPU-1", "nvidia3", "H100", "nvidia"}

// mdatagen's builder gives every metric one point: what it makes of metadata.yaml is what the batch has to make of it.
func TestPointsAreThoseOfTheGeneratedBuilder(t *testing.T) {
	config := metadata.DefaultMetricsBuilderConfig()
	for _, metric := range reflect.ValueOf(&config.Metrics).Elem().Fields() {
		metric.FieldByName("Enabled").SetBool(true)
	}
	set := receivertest.NewNopSettings(component.MustNewType("dcgm"))
	builder, batch := metadata.NewMetricsBuilder(config, set, metadata.WithStartTime(start)), NewBatch(catalog.ScopeName, set.BuildInfo.Version, catalog.Metrics())
	for method, call := range reflect.ValueOf(builder).Methods() {
		if !strings.HasPrefix(method.Name, "Record") {
			continue
		}
		call.Call(arguments(call.Type()))
	}
	want := builder.Emit(metadata.WithResource(resource()))
	metrics := want.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	require.Equal(t, catalog.Count, metrics.Len())
	for _, m := range metrics.All() {
		add(batch, catalog.Named(m.Name()), pointsOf(m).At(0).Attributes())
	}
	require.Equal(t, text(t, want), text(t, Emit(resource(), batch)))
	require.Zero(t, Emit(resource(), batch).ResourceMetrics().Len(), "it is empty now")
}

// arguments are those of a method of the builder: a timestamp, a value, the four of an entity, and more attributes.
func arguments(method reflect.Type) []reflect.Value {
	args := []reflect.Value{reflect.ValueOf(at)}
	texts := entity
	for i := 1; i < method.NumIn(); i++ {
		arg := reflect.New(method.In(i)).Elem()
		switch {
		case arg.CanInt():
			arg.SetInt(1) // The first value of an enumeration, too.
		case arg.CanFloat():
			arg.SetFloat(1)
		case arg.Kind() == reflect.Bool:
			arg.SetBool(true)
		case len(texts) > 0:
			arg.SetString(texts[0])
			texts = texts[1:]
		default:
			arg.SetString("free")
		}
		args = append(args, arg)
	}
	return args
}

// add adds the point that has the attributes.
func add(batch *Batch, m *catalog.Metric, attributes pcommon.Map) {
	p := Point{Value: catalog.Number{I: 1, F: 1}, At: at, Start: start}
	more := make([]string, 0, len(m.Attributes))
	for _, key := range m.Attributes {
		value, _ := attributes.Get(key)
		more = append(more, value.Str())
	}
	if !m.OfEntity {
		batch.Add(m, p, m.With(more...)...)
		return
	}
	of := pcommon.NewMap()
	for i, key := range []string{"hw.id", "hw.name", "hw.model", "hw.vendor"} {
		of.PutStr(key, entity[i])
	}
	for _, key := range []string{"hw.parent", "gpu.mig.profile", "gpu.mig.gi", "gpu.mig.ci"} {
		if m.OfInstance {
			of.PutStr(key, "free")
		}
	}
	if !slices.ContainsFunc(m.Attributes, func(key string) bool { return !isText(attributes, key) }) {
		batch.AddOf(of, m, p, m.With(more...)...)
		return
	}
	batch.AddFilled(of, m, p, func(to pcommon.Map) {
		for _, key := range m.Attributes {
			value, _ := attributes.Get(key)
			value.CopyTo(to.PutEmpty(key))
		}
	})
}

func isText(attributes pcommon.Map, key string) bool {
	value, _ := attributes.Get(key)
	return value.Type() == pcommon.ValueTypeStr
}

func pointsOf(m pmetric.Metric) pmetric.NumberDataPointSlice {
	if m.Type() == pmetric.MetricTypeSum {
		return m.Sum().DataPoints()
	}
	return m.Gauge().DataPoints()
}

func resource() pcommon.Resource {
	r := pcommon.NewResource()
	r.Attributes().PutStr("host.name", "node-1")
	return r
}

func text(t *testing.T, md pmetric.Metrics) string {
	t.Helper()
	out, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return strings.ReplaceAll(string(out), `{"name":`, "\n"+`{"name":`)
}

func TestPointsOfOneMetricStayTogetherWithTheirOwnTimes(t *testing.T) {
	batch, m := NewBatch(catalog.ScopeName, "", catalog.Metrics()), catalog.Named("hw.energy")
	for round := range 2 {
		for i := range 20 {
			batch.AddOf(pcommon.NewMap(), m, Point{Value: catalog.Number{F: float64(i)}, At: at, Start: pcommon.Timestamp(i)})
		}
		points := Emit(pcommon.NewResource(), batch).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints()
		require.Equal(t, 20, points.Len(), "round %d", round)
		for i, point := range points.All() {
			require.Equal(t, pcommon.Timestamp(i), point.StartTimestamp())
		}
	}
}

func TestAttributesOfAnEntityAreNotShared(t *testing.T) {
	batch, m, of := NewBatch(catalog.ScopeName, "", catalog.Metrics()), catalog.Named("gpu.up"), pcommon.NewMap()
	of.PutStr("hw.id", "GPU-1")
	batch.AddOf(of, m, Point{})
	Emit(pcommon.NewResource(), batch).ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).Attributes().PutStr("hw.id", "changed")
	id, _ := of.Get("hw.id")
	require.Equal(t, "GPU-1", id.Str())
}
