// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/pprofile/pprofileotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/protobuf/encoding/protowire"
)

// request is a request of upstream's, and where in it values can stand.
type request struct {
	shape  message
	values []pcommon.Value
	encode func() ([]byte, error)
}

// of adds a value to attributes and returns it.
func of(attributes pcommon.Map) pcommon.Value { return attributes.PutEmpty("key") }

func logsRequest() request {
	data := plog.NewLogs()
	r := data.ResourceLogs().AppendEmpty()
	s := r.ScopeLogs().AppendEmpty()
	l := s.LogRecords().AppendEmpty()
	values := []pcommon.Value{of(r.Resource().Attributes()), of(s.Scope().Attributes()), of(l.Attributes()), l.Body()}
	return request{logs, values, plogotlp.NewExportRequestFromLogs(data).MarshalProto}
}

func tracesRequest() request {
	data := ptrace.NewTraces()
	r := data.ResourceSpans().AppendEmpty()
	s := r.ScopeSpans().AppendEmpty()
	span := s.Spans().AppendEmpty()
	values := []pcommon.Value{
		of(r.Resource().Attributes()), of(s.Scope().Attributes()), of(span.Attributes()),
		of(span.Events().AppendEmpty().Attributes()), of(span.Links().AppendEmpty().Attributes()),
	}
	return request{traces, values, ptraceotlp.NewExportRequestFromTraces(data).MarshalProto}
}

func metricsRequest() request {
	data := pmetric.NewMetrics()
	r := data.ResourceMetrics().AppendEmpty()
	s := r.ScopeMetrics().AppendEmpty()
	add := s.Metrics().AppendEmpty
	gauge, sum := add().SetEmptyGauge().DataPoints().AppendEmpty(), add().SetEmptySum().DataPoints().AppendEmpty()
	histogram, exponential := add().SetEmptyHistogram().DataPoints().AppendEmpty(), add().SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	values := []pcommon.Value{
		of(r.Resource().Attributes()), of(s.Scope().Attributes()), of(add().Metadata()),
		of(gauge.Attributes()), of(gauge.Exemplars().AppendEmpty().FilteredAttributes()),
		of(sum.Attributes()), of(sum.Exemplars().AppendEmpty().FilteredAttributes()),
		of(histogram.Attributes()), of(histogram.Exemplars().AppendEmpty().FilteredAttributes()),
		of(exponential.Attributes()), of(exponential.Exemplars().AppendEmpty().FilteredAttributes()),
		of(add().SetEmptySummary().DataPoints().AppendEmpty().Attributes()),
	}
	return request{metrics, values, pmetricotlp.NewExportRequestFromMetrics(data).MarshalProto}
}

func profilesRequest() request {
	data := pprofile.NewProfiles()
	r := data.ResourceProfiles().AppendEmpty()
	values := []pcommon.Value{
		of(r.Resource().Attributes()), of(r.ScopeProfiles().AppendEmpty().Scope().Attributes()),
		data.Dictionary().AttributeTable().AppendEmpty().Value(),
	}
	return request{profiles, values, pprofileotlp.NewExportRequestFromProfiles(data).MarshalProto}
}

// nest fills a value with arrays within arrays, or maps within maps.
func nest(value pcommon.Value, maps bool, levels int) {
	for range levels {
		if maps {
			value = value.SetEmptyMap().PutEmpty("key")
		} else {
			value = value.SetEmptySlice().AppendEmpty()
		}
	}
}

func TestDeepValuesAreRefusedWhereverTheyStand(t *testing.T) {
	for name, build := range map[string]func() request{"logs": logsRequest, "traces": tracesRequest, "metrics": metricsRequest, "profiles": profilesRequest} {
		for place := range build().values {
			for _, maps := range []bool{false, true} {
				for levels, want := range map[int]error{3300: nil, 5100: errTooDeep} {
					r := build()
					nest(r.values[place], maps, levels)
					content, err := r.encode()
					require.NoError(t, err)
					require.Equal(t, want, r.shape.check(content), "%s, value %d, maps: %t, %d levels", name, place, maps, levels)
				}
			}
		}
	}
}

func TestDeprecatedFieldIsCheckedToo(t *testing.T) {
	r := logsRequest()
	nest(r.values[3], false, 5100)
	content, err := r.encode()
	require.NoError(t, err)
	_, _, n := protowire.ConsumeTag(content)
	resourceLogs, _ := protowire.ConsumeBytes(content[n:])
	var renamed []byte
	for len(resourceLogs) > 0 {
		number, kind, n := protowire.ConsumeTag(resourceLogs)
		size := protowire.ConsumeFieldValue(number, kind, resourceLogs[n:])
		if number == 2 {
			number = 1000
		}
		renamed = append(protowire.AppendTag(renamed, number, kind), resourceLogs[n:n+size]...)
		resourceLogs = resourceLogs[n+size:]
	}
	require.Equal(t, errTooDeep, logs.check(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), renamed)))
}

// Upstream might read on where a stricter reader stops.
func TestMalformedRequestsAreRefused(t *testing.T) {
	for _, content := range []string{"\xff", "\x0a\x05", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x0b", "\x00"} {
		require.Equal(t, errMalformed, logs.check([]byte(content)), "%q", content)
	}
	require.NoError(t, logs.check(nil))
}

func TestBracketsOfJSONAreCountedOutsideOfStrings(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"arrayValue":{"values":[`, n) + strings.Repeat(`]}}`, n) }
	for text, want := range map[string]error{
		deep(3300): nil,
		deep(3400): errTooDeep,
		`{"body":"` + strings.Repeat(`[`, 20_000) + `"}`:   nil,
		`{"body":"\"` + strings.Repeat(`[`, 20_000) + `"}`: nil,
		`{"body":"\\",` + strings.Repeat(`[`, 20_000):      errTooDeep,
		strings.Repeat(`{},`, 20_000):                      nil,
	} {
		require.Equal(t, want, checkJSON([]byte(text)), "%.40s", text)
	}
}

// The check costs little beside the unmarshalling that follows it.
func BenchmarkCheck(b *testing.B) {
	data := plog.NewLogs()
	records := data.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 1000 {
		r := records.AppendEmpty()
		r.Body().SetStr(strings.Repeat("x", 200))
		for _, key := range []string{"a", "b", "c", "d", "e"} {
			r.Attributes().PutStr(key, "value")
		}
	}
	content, err := plogotlp.NewExportRequestFromLogs(data).MarshalProto()
	require.NoError(b, err)
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			_ = logs.check(content)
		}
	})
	b.Run("unmarshal", func(b *testing.B) {
		for b.Loop() {
			_ = plogotlp.NewExportRequest().UnmarshalProto(content)
		}
	})
}
