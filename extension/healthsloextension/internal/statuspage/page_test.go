// SPDX-License-Identifier: Apache-2.0

package statuspage

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/benchtest"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/readings"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/verdict"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var now = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// history has a point every 30 s of the last n: a backend that died for a while.
func history(n int) []Point {
	points := make([]Point, n)
	for i := range points {
		points[i].At = ago(time.Duration(n-i) * 30 * time.Second)
		points[i].QueueRatio = 0.05
		if dead := i - n/2; dead >= 0 && dead < n/4 {
			points[i].QueueRatio = min(1, 0.05+float64(dead)/12)
			points[i].Stalled = dead > 4
			points[i].FailureRate = min(1, float64(dead)/15)
		}
	}
	return points
}

// node is a node that has had these GPUs, H100, for an hour and a half.
func node(expected *int, gpus ...sampling.GPU) verdict.Node {
	for i := range gpus {
		gpus[i].Model = cmp.Or(gpus[i].Model, "NVIDIA H100 80GB HBM3")
	}
	n := verdict.Judge(gpus, expected, "")
	n.At = ago(90 * time.Minute)
	new(verdict.History).Stamp("health_slo", &n)
	n.At = ago(3 * time.Second)
	return n
}

// hour is what a GPU was like in the last hour, until so long ago.
func hour(until time.Duration, temperature, power, memory float64) []readings.Point {
	var points []readings.Point
	for i := range 120 {
		at := ago(time.Duration(120-i) * 30 * time.Second)
		if at.After(ago(until)) {
			break
		}
		busy := 0.5 + 0.5*math.Sin(float64(i)/9)
		points = append(points, readings.Point{
			At: at, Temperature: new(math.Round(temperature + 12*busy)), Power: new(math.Round(power * (0.3 + 0.7*busy))), Utilization: new(math.Round(100*busy) / 100), MemoryUsed: new(memory),
		})
	}
	return points
}

// read are the GPUs of a node with readings: one at work, one that is lost, one of which not all is known, and one that is too hot.
func read(n verdict.Node) verdict.Node {
	const gib = 1 << 30
	for i, r := range []readings.Readings{
		{
			At: new(ago(2 * time.Second)), Temperature: new(54.0), Power: new(612.4), Utilization: new(0.98), MemoryUsed: new(71.26 * gib), MemoryTotal: new(79.65 * gib),
			ThrottleReasons: []string{"sw_power_cap"}, XIDs: []readings.XID{}, History: hour(0, 42, 690, 71*gib),
		},
		{
			At: new(ago(25 * time.Minute)), History: hour(25*time.Minute, 45, 700, 70*gib),
			XIDs: []readings.XID{{Code: 79, Mnemonic: "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS", Count: 1, At: ago(25 * time.Minute)}, {Code: 4711, Count: 3, At: ago(50 * time.Hour)}},
		},
		{
			At: new(ago(2 * time.Second)), Utilization: new(0.0), MemoryUsed: new(0.0), MemoryTotal: new(79.65 * gib), XIDs: []readings.XID{},
			History: []readings.Point{{At: ago(30 * time.Second), Utilization: new(0.0), MemoryUsed: new(0.0)}},
		},
		{
			At: new(ago(2 * time.Second)), Temperature: new(91.0), Power: new(310.0), Utilization: new(0.4), MemoryUsed: new(33.0 * gib), MemoryTotal: new(79.65 * gib),
			ThrottleReasons: []string{"hw_slowdown", "hw_thermal"}, XIDs: []readings.XID{{Code: 31, Mnemonic: "ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT", Count: 1, At: ago(time.Hour)}}, History: hour(0, 75, 320, 33*gib),
		},
	} {
		if i < len(n.GPUs) {
			r.StepSeconds = 30
			n.GPUs[i].Readings = &r
		}
	}
	return n
}

