// SPDX-License-Identifier: Apache-2.0

// Package statuspage renders the Collector's state for people: one HTML page without scripts or
// anything from elsewhere, and the same as JSON. It does no I/O and reads no clock.
package statuspage

import (
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html.tmpl
var pageTemplate string

//go:embed style.css
var style string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"age":       age,
	"bar":       func(ratio float64) string { return strconv.FormatFloat(100*clamp(ratio), 'f', 1, 64) },
	"budget":    budget,
	"charts":    newCharts,
	"grade":     grade,
	"full":      func(ratio float64) bool { return ratio >= nearlyFull },
	"icon":      icon,
	"join":      strings.Join,
	"percent":   percent,
	"rfc3339":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"seconds":   seconds,
	"simulated": simulated,
	"short":     func(revision string) string { return revision[:min(len(revision), 12)] },
	"style":     func() template.CSS { return template.CSS(style) },
	"times":     times,
	"words":     words,
	"utc":       func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
}).Parse(pageTemplate))

// ContentSecurityPolicy allows the page its own style and icon, and nothing else.
func ContentSecurityPolicy() string {
	hash := sha256.Sum256([]byte(style))
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(hash[:]))
}

// HTML writes the page.
func HTML(w io.Writer, p *Page) error {
	return page.Execute(w, struct {
		*Page
		Headline headline
		GPUs     gpuTable
	}{p, newHeadline(&p.Collector), newGPUTable(p.Node.GPUs, p.At)})
}

// JSON writes the same for machines.
func JSON(w io.Writer, p *Page) error {
	return json.NewEncoder(w).Encode(p)
}

// headline is the state in a word; its grade is a class of the style sheet.
type headline struct {
	Text, Grade string
}

func newHeadline(c *Collector) headline {
	switch {
	case len(c.NotAlive) > 0 && c.Phase != "shutting down":
		return headline{"Not alive", "bad"}
	case c.Phase != "ready":
		return headline{strings.ToUpper(c.Phase[:1]) + c.Phase[1:], "warn"}
	case len(c.NotReady) > 0:
		return headline{"Not ready", "bad"}
	default:
		return headline{"Ready", "ok"}
	}
}

// Reasons are those of both probes, each once, without the phase: that is the headline.
func (c *Collector) Reasons() []string {
	var reasons []string
	for _, reason := range slices.Concat(c.NotAlive, c.NotReady) {
		if reason != c.Phase && !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

// Grade of a component is a class of the style sheet.
func (c *Component) Grade() string {
	switch {
	case c.Status == "recoverable error":
		return "warn"
	case c.Failed:
		return "bad"
	case c.Status == "ok":
		return "ok"
	default:
		return "idle"
	}
}

// icon is a dot in the colour of the grade, so that a tab shows it.
func icon(grade string) template.URL {
	colour := map[string]string{"ok": "2da44e", "warn": "d4a72c", "bad": "cf222e"}[grade]
	return template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23" + colour + "'/%3E%3C/svg%3E")
}
