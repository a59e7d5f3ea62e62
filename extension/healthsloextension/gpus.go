// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/munnerz/goautoneg"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
)

// gpuReceiver is the type of the receivers that report GPUs.
const gpuReceiver = "dcgm"

// verdicts judges the node after each sampling pass.
type verdicts struct {
	owner    string // the id of the extension
	expected *int
	state    *health.State
	current  atomic.Pointer[verdict.Node]
}

// node returns the verdict of the last pass.
func (v *verdicts) node() verdict.Node {
	if node := v.current.Load(); node != nil {
		return *node
	}
	return verdict.Node{Reasons: []string{}, Expected: v.expected, GPUs: []verdict.GPU{}}
}

func (v *verdicts) judge(view *sampling.View) {
	absence := ""
	if len(view.GPUs) == 0 {
		absence = absenceOf(view, v.state)
	}
	node := verdict.Judge(view.GPUs, v.expected, absence)
	node.At = view.At
	verdict.Process.Stamp(v.owner, &node)
	v.current.Store(&node)
}

// absenceOf says why no GPU is reported.
func absenceOf(view *sampling.View, state *health.State) string {
	if state.Starting() {
		return "starting: no receiver has reported a GPU yet"
	}
	reasons, receivers := []string{}, 0
	for _, c := range state.Snapshot(view.At).Components {
		if kind, _, _ := strings.Cut(c.ID, "/"); c.Kind != "receiver" || kind != gpuReceiver {
			continue
		}
		receivers++
		if c.Failed {
			reasons = append(reasons, fmt.Sprintf("receiver %s: %s: %s", c.ID, c.Status, c.Error))
		}
	}
	switch {
	case receivers == 0:
		return "no receiver reports GPUs: service::pipelines has no " + gpuReceiver + " receiver"
	case len(reasons) > 0:
		return strings.Join(reasons, "; ")
	case view.SourceReason != "":
		return view.SourceReason
	default:
		return "no receiver has reported a GPU yet"
	}
}

// ObserveGPUs implements [gpureport.Observer]: receivers call it with what they have read.
func (h *healthSLO) ObserveGPUs(report *gpureport.Report) { h.readings.Observe(report) }

// nodeNow is the verdict as far as it can be trusted, with what receivers have read of its GPUs now, or in the last hour as well. Sampling may
// be late on a busy machine.
func (h *healthSLO) nodeNow(seen served, now time.Time, history bool) verdict.Node {
	const latePasses = 3
	node := seen.node().Now(now, max(health.StaleAfter, latePasses*h.cfg.SampleInterval))
	node.GPUs = slices.Clone(node.GPUs) // The verdict is that of all clients.
	for i := range node.GPUs {
		g := &node.GPUs[i]
		g.Readings = h.readings.Of(g.Component, g.ID, now, history)
	}
	return node
}

// gpuVerdict answers whether work may be put on the node: 200, or 503.
func (h *healthSLO) gpuVerdict(seen served) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		strict, asText, err := gpuQuery(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		node := h.nodeNow(seen, time.Now(), false)
		code := http.StatusServiceUnavailable
		if node.Usable(strict) {
			code = http.StatusOK
		}
		if asText {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(code)
			_, _ = w.Write(node.Text()) // The client went away.
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(node) // The client went away.
	})
}

// gpuQuery reads what the client asks for. What it does not know of a query does no harm.
func gpuQuery(r *http.Request) (strict, asText bool, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false, false, fmt.Errorf("read the query: %w", err)
	}
	if value := query.Get("strict"); query.Has("strict") {
		if strict, err = strconv.ParseBool(value); err != nil && value != "" {
			return false, false, fmt.Errorf(`"strict": must be true or false, got %q`, value)
		}
		strict = strict || value == ""
	}
	switch format := query.Get("format"); format {
	case "":
		return strict, prefersText(r.Header), nil
	case "json", "text":
		return strict, format == "text", nil
	default:
		return false, false, fmt.Errorf(`"format": must be json or text, got %q`, format)
	}
}

// prefersText reports whether the client wants text more than JSON. A client to which both are the same gets JSON.
func prefersText(header http.Header) bool {
	accept := strings.ToLower(strings.Join(header.Values("Accept"), ","))
	return strings.HasPrefix(goautoneg.Negotiate(accept, []string{"application/json", "text/plain", "text/html"}), "text/")
}