// busy is a page with something in every section.
func busy() *Page {
	p := &Page{
		Status: "unavailable",
		At:     now,
		Collector: Collector{
			Command: "otelcol-tracecore-node", Version: "0.152.1", Revision: "0123456789abcdef0123456789abcdef01234567", GoVersion: "go1.26.8", Host: "gpu-07",
			Phase: "ready", Since: ago(27*time.Hour + 20*time.Minute),
			NotAlive: []string{}, NotReady: []string{"component exporter:stdout: permanent error: write: broken pipe"},
		},
		Components: []Component{
			{Kind: "receiver", ID: "clock", Pipelines: []string{"metrics"}, Status: "ok", Since: ago(27 * time.Hour)},
			{Kind: "receiver", ID: "dcgm", Pipelines: []string{"metrics", "logs"}, Status: "recoverable error", Since: ago(95 * time.Second), Error: "connect localhost:5555: connection refused", Failed: true},
			{Kind: "processor", ID: "batch", Pipelines: []string{"metrics", "traces"}, Status: "ok", Since: ago(27 * time.Hour)},
			{Kind: "exporter", ID: "otlp_grpc/backend", Pipelines: []string{"metrics", "traces"}, Status: "ok", Since: ago(27 * time.Hour)},
			{Kind: "exporter", ID: "stdout", Pipelines: []string{"metrics"}, Status: "permanent error", Since: ago(40 * time.Minute), Error: "write: broken pipe", Failed: true},
			{Kind: "extension", ID: "file_storage", Pipelines: []string{}, Status: "stopping", Since: ago(3 * time.Second)},
			{Kind: "extension", ID: "health_slo", Pipelines: []string{}, Status: "ok", Since: ago(27 * time.Hour)},
		},
		Telemetry: Telemetry{Source: "in-process", WindowSeconds: 60, StepSeconds: 30},
		Exporters: []Exporter{
			{ID: "otlp_grpc/backend", Signal: "metrics", QueueRatio: new(0.93), Stalled: true, FailureRate: 0.125, History: history(120)},
			{ID: "otlp_grpc/backend", Signal: "traces", QueueRatio: new(0.0), History: history(11)},
			{ID: "stdout", Signal: "metrics", History: []Point{}},
		},
		Objectives: []Objective{
			{Name: "delivery", Indicator: "exporter_success_ratio", Target: 0.999, Known: true, Current: 0.99951, BudgetRemaining: 0.51, BurnRates: []BurnRate{{300, 14.4}, {3600, 0.62}, {21600, 0.49}}},
			{Name: "fresh", Indicator: "receiver_freshness", Target: 0.999, BurnRates: []BurnRate{}},
			{Name: "headroom", Indicator: "queue_headroom", Target: 0.99, Known: true, Current: 0.9712, BudgetRemaining: -1.88, BurnRates: []BurnRate{{3600, 2.88}}},
		},
		Node: read(node(new(4),
			sampling.GPU{Component: "dcgm", ID: "GPU-5f9d3f3c-16b5-4a5c-9a7e-3d1f8a6c0b11", Name: "nvidia0", Status: "ok", Health: "ok", Up: true},
			sampling.GPU{Component: "dcgm", ID: "GPU-0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0", Name: "nvidia1", Status: "lost", Health: "failed"},
			sampling.GPU{Component: "dcgm", ID: "GPU-1c2d3e4f-5061-7283-94a5-b6c7d8e9f001", Name: "nvidia2", Status: "ok", Health: "failed", Conditions: []sampling.Condition{{Name: "recovery_gpu_reset"}, {Name: "row_remap_failed"}}, Up: true},
			sampling.GPU{Component: "dcgm", ID: "GPU-2d3e4f50-6172-8394-a5b6-c7d8e9f00112", Name: "nvidia3", Status: "ok", Health: "ok", Conditions: []sampling.Condition{{Name: "hw_thermal"}}, Up: true})),
	}
	p.Attention = Attention(p)
	return p
}

// calm is the page of a Collector that works.
func calm() *Page {
	p := busy()
	p.Status, p.Collector.NotReady = "ok", nil
	p.Components = slices.DeleteFunc(p.Components, func(c Component) bool { return c.Status != "ok" })
	p.Exporters = p.Exporters[1:]
	p.Objectives = p.Objectives[:1]
	well := sampling.GPU{Component: "dcgm", ID: "GPU-5f9d3f3c-16b5-4a5c-9a7e-3d1f8a6c0b11", Name: "nvidia0", Status: "ok", Health: "ok", Up: true, Simulated: true}
	other := well
	other.Name = "nvidia1"
	p.Node = node(nil, well, other)
	p.Attention = Attention(p)
	return p
}

// quiet is the page of a Collector of which nothing is known yet.
func quiet() *Page {
	return &Page{
		Status:    "unavailable",
		At:        now,
		Collector: Collector{Command: "otelcol", Phase: "starting", Since: now, NotReady: []string{"starting"}},
		Telemetry: Telemetry{Source: "none", Reason: "The telemetry factory of this distribution keeps its numbers to itself."},
		Refresh:   10,
	}
}

