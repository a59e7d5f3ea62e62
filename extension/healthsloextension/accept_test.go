// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrefersJSON(t *testing.T) {
	f := func(want bool, accept ...string) {
		t.Helper()
		require.Equal(t, want, prefersJSON(http.Header{"Accept": accept}, "plain"), "Accept: %q", accept)
	}
	f(false)
	f(false, "")
	f(false, "*/*")
	f(false, "text/plain")
	f(false, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	f(false, "image/png")
	f(false, "application/jsonp")
	f(false, "not a media type")
	f(false, "application/json;q=0.5, text/plain")
	f(false, "application/json;q=0.5, */*;q=0.8")
	f(false, "application/json;q=0, */*")

	f(true, "application/json")
	f(true, "Application/JSON; charset=utf-8")
	f(true, "application/json, */*")
	f(true, "application/json, text/plain, */*")
	f(true, "text/html", "application/json")
	f(true, "application/*")
	f(true, "text/plain;q=0.5, application/json;q=0.6")
}

// FuzzPrefersJSON states that a client gets JSON only if it asks for something that can be JSON.
func FuzzPrefersJSON(f *testing.F) {
	f.Add("application/json;q=0.5, text/plain")
	f.Add("*/*;q=0.1, text/*;q=0")
	f.Fuzz(func(t *testing.T, accept string) {
		if prefersJSON(http.Header{"Accept": {accept}}, "plain") {
			require.Contains(t, strings.ToLower(accept), "application")
		}
	})
}
