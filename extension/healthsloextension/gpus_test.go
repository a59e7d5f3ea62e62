// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/readings"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
	"github.com/tracecoreai/tracecore/internal/selftelemetry/gpureport"
)

// judging starts a server whose last sampling pass, which was so long ago, saw these GPUs.
func judging(t *testing.T, age time.Duration, gpus ...sampling.GPU) *subject {
	t.Helper()
	s := newSubject(t, func(cfg *Config) { cfg.SampleInterval = 5 * time.Second })
	v := verdicts{owner: t.Name(), state: &s.state}
	v.judge(&sampling.View{At: time.Now().Add(-age), GPUs: gpus})
	s.show(t, served{view: noView, node: v.node})
	return s
}

var (
	wellGPU = sampling.GPU{Component: "dcgm", ID: "GPU-0", Name: "nvidia0", Status: "ok", Health: "ok", Up: true}
	hotGPU  = sampling.GPU{Component: "dcgm", ID: "GPU-1", Name: "nvidia1", Status: "ok", Health: "ok", Up: true, Conditions: []sampling.Condition{{Name: "hw_thermal"}}}
	lostGPU = sampling.GPU{Component: "dcgm", ID: "GPU-2", Name: "nvidia2", Status: "lost", Health: "failed"}
)

func TestGPUsAnswerWithTheVerdict(t *testing.T) {
	const text, json, browser = "text/plain; charset=utf-8", "application/json; charset=utf-8", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	hot := judging(t, 0, wellGPU, hotGPU)
	f := func(path, accept string, code int, contentType, begin string) {
		t.Helper()
		response, body := hot.do(t, http.MethodGet, path, accept)
		require.Equal(t, code, response.StatusCode)
		require.Equal(t, contentType, response.Header.Get("Content-Type"))
		require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
		require.True(t, strings.HasPrefix(body, begin), body)
		head, none := hot.do(t, http.MethodHead, path, accept)
		require.Equal(t, code, head.StatusCode)
		require.Empty(t, none)
	}
	const asJSON, asText = `{"verdict":"degraded"`, "degraded: GPU nvidia1 is degraded: hardware thermal slowdown (CHECK_COOLING)\n"
	f("/gpus", "", 200, json, asJSON)
	f("/gpus", "*/*", 200, json, asJSON)
	f("/gpus", "application/json", 200, json, asJSON)
	f("/gpus", "text/plain", 200, text, asText)
	f("/gpus", browser, 200, text, asText)
	f("/gpus?format=text", "application/json", 200, text, asText)
	f("/gpus?format=json", "text/plain", 200, json, asJSON)
	f("/gpus?strict", "", 503, json, asJSON)
	f("/gpus?strict=true&format=text", "", 503, text, asText)
	f("/gpus?strict=false", "", 200, json, asJSON)
	f("/gpus?something=else", "", 200, json, asJSON)
	f("/gpus?strict=yes", "", 400, text, `"strict": must be true or false, got "yes"`)
	f("/gpus?format=xml", "", 400, text, `"format": must be json or text, got "xml"`)
	f("/gpus?strict=%zz", "", 400, text, "read the query: ")
	response, _ := hot.do(t, http.MethodPost, "/gpus", "")
	require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)

	for _, path := range []string{"/gpus", "/gpus?strict"} {
		s := judging(t, 0, wellGPU)
		s.requireProbe(t, "/healthz", 200, "ok\n")
		response, body := s.do(t, http.MethodGet, path, "")
		require.Equal(t, 200, response.StatusCode, body)
	}
}

