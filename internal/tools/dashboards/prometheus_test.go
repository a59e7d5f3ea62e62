// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A span is a time range of a Prometheus, at some resolution.
type span struct {
	prometheus string
	begin, end time.Time
	step       time.Duration
	chosen     map[string]string // values of variables
}

func (s span) count() int { return int(s.end.Sub(s.begin)/s.step) + 1 }

// series is what Prometheus gives for a query; values has NaN where there is none.
type series struct {
	labels map[string]string
	values []float64
}

// last returns the value at the end of the span.
func (s series) last() float64 { return s.values[len(s.values)-1] }

// name renders a legend, or all labels.
func (s series) name(legend string) string {
	if legend != "" {
		for label, text := range s.labels {
			legend = strings.ReplaceAll(legend, "{{"+label+"}}", text)
		}
		return strings.TrimSpace(leftOver.ReplaceAllString(legend, ""))
	}
	var texts []string
	for _, label := range slices.Sorted(maps.Keys(s.labels)) {
		texts = append(texts, s.labels[label])
	}
	return strings.Join(texts, " ")
}

// during returns the values that variables have: everything is chosen where nothing else is.
func (s span) during() map[string]string {
	values := maps.Clone(ofDemo)
	maps.Copy(values, s.chosen)
	return values
}

// ofDemo are the intervals for a Prometheus that scrapes every second.
var ofDemo = map[string]string{"__rate_interval": "10s", "__range": "2m", "__interval": "5s"}

// query evaluates the query of a panel over a span.
func (s span) query(t *testing.T, expr string) []series {
	t.Helper()
	form := url.Values{
		"query": {substitute(selectors.Replace(expr), s.during())},
		"start": {stamp(s.begin)}, "end": {stamp(s.end)}, "step": {strconv.FormatFloat(s.step.Seconds(), 'f', 3, 64)},
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.prometheus+"/api/v1/query_range?"+form.Encode(), http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close() //nolint:errcheck // It has been read.
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Equal(t, "success", answer.Status, "%s: %s", expr, answer.Error)
	var all []series
	for _, result := range answer.Data.Result {
		one := series{labels: result.Metric, values: slices.Repeat([]float64{math.NaN()}, s.count())}
		for _, point := range result.Values {
			at, ok := point[0].(float64)
			require.True(t, ok)
			value, err := strconv.ParseFloat(fmt.Sprint(point[1]), 64)
			require.NoError(t, err)
			i := int(math.Round((at - float64(s.begin.UnixMilli())/1000) / s.step.Seconds()))
			one.values[min(i, len(one.values)-1)] = value
		}
		all = append(all, one)
	}
	return all
}

func stamp(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }
