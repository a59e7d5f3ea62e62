// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// acceptance is how much a client wants one media type.
type acceptance struct {
	ranges      []string // the media ranges that cover the type, the least specific first
	specificity int      // of the range that decided: 1 + its index; 0 while none did
	quality     float64
}

// prefersJSON reports whether the client wants JSON more than text of the subtype there is
// (RFC 9110, section 12.5.1). A client that wants both the same gets JSON only if it names
// application/json.
func prefersJSON(header http.Header, subtype string) bool {
	json := acceptance{ranges: []string{"*/*", "application/*", "application/json"}}
	text := acceptance{ranges: []string{"*/*", "text/*", "text/" + subtype}}
	for mediaRange := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		mediaType, params, err := mime.ParseMediaType(mediaRange)
		quality, ok := parseQuality(params)
		if err != nil || !ok {
			continue
		}
		json.consider(mediaType, quality)
		text.consider(mediaType, quality)
	}
	if json.quality == text.quality {
		return json.quality > 0 && json.specificity == len(json.ranges)
	}
	return json.quality > text.quality
}

// consider applies a media range if it covers the type more specifically than those before.
func (a *acceptance) consider(mediaRange string, quality float64) {
	if specificity := 1 + slices.Index(a.ranges, mediaRange); specificity > a.specificity {
		a.specificity, a.quality = specificity, quality
	}
}

func parseQuality(params map[string]string) (quality float64, ok bool) {
	q, ok := params["q"]
	if !ok {
		return 1, true
	}
	quality, err := strconv.ParseFloat(q, 64)
	return quality, err == nil && quality >= 0 && quality <= 1
}
