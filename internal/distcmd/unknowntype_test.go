// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"flag"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the list of contrib's components")

// irregular are the types that are not their module's name without the kind.
var irregular = map[string][]string{
	"asapauthextension":           {"asapclient"},
	"oauth2clientauthextension":   {"oauth2client"},
	"oidcauthextension":           {"oidc"},
	"awscontainerinsightreceiver": {"awscontainerinsightreceiver"},
	"podmanreceiver":              {"podmanstats"},
	"simpleprometheusreceiver":    {"prometheussimple"},
	"otlpexporter":                {"otlp", "otlpgrpc"},
}

// The list is derived from contrib's manifest: modules are named after their types.
func TestContribTypesFollowTheManifest(t *testing.T) {
	manifest, err := os.ReadFile("../e2e/testdata/otelcol-contrib-0.152.0-availability.tsv")
	require.NoError(t, err)
	full, err := os.ReadFile("../../builder-config.yaml")
	require.NoError(t, err)
	require.Contains(t, string(full), "\n  name: "+fullDistribution+"\n")
	var lines []string
	for row := range strings.Lines(string(manifest)) {
		kinds, carried := strings.Split(row, "\t")[0], ""
		if strings.Contains(string(full), "gomod: "+strings.Split(row, "\t")[1]+" ") {
			carried = carriedMark
		}
		module := path.Base(strings.Split(row, "\t")[1])
		kind := strings.TrimSuffix(kinds, "s")
		if article[kind] == "" {
			continue // the header, and providers
		}
		types := irregular[module]
		if types == nil {
			types = []string{strings.TrimSuffix(module, kind)}
		}
		for _, typ := range types {
			lines = append(lines, kind+" "+typ+carried+"\n")
		}
	}
	slices.Sort(lines)
	want := strings.Join(lines, "")
	if *update {
		require.NoError(t, os.WriteFile("contrib-0.152.0.txt", []byte(want), 0o644))
		return
	}
	require.Equal(t, want, contribTypes)
}

func TestUnknownTypes(t *testing.T) {
	const tail = ` ("otelcol-tracecore components" lists what there is)`
	for _, tt := range []struct{ text, want string }{
		{
			`'receivers' unknown type: "loki" for id: "loki/a" (valid values: [clock otlp])`,
			`'receivers' unknown type: "loki" for id: "loki/a": "loki" is a receiver of otelcol-contrib 0.152.0 that this build does not carry: see https://github.com/tracecoreai/tracecore/blob/main/docs/compatibility.md`,
		},
		{
			`'exporters' unknown type: "otelarrow" for id: "otelarrow" (valid values: [])`,
			`'exporters' unknown type: "otelarrow" for id: "otelarrow": "otelarrow" is an exporter of otelcol-contrib 0.152.0 that this build does not carry: see https://github.com/tracecoreai/tracecore/blob/main/docs/compatibility.md`,
		},
		{
			"failed:\n\n'receivers' unknown type: \"clok\" for id: \"clok\" (valid values: [otlp clock])\n'processors' unknown type: \"tail_sampling\" for id: \"tail_sampling\" (valid values: [batch])",
			"failed:\n\n'receivers' unknown type: \"clok\" for id: \"clok\": no receiver of this name is known; did you mean \"clock\"?" + tail +
				"\n'processors' unknown type: \"tail_sampling\" for id: \"tail_sampling\": \"tail_sampling\" is a processor of otelcol-contrib 0.152.0 that this build does not carry: see https://github.com/tracecoreai/tracecore/blob/main/docs/compatibility.md",
		},
		{
			`'exporters' unknown type: "lokis" for id: "lokis" (valid values: [debug nop otlp_grpc])`,
			`'exporters' unknown type: "lokis" for id: "lokis": no exporter of this name is known` + tail,
		},
		{
			`'processors' unknown type: "memorylimiter" for id: "memorylimiter/a" (valid values: [batch memory_limiter])`,
			`'processors' unknown type: "memorylimiter" for id: "memorylimiter/a": the processor is called "memory_limiter"`,
		},
		{
			`'processors' unknown type: "logtransform" for id: "logtransform" (valid values: [transform])`,
			`'processors' unknown type: "logtransform" for id: "logtransform": no processor of this name is known` + tail,
		},
		{
			`'exporters' unknown type: "loki" for id: "loki" (valid values: [debug])`,
			`'exporters' unknown type: "loki" for id: "loki": upstream removed this exporter: send "otlp_http" to Loki's /otlp`,
		},
		{`another error`, `another error`},
	} {
		require.Equal(t, tt.want, rewriteUnknownTypes(tt.text, "otelcol-tracecore"))
	}
}

