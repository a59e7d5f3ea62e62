// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"bytes"
	"net/http"
	"os"
	"runtime"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/statuspage"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
	"github.com/tracecoreai/tracecore/internal/buildinfo"
)

// refreshSeconds is how often a page refreshes itself for whom asks for it with ?refresh=10.
const refreshSeconds = 10

// statusPage answers with HTML for people and JSON for whom prefers that.
func (h *healthSLO) statusPage(seen served) http.Handler {
	host, _ := os.Hostname() // The page shows it if there is one.
	policy := statuspage.ContentSecurityPolicy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		page := newPage(now, h.set.BuildInfo, host, h.state.Snapshot(now), seen.view(), h.nodeNow(seen, now, true))
		if r.URL.Query().Get("refresh") == "10" {
			page.Refresh = refreshSeconds
		}
		render, contentType := statuspage.HTML, "text/html; charset=utf-8"
		if prefersJSON(r.Header, "html") {
			render, contentType = statuspage.JSON, "application/json; charset=utf-8"
		}
		var body bytes.Buffer
		if err := render(&body, page); err != nil {
			h.set.Logger.Error("Cannot render the status page", zap.Error(err))
			http.Error(w, "cannot render the status page", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(body.Bytes()) // The client went away.
	})
}

func newPage(now time.Time, build component.BuildInfo, host string, snapshot health.Snapshot, view sampling.View, node verdict.Node) *statuspage.Page {
	page := &statuspage.Page{
		Status: statusText(snapshot.Readiness),
		At:     now,
		Collector: statuspage.Collector{
			Command: build.Command, Version: build.Version, Revision: buildinfo.Revision(), GoVersion: runtime.Version(), Host: host,
			Phase: snapshot.Phase, Since: snapshot.Since,
			NotAlive: orEmpty(snapshot.Liveness), NotReady: orEmpty(snapshot.Readiness),
		},
		Components: convert(snapshot.Components, newPageComponent),
		Telemetry:  statuspage.Telemetry{Source: view.Source, Reason: view.SourceReason, WindowSeconds: view.Window.Seconds(), StepSeconds: view.HistoryStep.Seconds()},
		Exporters:  convert(view.Exporters, newPageExporter),
		Objectives: convert(view.Objectives, newPageObjective),
		Node:       node,
	}
	page.Attention = statuspage.Attention(page)
	return page
}

func newPageComponent(c *health.Component) statuspage.Component {
	return statuspage.Component{
		Kind: c.Kind, ID: c.ID, Pipelines: orEmpty(c.Pipelines),
		Status: c.Status, Since: c.Since, Error: c.Error, Failed: c.Failed,
	}
}

func newPageExporter(e *sampling.Exporter) statuspage.Exporter {
	exporter := statuspage.Exporter{
		ID: e.ID, Signal: e.Signal, FailureRate: e.FailureRate, Stalled: e.Stalled,
		History: convert(e.History, func(p *sampling.Point) statuspage.Point { return statuspage.Point(*p) }),
	}
	if e.HasQueue {
		exporter.QueueRatio = &e.QueueRatio
	}
	return exporter
}

func newPageObjective(o *sampling.Objective) statuspage.Objective {
	return statuspage.Objective{
		Name: o.Name, Indicator: o.Indicator, Target: o.Target,
		Known: o.Known, Current: o.Current, BudgetRemaining: o.BudgetRemaining,
		BurnRates: convert(o.BurnRates, func(b *sampling.BurnRate) statuspage.BurnRate {
			return statuspage.BurnRate{WindowSeconds: b.Window.Seconds(), Rate: b.Rate}
		}),
	}
}

// convert never returns nil: JSON clients get an empty list, not null.
func convert[From, To any](from []From, one func(*From) To) []To {
	to := make([]To, 0, len(from))
	for i := range from {
		to = append(to, one(&from[i]))
	}
	return to
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
