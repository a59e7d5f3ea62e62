// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// What the full distribution carries is marked as carried, by a name of its module.
func TestCarriedNamesFollowTheManifest(t *testing.T) {
	full, err := os.ReadFile("../../builder-config.yaml")
	require.NoError(t, err)
	require.Contains(t, string(full), "\n  name: "+fullDistribution+"\n")
	carried := 0
	for _, r := range rows(contribNames) {
		kind, module, here := r[0], r[3], r[4]
		is := module != "" && regexp.MustCompile(`(?m)/`+kind+`/(\w+/)?`+module+` v`).Match(full)
		require.Equal(t, is, here != "", "%v: run make generate-names", r)
		if is {
			carried++
		}
	}
	require.Greater(t, carried, 150)
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
			`'exporters' unknown type: "lokki" for id: "lokki" (valid values: [debug nop otlp_grpc])`,
			`'exporters' unknown type: "lokki" for id: "lokki": no exporter of this name is known` + tail,
		},
		{`another error`, `another error`},
	} {
		require.Equal(t, tt.want, rewriteUnknownTypes(tt.text, "otelcol-tracecore"))
	}
}

func TestOldAndNewNamesOfContribAreKnown(t *testing.T) {
	for _, id := range []string{
		"receiver hostmetrics", "receiver host_metrics", "receiver prometheus_simple", "receiver podman_stats", "exporter otlp_grpc",
		"extension k8s_observer", "extension oidc", "extension asapclient", "connector span_metrics", "receiver awscontainerinsightreceiver",
		"receiver filelogreceiver", "receiver yang_grpc", "receiver yanggrpc", "extension oidcauthextension", "extension dockerobserver",
	} {
		kind, typ, _ := strings.Cut(id, " ")
		component, known := inContrib(kind, typ)
		require.True(t, known, id)
		require.Equal(t, "0.152.0", component.since, id)
	}
	for kind, typ := range map[string]string{"receiver": "lok", "": "loki", "exporter": "kafka carried"} {
		_, known := inContrib(kind, typ)
		require.False(t, known, typ)
	}
}

// A component that a build has is never said to be missing, however its name is spelled.
func TestACarriedComponentIsNamed(t *testing.T) {
	for typ, want := range map[string]string{
		"memorylimiter": "memory_limiter", "memorylimiterprocessor": "memory_limiter", "memory-limiter": "memory_limiter",
		"tailsampling": "tail_sampling", "Tail_Sampling": "tail_sampling", "tailsamplingprocessor": "tail_sampling", "k8s_attributes": "k8sattributes",
	} {
		for _, binary := range []string{"otelcol-tracecore", "otelcol-tracecore-node", "mine"} {
			advice := adviceOn("processor", typ, []string{"batch", "k8sattributes", "tail_sampling", "memory_limiter"}, binary)
			require.Equal(t, `the processor is called "`+want+`"`, advice, typ)
		}
	}
}

// Modules are listed in docs/compatibility.md, and are tried as names. "otlp" is a deprecated alias of
// the exporter otlp_grpc.
func TestEveryCarriedComponentIsNamedByItsModule(t *testing.T) {
	valid := map[string][]string{"exporter": {"otlp", "otlphttp"}}
	for _, r := range rows(contribNames) {
		if r[4] != "" {
			valid[r[0]] = append(valid[r[0]], r[4])
		}
	}
	for _, r := range rows(contribNames) {
		kind, module, here := r[0], r[3], r[4]
		for _, typ := range []string{module, strings.TrimSuffix(module, kind), r[1] + kind, r[1] + "_" + kind} {
			if here == "" || slices.Contains(valid[kind], typ) {
				continue
			}
			require.Equal(t, fmt.Sprintf("the %s is called %q", kind, here), adviceOn(kind, typ, valid[kind], fullDistribution), "%v", r)
		}
	}
	require.Contains(t, adviceOn("exporter", "otlpp", valid["exporter"], fullDistribution), `did you mean "otlp_grpc"?`, "no alias is suggested")
}

// Converters change names to older ones before an error names them.
func TestAMissingComponentIsNamedAsContribNamesIt(t *testing.T) {
	for id, want := range map[string]string{
		"receiver yanggrpc": "yang_grpc", "receiver lokireceiver": "loki", "processor spanpruning": "span_pruning", "processor logs_transform": "logstransform",
	} {
		kind, typ, _ := strings.Cut(id, " ")
		require.True(t, strings.HasPrefix(adviceOn(kind, typ, nil, "b"), fmt.Sprintf("%q is a %s of ", want, kind)), adviceOn(kind, typ, nil, "b"))
	}
}

// Of a name and its deprecated alias, which are one word in two spellings, the name is advised.
func TestADeprecatedAliasIsNotAdvised(t *testing.T) {
	for _, valid := range [][]string{{"ownthing", "own_thing"}, {"own_thing", "ownthing"}} {
		require.Equal(t, `the processor is called "own_thing"`, adviceOn("processor", "Own-Thing", valid, "b"))
	}
}

// A suggestion is a spelling, not another component.
func TestNoOtherComponentIsSuggested(t *testing.T) {
	valid := []string{"transform", "metrics_transform", "groupbyattrs", "batch", "awss3", "otlp", "span", "sum"}
	for _, typ := range []string{"logstransform", "groupbytrace", "awsxray", "otlpjson", "x", "sab", "metricstransfabc"} {
		require.NotContains(t, adviceOn("processor", typ, valid, "b"), "did you mean", typ)
	}
}

func TestComponentsThatUpstreamRemovedAreKnown(t *testing.T) {
	for id, want := range map[string]string{
		"receiver opencensus":       "upstream removed this receiver in 0.134.0; use the receiver otlp",
		"exporter loki":             "upstream removed this exporter in 0.131.0; use the exporter otlp_http, with the endpoint of Loki that ends in /otlp",
		"exporter logging":          "upstream removed this exporter in 0.111.0; use the exporter debug",
		"extension memory_ballast":  "upstream removed this extension in 0.109.0; use the environment variable GOMEMLIMIT",
		"processor queued_retry":    "upstream removed this processor in 0.19.0; use the settings sending_queue and retry_on_failure of each exporter",
		"processor spanmetrics":     "upstream removed this processor in 0.96.0; use the connector span_metrics",
		"exporter carbon":           "upstream removed this exporter in 0.141.0, and nothing replaces it",
		"processor logstransform":   `"logstransform" is a processor of contrib's repository that otelcol-contrib does not carry`,
		"processor span_pruning":    `"span_pruning" is a processor of otelcol-contrib 0.160.0 that 0.152.0 did not have`,
		"receiver windows_service":  `"windows_service" is a receiver of otelcol-contrib 0.160.0 that 0.152.0 did not have`,
		"exporter opencensusexport": `no exporter of this name is known ("b components" lists what there is)`,
	} {
		kind, typ, _ := strings.Cut(id, " ")
		require.Equal(t, want, adviceOn(kind, typ, []string{"nop", "carbon2"}, "b"), id)
	}
}

// What replaces a component is one that the full distribution carries, or no component.
func TestReplacementsOfRemovedComponentsExist(t *testing.T) {
	for _, r := range rows(removedNames) {
		require.Len(t, r, 4)
		kind, name, _ := strings.Cut(r[3], " ")
		if article[kind] == "" {
			continue
		}
		name, _, _ = strings.Cut(strings.TrimSuffix(name, ","), " ")
		component, known := inContrib(kind, strings.TrimSuffix(name, ","))
		require.True(t, known && component.here != "", "%v", r)
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