func TestWhatUpstreamRemovedIsNotCarried(t *testing.T) {
	for id, instead := range removed {
		kind, typ, _ := strings.Cut(id, " ")
		require.NotEmpty(t, article[kind], id)
		require.Equal(t, letters(typ), typ)
		known, _ := inContrib(kind, typ)
		require.False(t, known, id)
		for _, quoted := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(instead, -1) {
			require.True(t, isSetting[quoted[1]] || slices.ContainsFunc([]string{kind, "connector", "receiver"}, func(kind string) bool {
				known, carried := inContrib(kind, quoted[1])
				return known && carried
			}), "%s: %s", id, quoted[1])
		}
	}
}

var isSetting = map[string]bool{"sending_queue": true, "retry_on_failure": true}

func TestOldAndNewNamesOfContribAreKnown(t *testing.T) {
	for _, id := range []string{
		"receiver hostmetrics", "receiver host_metrics", "receiver prometheus_simple", "receiver podman_stats", "exporter otlp", "exporter otlp_grpc",
		"extension k8s_observer", "extension oidc", "extension asapclient", "connector span_metrics", "receiver awscontainerinsightreceiver",
	} {
		kind, typ, _ := strings.Cut(id, " ")
		known, _ := inContrib(kind, typ)
		require.True(t, known, id)
	}
	for kind, typ := range map[string]string{"receiver": "lok", "": "loki", "exporter": "kafka carried"} {
		known, _ := inContrib(kind, typ)
		require.False(t, known, typ)
	}
}

func TestASlimBuildPointsToTheFullDistribution(t *testing.T) {
	const kafka, elsewhere = `'receivers' unknown type: "kafka" for id: "kafka" (valid values: [])`, ` that this build does not carry, but otelcol-tracecore does: see `
	require.Contains(t, rewriteUnknownTypes(kafka, "otelcol-tracecore-node"), elsewhere+compatibility)
	require.NotContains(t, rewriteUnknownTypes(kafka, "otelcol-tracecore"), "but")
	require.NotContains(t, rewriteUnknownTypes(strings.ReplaceAll(kafka, "kafka", "riak"), "otelcol-tracecore-node"), "but")
}

func TestNearest(t *testing.T) {
	require.Equal(t, "cloak", nearest("clok", []string{"otlp", "clock", "cloak"}), "of two equally near ones the first in the alphabet")
	require.Equal(t, "host_metrics", nearest("hostmetric", []string{"clock", "host_metrics"}))
	require.Empty(t, nearest("x", []string{"nop", "otlp"}))
	require.Equal(t, "tail_sampling", nearest("tailsamplin", []string{"tail_sampling"}))
	require.Empty(t, nearest("logstransform", []string{"transform"}), "another meaning")
}

func TestRewrittenErrorsUnwrap(t *testing.T) {
	cause := errors.New(`'receivers' unknown type: "loki" for id: "loki" (valid values: [])`)
	cmd := &cobra.Command{SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error { return cause }}
	nameMissingTypes(cmd, "b")
	err := cmd.Execute()
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "docs/compatibility.md")
}

func TestEveryCommandNamesMissingTypes(t *testing.T) {
	config := "yaml:" + strings.Replace(good, "receivers: {nop: }", "receivers: {nop: , loki: }", 1)
	for _, args := range [][]string{{"validate"}, {"print-config"}, nil} {
		_, err := execute(append(args, "--config", config)...)
		require.ErrorContains(t, err, `"loki" is a receiver of otelcol-contrib 0.152.0 that this build does not carry`)
	}
}
