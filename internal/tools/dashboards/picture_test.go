// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-analyze/charts"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/require"
)

// The grid of a picture: Grafana's 24 columns, and what fits on a screen.
const (
	columnWidth, rowHeight  = 50, 30
	pictureWidth, gridLines = 24 * columnWidth, 31
	gap, titleHeight        = 3, 24
)

var (
	pageColor  = charts.ColorFromHex("#111217")
	panelColor = charts.ColorFromHex("#181b1f")
	textColor  = charts.ColorFromHex("#d0d1d6")
	named      = map[string]charts.Color{
		"green": charts.ColorFromHex("#56a64b"), "yellow": charts.ColorFromHex("#f2cc0c"),
		"orange": charts.ColorFromHex("#ff780a"), "red": charts.ColorFromHex("#e02f44"), "": charts.ColorFromHex("#3274d9"),
	}
)

func font(size float64) charts.FontStyle {
	return charts.FontStyle{FontSize: size, FontColor: textColor}
}

// A frame is a panel at its place on the picture.
type frame struct {
	panel
	box charts.Box
}

// frames places the panels where Grafana does, as far as they fit.
func frames(t *testing.T, b board) []frame {
	t.Helper()
	built, err := build(b)
	require.NoError(t, err)
	var placed []dashboard.GridPos
	for _, p := range built.Panels {
		if p.Panel != nil {
			placed = append(placed, *p.Panel.GridPos)
		}
	}
	var all []frame
	for _, s := range b.sections {
		for _, p := range s.panels {
			at := placed[0]
			placed = placed[1:]
			if at.Y+at.H <= gridLines && p.kind != logs {
				x, y := int(at.X)*columnWidth, int(at.Y)*rowHeight
				all = append(all, frame{p, charts.NewBox(x+gap, y+gap, x+int(at.W)*columnWidth-gap, y+int(at.H)*rowHeight-gap)})
			}
		}
	}
	return all
}

// rows returns where the titles of sections are.
func rows(t *testing.T, b board) map[string]int {
	t.Helper()
	built, err := build(b)
	require.NoError(t, err)
	found := map[string]int{}
	for _, p := range built.Panels {
		if p.RowPanel != nil {
			found[*p.RowPanel.Title] = int(p.RowPanel.GridPos.Y)
		}
	}
	return found
}

// sick is what a board of one node or GPU shows.
var sick = map[string]string{"node": "gpu-node-2", "gpu": "nvidia3"}

// draw renders a board as it looks at the end of the span, as a PNG.
func draw(t *testing.T, b board, s span) []byte {
	t.Helper()
	s.step = max(time.Second, s.end.Sub(s.begin)/200)
	s.chosen = map[string]string{}
	for _, v := range b.variables {
		if !v.multi {
			s.chosen[v.name] = sick[v.name]
		}
	}
	all := frames(t, b)
	height := 0
	for _, f := range all {
		height = max(height, f.box.Bottom+gap)
	}
	page := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: pictureWidth, Height: height, Theme: charts.GetTheme(charts.ThemeGrafana)})
	page.FilledRect(0, 0, pictureWidth, height, pageColor, pageColor, 0)
	page.Text(b.title+": SIMULATED GPUs of make demo", 10, 20, 0, font(12))
	for _, f := range all {
		f.draw(t, page, s)
	}
	for title, y := range rows(t, b) {
		if y*rowHeight < height && y > 0 {
			page.Text(title, 10, y*rowHeight+20, 0, font(12))
		}
	}
	content, err := page.Bytes()
	require.NoError(t, err)
	return content
}

// checkPicture renders a board, into PICTURES if that is set, and asks every panel for something to see.
func checkPicture(t *testing.T, b board, s span) {
	t.Helper()
	content := draw(t, b, s)
	if dir := os.Getenv("PICTURES"); dir != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "dashboard-"+b.file+".png"), content, 0o600))
	}
	picture, err := png.Decode(bytes.NewReader(content))
	require.NoError(t, err)
	for _, f := range frames(t, b) {
		seen := map[any]bool{}
		for x := f.box.Left; x < f.box.Right; x++ {
			for y := f.box.Top + titleHeight; y < f.box.Bottom; y++ {
				seen[picture.At(x, y)] = true
			}
		}
		require.Greater(t, len(seen), 1, "panel %q of the picture is blank", f.title)
	}
}
