// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// A path is whatever the receiver's own mux takes it for.
func TestRequestsAreKnownByThePathsOfTheReceiver(t *testing.T) {
	m := middleware{routes: []route{newRoute("/v1/traces", traces), newRoute("/logs/", logs), newRoute("/logs/metrics", metrics)}}
	for path, want := range map[string]message{
		"/v1/traces":    traces,
		"/v1/traces/":   nil,
		"/logs/":        logs,
		"/logs/any/one": logs,
		"/logs/metrics": metrics,
		"/elsewhere":    nil,
	} {
		got, known := m.request(httptest.NewRequest(http.MethodPost, "http://localhost"+path, nil))
		require.Equal(t, want != nil, known, path)
		require.Len(t, got, len(want), path)
		require.Equal(t, want.check(nil), got.check(nil), path)
		for number := range want {
			require.Contains(t, got, number, path)
		}
	}
}

func TestLongestPathThatMatchesDecidesWhatARequestIs(t *testing.T) {
	all, one := newRoute("/v1/", logs), newRoute("/v1/traces", traces)
	for _, routes := range [][]route{{all, one}, {one, all}} {
		found, known := middleware{routes: routes}.request(httptest.NewRequest(http.MethodPost, "/v1/traces", http.NoBody))
		require.True(t, known)
		require.Equal(t, reflect.ValueOf(traces).Pointer(), reflect.ValueOf(found).Pointer())
	}
}