func TestGolden(t *testing.T) {
	f := func(name string, render func(io.Writer, *Page) error, p *Page) {
		t.Helper()
		var got bytes.Buffer
		require.NoError(t, render(&got, p))
		path := filepath.Join("testdata", name)
		if *update {
			require.NoError(t, os.WriteFile(path, got.Bytes(), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), got.String(), "run with -update and review the diff")
	}
	f("busy.html", HTML, busy())
	f("calm.html", HTML, calm())
	f("quiet.html", HTML, quiet())
	f("busy.json", JSON, busy())
}

func render(t *testing.T, p *Page) string {
	t.Helper()
	var got bytes.Buffer
	require.NoError(t, HTML(&got, p))
	return got.String()
}

func TestPageNeedsNothingFromElsewhereAndNoScript(t *testing.T) {
	for _, p := range []*Page{busy(), quiet()} {
		html := render(t, p)
		require.NotContains(t, html, "<script")
		require.NotContains(t, html, "ZgotmplZ")
		require.NotRegexp(t, `\son[a-z]+=|\sstyle=|@import|url\(`, html)
		for _, match := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(html, -1) {
			require.Regexp(t, `^(data:image/svg&#43;xml,|\?|#)`, match[1])
		}
	}
}

func TestPolicyAllowsExactlyTheStyleOfThePage(t *testing.T) {
	html := render(t, busy())
	_, rest, _ := strings.Cut(html, "<style>")
	css, _, found := strings.Cut(rest, "</style>")
	require.True(t, found)
	hash := sha256.Sum256([]byte(css))
	require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+
		"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", ContentSecurityPolicy())
}

func TestForeignTextStaysText(t *testing.T) {
	const attack = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	p := busy()
	p.Collector.Host = attack
	p.Collector.NotReady = []string{attack}
	p.Components[0].Error = attack
	p.Exporters[0].ID = attack
	p.Node = node(nil, sampling.GPU{Component: attack, ID: attack, Name: attack, Model: attack, Status: attack, Health: attack, Conditions: []sampling.Condition{{Name: attack, Action: attack}}})
	p.Node.GPUs[0].Readings = &readings.Readings{ThrottleReasons: []string{attack}, XIDs: []readings.XID{{Mnemonic: attack}}, StepSeconds: 30, History: hour(0, 1, 1, 1)}
	p.Objectives[0].Name = attack
	p.Telemetry.Reason = attack
	p.Attention = Attention(p)
	html := render(t, p)
	require.NotContains(t, html, "<script")
	require.NotContains(t, html, "<img")
}

// HTML of this page is also XML but for its void elements, so a parser can check the nesting.
func TestElementsAreNested(t *testing.T) {
	for _, p := range []*Page{busy(), quiet()} {
		html := strings.TrimPrefix(render(t, p), "<!DOCTYPE html>\n")
		html = regexp.MustCompile(`<(meta|link)\b([^>]*)>`).ReplaceAllString(html, "<$1$2/>")
		decoder := xml.NewDecoder(strings.NewReader(html))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
	}
}

func TestHeadline(t *testing.T) {
	f := func(want, grade, phase string, notAlive, notReady []string) {
		t.Helper()
		require.Equal(t, headline{want, grade}, newHeadline(&Collector{Phase: phase, NotAlive: notAlive, NotReady: notReady}))
	}
	f("Ready", "ok", "ready", nil, nil)
	f("Not ready", "bad", "ready", nil, []string{"x"})
	f("Not alive", "bad", "ready", []string{"x"}, []string{"x"})
	f("Not alive", "bad", "starting", []string{"x"}, []string{"starting", "x"})
	f("Starting", "warn", "starting", nil, []string{"starting"})
	f("Draining", "warn", "draining", nil, []string{"draining"})
	f("Shutting down", "warn", "shutting down", []string{"shutting down"}, []string{"shutting down"})
}

func TestReasonsAreSaidOnce(t *testing.T) {
	c := Collector{Phase: "draining", NotAlive: []string{"a", "b"}, NotReady: []string{"draining", "b", "c"}}
	require.Equal(t, []string{"a", "b", "c"}, c.Reasons())
}

func TestJSONIsReadBackAsWritten(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, JSON(&got, busy()))
	var p Page
	require.NoError(t, json.Unmarshal(got.Bytes(), &p))
	require.Equal(t, busy(), &p)
}

func TestNumbersThatAreNone(t *testing.T) {
	p := busy()
	for i, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		p.Exporters[i].FailureRate, p.Exporters[i].QueueRatio = bad, new(bad)
		p.Objectives[0].BurnRates[i].Rate = bad
	}
	html := render(t, p)
	require.NotContains(t, html, "NaN")
	require.NotContains(t, html, "Inf")
	require.Contains(t, html, "unknown")
	require.Error(t, JSON(io.Discard, p), "JSON has no such numbers")
}

func BenchmarkHTML(b *testing.B) {
	for _, exporters := range []int{1, 10, 100} {
		p := busy()
		p.Node.GPUs = nil // They have a benchmark of their own.
		one := p.Exporters[0]
		p.Exporters = slices.Repeat([]Exporter{one}, exporters)
		b.Run(strconv.Itoa(exporters)+" exporters", func(b *testing.B) {
			benchtest.ReportCPU(b)
			for b.Loop() {
				require.NoError(b, HTML(io.Discard, p))
			}
		})
	}
}

func BenchmarkGPUs(b *testing.B) {
	p := busy()
	p.Exporters = nil
	p.Node.GPUs = slices.Repeat(p.Node.GPUs[:1], 8)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, HTML(io.Discard, p))
	}
}