func TestGPUsHaveWhatReceiversReport(t *testing.T) {
	s := judging(t, 0, wellGPU, lostGPU)
	at := time.Now().Add(-time.Second).UTC()
	observe := func(gpus ...gpureport.GPU) {
		var observer gpureport.Observer = s.healthSLO
		observer.ObserveGPUs(&gpureport.Report{Receiver: "dcgm", At: time.Now(), Interval: time.Second, GPUs: gpus})
	}
	missing := math.NaN()
	observe(gpureport.GPU{ID: "GPU-0", At: at, Temperature: 61, Power: missing, Utilization: 0, MemoryUsed: 1, MemoryTotal: 2, ThrottleKnown: true, XIDs: []gpureport.XID{{Code: 31, Mnemonic: "MMU", Count: 2, Last: at}}})
	gpus := func(path, accept string) []verdict.GPU {
		_, body := s.do(t, http.MethodGet, path, accept)
		var answer struct {
			verdict.Node
			Page verdict.Node `json:"node"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &answer), body)
		return append(answer.GPUs, answer.Page.GPUs...)
	}
	for path, points := range map[string]int{"/gpus": 0, "/": 1} {
		g := gpus(path, "application/json")
		require.Len(t, g, 2)
		r := g[0].Readings
		require.Equal(t, at, *r.At)
		require.InDelta(t, 61, *r.Temperature, 0)
		require.Nil(t, r.Power, "not known is not zero")
		require.Zero(t, *r.Utilization, "zero is not unknown")
		require.Equal(t, []string{}, r.ThrottleReasons)
		require.Equal(t, []readings.XID{{Code: 31, Mnemonic: "MMU", Count: 2, At: at}}, r.XIDs)
		require.Len(t, r.History, points, path)
		require.Nil(t, g[1].Readings, "nobody reports anything of it")
	}
	_, html := s.do(t, http.MethodGet, "/", "text/html")
	require.Contains(t, html, "61 °C")
	require.Contains(t, html, `aria-label="Temperature of nvidia0 in the last hour: now 61 °C, from 61 to 61 °C"`)
	observe()
	require.Nil(t, gpus("/gpus", "")[0].Readings, "the receiver has forgotten it")
}

func TestGPUsTurnNoProbeRed(t *testing.T) {
	s := judging(t, 0, lostGPU)
	require.NoError(t, s.Ready())
	s.requireProbe(t, "/healthz", http.StatusOK, "ok\n")
	s.requireProbe(t, "/readyz", http.StatusOK, "ok\n")
	response, body := s.do(t, http.MethodGet, "/gpus", "")
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	var node verdict.Node
	require.NoError(t, json.Unmarshal([]byte(body), &node))
	require.Equal(t, verdict.Unfit, node.Verdict)
	require.Equal(t, "RESTART_BM", node.Action)
	require.Equal(t, 1, node.Present)
	require.Nil(t, node.Expected)
	require.Equal(t, "lost", node.GPUs[0].State)
	require.Equal(t, "failed", node.GPUs[0].Health)
	require.WithinDuration(t, time.Now(), node.Since, time.Minute)
}

func TestVerdictsThatNobodyRenewsAreUnknown(t *testing.T) {
	s := judging(t, time.Hour, wellGPU)
	response, body := s.do(t, http.MethodGet, "/gpus?format=text", "")
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	require.True(t, strings.HasPrefix(body, "unknown: GPUs were last looked at 1h0m0s ago\n"), body)
	late := judging(t, 14*time.Second, wellGPU)
	response, _ = late.do(t, http.MethodGet, "/gpus", "")
	require.Equal(t, http.StatusOK, response.StatusCode, "three intervals are not late")
}

func TestReasonsOfNoGPU(t *testing.T) {
	s := newSubject(t, nil)
	verdicts := verdicts{owner: t.Name(), state: &s.state}
	s.state.Start(time.Now())
	f := func(want string, reason ...string) {
		t.Helper()
		verdicts.judge(&sampling.View{At: time.Now(), SourceReason: strings.Join(reason, "")})
		node := verdicts.node()
		require.Equal(t, verdict.Unknown, node.Verdict)
		require.Equal(t, []string{want}, node.Reasons)
	}
	f("starting: no receiver has reported a GPU yet")
	require.NoError(t, s.Ready())
	exporter := componentstatus.NewInstanceID(component.MustNewIDWithName("dcgm", "x"), component.KindExporter)
	s.ComponentStatusChanged(exporter, componentstatus.NewEvent(componentstatus.StatusOK))
	f("no receiver reports GPUs: service::pipelines has no dcgm receiver")
	f("no receiver reports GPUs: service::pipelines has no dcgm receiver", noSource)

	report := func(name string, event *componentstatus.Event) {
		receiver := componentstatus.NewInstanceID(component.MustNewIDWithName("dcgm", name), component.KindReceiver, pipeline.NewID(pipeline.SignalMetrics))
		s.ComponentStatusChanged(receiver, event)
	}
	report("a", componentstatus.NewEvent(componentstatus.StatusOK))
	f("no receiver has reported a GPU yet")
	f(noSource, noSource)
	report("b", componentstatus.NewRecoverableErrorEvent(errors.New("connection refused")))
	f("receiver dcgm/b: recoverable error: connection refused")
	report("a", componentstatus.NewPermanentErrorEvent(errors.New("no cgo")))
	f("receiver dcgm/a: permanent error: no cgo; receiver dcgm/b: recoverable error: connection refused", noSource)

	verdicts.expected = new(0)
	verdicts.judge(&sampling.View{At: time.Now()})
	require.Equal(t, verdict.Fit, verdicts.node().Verdict)
}

func TestNoVerdictBeforeTheFirstPass(t *testing.T) {
	verdicts := verdicts{expected: new(2)}
	node := verdicts.node().Now(time.Now(), time.Minute)
	require.Equal(t, verdict.Unknown, node.Verdict)
	require.Equal(t, 2, *node.Expected)
}

func TestConfiguredPathAndNumberOfGPUs(t *testing.T) {
	s := started(t, func(cfg *Config) { cfg.Paths.GPUs, cfg.Expect.GPUs = "/fit", new(0) })
	require.Eventually(t, func() bool { return !s.samples.node().At.IsZero() }, 10*time.Second, time.Millisecond, "there is no pass")
	s.requireProbe(t, "/fit?format=text", http.StatusOK, "fit: 0 GPUs\n")
	response, _ := s.do(t, http.MethodGet, "/gpus", "")
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}
