// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-analyze/charts"
	"github.com/stretchr/testify/require"
)

func (f frame) draw(t *testing.T, page *charts.Painter, s span) {
	t.Helper()
	page.FilledRect(f.box.Left, f.box.Top, f.box.Right, f.box.Bottom, panelColor, panelColor, 0)
	page.Text(f.title, f.box.Left+8, f.box.Top+17, 0, font(10))
	body := charts.NewBox(f.box.Left+8, f.box.Top+titleHeight, f.box.Right-8, f.box.Bottom-6)
	var lines []line
	for _, q := range f.queries {
		for _, found := range s.query(t, q.expr) {
			lines = append(lines, line{found, found.name(q.legend)})
		}
	}
	switch f.kind {
	case stat:
		f.drawStat(page, body, lines)
	case timeline:
		f.drawTimeline(page, body, lines)
	case table:
		f.drawTable(page, body, lines)
	default:
		f.drawGraph(t, page, body, lines, s)
	}
}

// A line is a series under the name that the legend gives it.
type line struct {
	series

	legend string
}

func (f frame) drawStat(page *charts.Painter, body charts.Box, lines []line) {
	text, color := "no data", named[""]
	for _, l := range lines {
		if v := l.last(); !math.IsNaN(v) {
			text, color = f.text(v), f.color(v)
			if name := f.queries[0].legend; name != "" {
				text = l.legend
			}
		}
	}
	page.FilledRect(body.Left-8, body.Top, body.Right+8, body.Bottom+6, color, color, 0)
	page.Text(text, body.Left, (body.Top+body.Bottom)/2+14, 0, charts.FontStyle{FontSize: 24, FontColor: charts.ColorWhite})
}

// text is that of the state, or the value in its unit.
func (f frame) text(v float64) string {
	for _, s := range f.states {
		if s.value == strconv.FormatFloat(v, 'f', -1, 64) {
			return s.text
		}
	}
	return format(f.unit, v)
}

// color is that of the highest threshold, or of the state.
func (f frame) color(v float64) charts.Color {
	color := named[""]
	for i, t := range f.thresholds {
		if i == 0 || v >= t.from {
			color = named[t.color]
		}
	}
	for _, s := range f.states {
		if s.value == strconv.FormatFloat(v, 'f', -1, 64) {
			color = named[s.color]
		}
	}
	return color
}

func (f frame) drawTimeline(page *charts.Painter, body charts.Box, lines []line) {
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.legend, b.legend) })
	height := max(10, (body.Bottom-body.Top)/max(1, len(lines)))
	left := body.Left + 150
	for i, l := range lines {
		top := body.Top + i*height
		if top+height > body.Bottom+2 {
			break
		}
		page.Text(l.legend, body.Left, top+height/2+4, 0, font(8))
		width := float64(body.Right-left) / float64(len(l.values))
		for j, v := range l.values {
			if !math.IsNaN(v) {
				color := f.color(v)
				page.FilledRect(left+int(float64(j)*width), top+1, left+int(float64(j+1)*width), top+height-1, color, color, 0)
			}
		}
	}
}

// notShown are the columns that tables leave out in Grafana, too.
var notShown = []string{"__name__", "cluster", "job", "tracecore_simulated", "hw_vendor"}

func (f frame) drawTable(page *charts.Painter, body charts.Box, lines []line) {
	columns := map[string]bool{}
	for _, l := range lines {
		for label, text := range l.labels {
			if text != "" && !slices.Contains(notShown, label) {
				columns[label] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	width := (body.Right - body.Left) / (len(names) + 1)
	row := func(y int, cells []string, style charts.FontStyle) {
		for i, cell := range cells {
			for len(cell) > 4 && page.MeasureText(cell, 0, style).Width() > width-6 {
				cell = cell[:len(cell)-4] + "..."
			}
			page.Text(cell, body.Left+i*width, y, 0, style)
		}
	}
	row(body.Top+12, append(slices.Clone(names), "value"), charts.FontStyle{FontSize: 8, FontColor: charts.ColorFromHex("#6e9fff")})
	y := body.Top + 28
	for _, l := range lines {
		if math.IsNaN(l.last()) || y > body.Bottom {
			continue
		}
		var cells []string
		for _, name := range names {
			cells = append(cells, l.labels[name])
		}
		row(y, append(cells, f.text(l.last())), font(8))
		y += 15
	}
}

// A graph shows as many lines as can be told apart.
const mostLines = 16

func (f frame) drawGraph(t *testing.T, page *charts.Painter, body charts.Box, lines []line, s span) {
	t.Helper()
	if len(lines) == 0 {
		page.Text("no data", body.Left, body.Top+30, 0, font(10))
		return
	}
	lines = lines[:min(len(lines), mostLines)]
	option := charts.NewLineChartOptionWithData(nil)
	var names []string
	for _, l := range lines {
		values := slices.Clone(l.values)
		for i, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				values[i] = charts.GetNullValue()
			}
		}
		option.SeriesList = append(option.SeriesList, charts.LineSeries{Name: l.legend, Values: values})
		names = append(names, l.legend)
	}
	option.Theme = charts.GetTheme(charts.ThemeGrafana).WithBackgroundColor(panelColor)
	option.Padding = charts.NewBox(0, 0, 10, 0)
	option.Legend = charts.LegendOption{SeriesNames: names, FontStyle: font(7), Show: new(len(names) <= 9)}
	option.Symbol = charts.Symbol{Shape: charts.SymbolNone}
	option.LineStrokeWidth = 1.5
	if f.stack {
		option.StackSeries = new(true)
	}
	option.XAxis = charts.XAxisOption{Labels: clockTimes(s), LabelCount: 5, LabelFontStyle: font(7), BoundaryGap: new(false)}
	option.YAxis = []charts.YAxisOption{{Min: f.min, Max: f.max, LabelCount: 5, LabelFontStyle: font(7), ValueFormatter: func(v float64) string { return format(f.unit, v) }}}
	require.NoError(t, page.Child(charts.PainterBoxOption(body)).LineChart(option))
}

func clockTimes(s span) []string {
	var times []string
	for i := range s.count() {
		times = append(times, s.begin.Add(time.Duration(i)*s.step).Format(time.TimeOnly))
	}
	return times
}

// A scale is a unit of Grafana with its larger ones.
type scale struct {
	base     float64
	suffixes []string
}

var scales = map[string]scale{
	"watt": {1000, []string{" W", " kW", " MW"}}, "joule": {1000, []string{" J", " kJ", " MJ", " GJ"}}, "hertz": {1000, []string{" Hz", " kHz", " MHz", " GHz"}},
	"bytes": {1024, []string{" B", " KiB", " MiB", " GiB", " TiB"}}, "Bps": {1000, []string{" B/s", " kB/s", " MB/s", " GB/s", " TB/s"}},
	"celsius": {math.MaxFloat64, []string{" °C"}}, "s": {math.MaxFloat64, []string{" s"}}, "cps": {math.MaxFloat64, []string{" /s"}},
}

// format writes a value in a unit of Grafana.
func format(unit string, v float64) string {
	if unit == "percentunit" {
		return fmt.Sprintf("%.4g%%", v*100)
	}
	if unit == "dateTimeFromNow" {
		return time.UnixMilli(int64(v)).Format(time.TimeOnly)
	}
	sc, ok := scales[unit]
	if !ok {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	i := 0
	for math.Abs(v) >= sc.base && i < len(sc.suffixes)-1 {
		v /= sc.base
		i++
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + sc.suffixes[i]
}
