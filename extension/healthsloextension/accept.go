// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"net/http"
	"strings"

	"github.com/munnerz/goautoneg"
)

// prefersJSON reports whether the client wants JSON more than text of the subtype there is. A
// client to which both are the same gets text.
func prefersJSON(header http.Header, subtype string) bool {
	const json = "application/json"
	accept := strings.ToLower(strings.Join(header.Values("Accept"), ","))
	return goautoneg.Negotiate(accept, []string{"text/" + subtype, json}) == json
}
