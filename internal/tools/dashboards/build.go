// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	logspanel "github.com/grafana/grafana-foundation-sdk/go/logs"
	"github.com/grafana/grafana-foundation-sdk/go/loki"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	statpanel "github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	tablepanel "github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Where links of panels lead.
const runbookURL = "https://github.com/tracecoreai/tracecore/blob/main/docs/runbook.md#"

// The tag by which the boards link to each other.
const tag = "otelcol-tracecore"

func ref(variable, datasource string) common.DataSourceRef {
	return common.DataSourceRef{Type: &datasource, Uid: &variable}
}

var (
	metricsSource = ref("${datasource}", "prometheus")
	logsSource    = ref("${logs}", "loki")
)

// build returns the board in Grafana's form.
func build(b board) (dashboard.Dashboard, error) { //nolint:staticcheck // Grafana 10 and 11 import this form, and 12 does too.
	d := dashboard.NewDashboardBuilder(b.title).Uid("tracecore-"+b.file).Description(b.about).Tags([]string{tag, "gpu"}). //nolint:staticcheck // As above.
																Readonly().Tooltip(dashboard.DashboardCursorSyncCrosshair).Time("now-1h", "now").Refresh("30s").Timezone("browser").
																Link(dashboard.NewDashboardLinkBuilder("Boards").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{tag}).AsDropdown(true).IncludeVars(true).KeepTime(true)).
																WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Metrics").Type("prometheus"))
	for _, v := range b.variables {
		d = d.WithVariable(v.build())
	}
	id := uint32(0)
	next := func() uint32 { id++; return id }
	for _, s := range b.sections {
		d = d.WithRow(dashboard.NewRowBuilder(s.title).Id(next()))
		for _, p := range s.panels {
			d = d.WithPanel(p.build(next()))
		}
	}
	built, err := d.Build()
	if err != nil {
		return built, fmt.Errorf("build dashboard %s: %w", b.file, err)
	}
	return built, nil
}

func (v variable) build() cog.Builder[dashboard.VariableModel] {
	if v.of == "" {
		return dashboard.NewDatasourceVariableBuilder(v.name).Label(v.label).Type("loki")
	}
	of := selectors.Replace(v.of)
	b := dashboard.NewQueryVariableBuilder(v.name).Label(v.label).Datasource(metricsSource).Query(dashboard.StringOrMap{String: &of}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortNaturalAsc).Regex(v.regex)
	if !v.multi {
		return b
	}
	// .* matches series without the label, too.
	return b.Multi(true).IncludeAll(true).AllValue(".*").Current(dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: new("All")},
		Value: dashboard.StringOrArrayOfString{String: new("$__all")},
	})
}

// A form is what the builders of all kinds of panels have in common.
type form[B any] interface {
	cog.Builder[dashboard.Panel]
	Id(id uint32) B
	Title(title string) B
	Description(description string) B
	Datasource(datasource common.DataSourceRef) B
	Targets(targets []cog.Builder[variants.Dataquery]) B
	Unit(unit string) B
	Min(limit float64) B
	Max(limit float64) B
	Thresholds(thresholds cog.Builder[dashboard.ThresholdsConfig]) B
	Mappings(mappings []dashboard.ValueMapping) B
	Links(links []cog.Builder[dashboard.DashboardLink]) B
	Height(h uint32) B
	Span(w uint32) B
}

func (p panel) build(id uint32) cog.Builder[dashboard.Panel] {
	switch p.kind {
	case stat:
		return fill(statpanel.NewPanelBuilder(), p, id, 4).ColorMode(common.BigValueColorModeBackground).GraphMode(common.BigValueGraphModeArea).Orientation(common.VizOrientationAuto).
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
	case timeline:
		return fill(statetimeline.NewPanelBuilder(), p, id, 8).ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
			ShowValue(common.VisibilityModeNever).FillOpacity(80).Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone))
	case table:
		return fill(tablepanel.NewPanelBuilder(), p, id, 7).Filterable(true).WithTransformation(dashboard.DataTransformerConfig{
			Id: "organize", Options: map[string]any{"excludeByName": map[string]bool{
				"Time": true, "__name__": true, "cluster": true, "job": true, "tracecore_simulated": true, "hw_vendor": true,
			}},
		})
	case logs:
		return fill(logspanel.NewPanelBuilder(), p, id, 9).ShowTime(true).WrapLogMessage(true).EnableLogDetails(true).SortOrder(common.LogsSortOrderDescending)
	default:
		return p.graph(id)
	}
}

func (p panel) graph(id uint32) cog.Builder[dashboard.Panel] {
	b := fill(timeseries.NewPanelBuilder(), p, id, 8).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true)).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if len(p.thresholds) > 0 {
		b = b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	if p.stack {
		b = b.Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	}
	return b
}

func fill[B form[B]](b B, p panel, id, height uint32) B {
	if p.height != 0 {
		height = p.height
	}
	b = b.Id(id).Title(p.title).Description(p.about).Span(p.width).Height(height).Targets(p.targets()).Datasource(p.source())
	if p.unit != "" {
		b = b.Unit(p.unit)
	}
	if p.min != nil {
		b = b.Min(*p.min)
	}
	if p.max != nil {
		b = b.Max(*p.max)
	}
	if len(p.thresholds) > 0 {
		b = b.Thresholds(p.colors())
	}
	if len(p.states) > 0 {
		b = b.Mappings(p.texts())
	}
	if p.runbook != "" {
		b = b.Links([]cog.Builder[dashboard.DashboardLink]{dashboard.NewDashboardLinkBuilder("Runbook").Type(dashboard.DashboardLinkTypeLink).Url(runbookURL + p.runbook).TargetBlank(true)})
	}
	return b
}

func (p panel) source() common.DataSourceRef {
	if p.kind == logs {
		return logsSource
	}
	return metricsSource
}

func (p panel) targets() []cog.Builder[variants.Dataquery] {
	var targets []cog.Builder[variants.Dataquery]
	for i, q := range p.queries {
		id, expr := string(rune('A'+i)), selectors.Replace(q.expr)
		switch p.kind {
		case logs:
			targets = append(targets, loki.NewDataqueryBuilder().RefId(id).Expr(expr).Datasource(logsSource))
		case table:
			targets = append(targets, prometheus.NewDataqueryBuilder().RefId(id).Expr(expr).Datasource(metricsSource).Instant().Format(prometheus.PromQueryFormatTable))
		default:
			targets = append(targets, prometheus.NewDataqueryBuilder().RefId(id).Expr(expr).Datasource(metricsSource).Range().LegendFormat(q.legend))
		}
	}
	return targets
}

func (p panel) colors() cog.Builder[dashboard.ThresholdsConfig] {
	var colors []dashboard.Threshold
	for i, t := range p.thresholds {
		step := dashboard.Threshold{Color: t.color}
		if i > 0 { // The first one has no lower bound.
			step.Value = &t.from
		}
		colors = append(colors, step)
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(colors)
}

func (p panel) texts() []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, s := range p.states {
		options[s.value] = dashboard.ValueMappingResult{Text: &s.text, Color: &s.color, Index: new(int32(i))}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}
