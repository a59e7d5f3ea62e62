// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

const (
	page     = "../../../../docs/migrate-from-dcgm-exporter.md"
	counters = "../../../../receiver/dcgmreceiver/internal/exporterview/counters-4.8.csv"
)

// The page for those who come from dcgm-exporter has tables of all names and of public queries.
func TestDocumentedNamesAreThoseOfTheTables(t *testing.T) {
	for name, table := range map[string]string{
		"renames": renamesTable(), "fields": fieldsTable(), "fields without a metric": withoutTable(), "queries": queriesTable(t),
	} {
		begin, end := "<!-- generated "+name+" -->\n", "<!-- end generated "+name+" -->\n"
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		before, rest, found := strings.Cut(string(text), begin)
		require.True(t, found, name)
		got, after, found := strings.Cut(rest, end)
		require.True(t, found, name)
		if *update {
			require.NoError(t, os.WriteFile(page, []byte(before+begin+table+end+after), 0o600))
			continue
		}
		require.Equal(t, table, got, "run go test -run Documented ./internal/migrate -update in internal/distcmd")
	}
}

func TestDocumentedSeriesOfTheExporterItselfAreThoseThatAreKnown(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "\n| series of dcgm-exporter | metric |\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	var documented []string
	for row := range strings.Lines(table) {
		documented = append(documented, exportersOwn.FindAllString(row, -1)...)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(byExporter)), documented)
}

var exportersOwn = regexp.MustCompile(`DCGM_EXP_\w+`)

func code(names ...string) string {
	var quoted []string
	for _, name := range names {
		if name != "" {
			quoted = append(quoted, "`"+strings.ReplaceAll(name, "|", `\|`)+"`")
		}
	}
	return strings.Join(quoted, ", ")
}

func renamesTable() string {
	var out strings.Builder
	out.WriteString("| 4.8 | unit | 4.9 | unit | query that keeps its result |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range dcgmnames.Renames() {
		query := "label"
		if !r.Label {
			query = code(after(Translator{Target: Exporter49}, r.Old))
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", code(r.Old), r.OldField.Unit, code(r.New), r.NewField.Unit, query)
	}
	return out.String()
}

// after is a query of a series alone, translated; "" where it cannot be.
func after(t Translator, name string) string {
	edits, _, err := t.expr(name)
	if err != nil {
		return ""
	}
	return apply(name, edits)
}

// engine is the release whose names a table has.
var engine = dcgmnames.Version{Major: 4, Minor: 7}

// names are those of a field, the one of dcgm-exporter 4.8 first.
func names(f *dcgmnames.Field) []string {
	all := slices.Clone(f.Older)
	for _, name := range []string{f.Name47, f.Name46} {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return strings.Compare(a[:1], b[:1]) }) // Those of 1.x are in lower case.
	return slices.DeleteFunc(all, func(name string) bool {
		resolved, err := dcgmnames.Resolve(name, engine)
		return err != nil || resolved.ID != f.ID // The name means another field now.
	})
}

func fieldsTable() string {
	var out strings.Builder
	out.WriteString("| field | names | unit | metric | unit | type | default | before | after |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, f := range dcgmnames.Fields() {
		all := names(&f)
		query := after(Translator{Target: OTel, Engine: engine}, all[0])
		for _, m := range documented(f) {
			state := "off"
			if m.Default {
				state = "on"
			}
			before, result := code(all[0]), code(query)
			if best, ok := counterpart(f); !ok || best.Name != m.Name || !slices.Equal(best.Attributes, m.Attributes) {
				before, result = "", how(m)
			}
			fmt.Fprintf(&out, "| %d | %s | %s | %s | %s | %s | %s | %s | %s |\n", f.ID, code(all...), f.Unit, code(m.Name+attributes(m)), m.Unit, m.Type, state, before, result)
		}
	}
	return out.String()
}

// documented are the metrics of a field, or the one that has its quantity from another field.
func documented(f dcgmnames.Field) []dcgmnames.Metric {
	if metrics := dcgmnames.Metrics(f.ID); metrics != nil {
		return metrics
	}
	if m, ok := counterpart(f); ok {
		return []dcgmnames.Metric{m}
	}
	return nil
}

func attributes(m dcgmnames.Metric) string {
	var pairs []string
	for _, a := range m.Attributes {
		if a.Value == "" {
			pairs = append(pairs, a.Key)
			continue
		}
		pairs = append(pairs, a.Key+"="+a.Value)
	}
	if pairs == nil {
		return ""
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// how says what a metric that is no multiple of the field is of it.
func how(m dcgmnames.Metric) string {
	switch m.Kind {
	case dcgmnames.State:
		return fmt.Sprintf("1 while the field is %d", m.State)
	case dcgmnames.Event:
		return "counts or dates its changes"
	case dcgmnames.Rate:
		return "its integral, where there is no counter"
	case dcgmnames.Part:
		return "made of a part of it, or of several fields"
	default:
		return "has its value as well"
	}
}

func withoutTable() string {
	var out strings.Builder
	out.WriteString("| field | names |\n| --- | --- |\n")
	for _, f := range dcgmnames.Fields() {
		if documented(f) == nil {
			fmt.Fprintf(&out, "| %d | %s |\n", f.ID, code(names(&f)...))
		}
	}
	return out.String()
}

// queriesTable has the queries of public dashboards, and what they need to work unchanged on the view.
func queriesTable(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile(counters)
	require.NoError(t, err)
	preset := string(file)
	text, err := os.ReadFile("testdata/public-queries.tsv")
	require.NoError(t, err)
	var out strings.Builder
	out.WriteString("| dashboard | panel | query | unchanged on the view |\n| --- | --- | --- | --- |\n")
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if !strings.HasPrefix(line, "#") {
			fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", cells[0], cells[1], code(cells[2]), onView(t, cells[2], preset))
		}
	}
	return out.String()
}

func onView(t *testing.T, query, preset string) string {
	t.Helper()
	expr, _, err := parse(query)
	require.NoError(t, err)
	verdict := "yes"
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		s, is := n.(*parser.VectorSelector)
		if !is {
			return nil
		}
		_, err := dcgmnames.Resolve(s.Name, engine)
		switch {
		case err != nil:
			verdict = "no: DCGM has no field " + code(s.Name)
		case verdict != "yes":
		case strings.Contains(query, "hpc_job"):
			verdict = "yes, with `--hpc-job-mapping-dir`"
		case !strings.Contains("\n"+preset, "\n"+s.Name):
			verdict = "yes, with a counters file that has " + code(s.Name)
		}
		return nil
	})
	return verdict
}
