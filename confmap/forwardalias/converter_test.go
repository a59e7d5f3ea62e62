// SPDX-License-Identifier: Apache-2.0

package forwardalias

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"
)

// everyKind is a table with a name in every section, which the real one has not.
var everyKind = names{
	receivers:  {"new_r": {"oldr", "0.153.0"}},
	processors: {"new_p": {"oldp", "0.153.0"}, "resource_detection": {detecting, "0.153.0"}},
	exporters:  {"new_e": {"olde", "0.153.0"}},
	connectors: {"new_c": {"oldc", "0.153.0"}},
	extensions: {"new_x": {"oldx", "0.153.0"}},
	detectors:  {"k8s_api": {"k8snode", "0.154.0"}},
}

// convert returns what becomes of a configuration, and the warnings.
func convert(t *testing.T, table names, before map[string]any) (after map[string]any, warnings []string, err error) {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	conf := confmap.NewFromStringMap(before)
	err = (&converter{logger: zap.New(core), names: table}).Convert(context.Background(), conf)
	for _, entry := range logs.All() {
		warnings = append(warnings, entry.Message)
	}
	return xconfmap.ToStringMapRaw(conf), warnings, err
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var config map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &config))
	return config
}

func TestLaterNamesAreReadAsTheNamesHere(t *testing.T) {
	for _, tt := range []struct {
		name, before, after string
		warnings            []string // the names they start with
	}{
		{
			name:     "definitions and their uses, with and without a name",
			before:   `{receivers: {new_r: {a: 1}, new_r/x: , other: }, service: {pipelines: {logs: {receivers: [new_r, other, new_r/x]}}}}`,
			after:    `{receivers: {oldr: {a: 1}, oldr/x: , other: }, service: {pipelines: {logs: {receivers: [oldr, other, oldr/x]}}}}`,
			warnings: []string{`receivers: "new_r" is a later name of "oldr"`},
		},
		{
			name:     "a component that is named as its type",
			before:   `{receivers: {new_r/new_r: }, service: {pipelines: {logs: {receivers: [new_r/new_r]}}}}`,
			after:    `{receivers: {oldr/new_r: }, service: {pipelines: {logs: {receivers: [oldr/new_r]}}}}`,
			warnings: []string{`receivers: "new_r"`},
		},
		{
			name:     "every section",
			before:   `{receivers: {new_r: }, processors: {new_p: }, exporters: {new_e: }, extensions: {new_x/y: }, service: {extensions: [new_x/y], pipelines: {traces/a: {receivers: [new_r], processors: [new_p], exporters: [new_e]}}}}`,
			after:    `{receivers: {oldr: }, processors: {oldp: }, exporters: {olde: }, extensions: {oldx/y: }, service: {extensions: [oldx/y], pipelines: {traces/a: {receivers: [oldr], processors: [oldp], exporters: [olde]}}}}`,
			warnings: []string{`exporters: "new_e"`, `extensions: "new_x"`, `processors: "new_p"`, `receivers: "new_r"`},
		},
		{
			name:     "a connector on both of its sides",
			before:   `{connectors: {new_c/a: {}}, service: {pipelines: {logs: {exporters: [new_c/a]}, metrics: {receivers: [new_c/a]}}}}`,
			after:    `{connectors: {oldc/a: {}}, service: {pipelines: {logs: {exporters: [oldc/a]}, metrics: {receivers: [oldc/a]}}}}`,
			warnings: []string{`connectors: "new_c"`},
		},
		{
			name:     "detectors, as a list and with a configuration",
			before:   `{processors: {resource_detection/a: {detectors: [env, k8s_api], k8s_api: {node_from_env_var: N}}}}`,
			after:    `{processors: {resourcedetection/a: {detectors: [env, k8snode], k8snode: {node_from_env_var: N}}}}`,
			warnings: []string{`detectors: "k8s_api"`, `processors: "resource_detection"`},
		},
		{
			name:     "a detector of the processor by its present name",
			before:   `{processors: {resourcedetection: {detectors: [k8s_api]}}}`,
			after:    `{processors: {resourcedetection: {detectors: [k8snode]}}}`,
			warnings: []string{`detectors: "k8s_api"`},
		},
		{
			name:     "receivers in the templates of a receiver_creator",
			before:   `{receivers: {new_r: , receiver_creator/a: {watch_observers: [x], receivers: {new_r/b: {rule: new_r, config: {new_r: 1}}, other: {}}}}}`,
			after:    `{receivers: {oldr: , receiver_creator/a: {watch_observers: [x], receivers: {oldr/b: {rule: new_r, config: {new_r: 1}}, other: {}}}}}`,
			warnings: []string{`receivers: "new_r"`},
		},
		{
			name:     "extensions that encode, of all signals and of each",
			before:   `{extensions: {new_x/a: }, receivers: {r: {encoding: new_x/a, logs: {encoding: new_x}}, receiver_creator: {receivers: {q: {config: {encoding: new_x/a}}}}}, exporters: {e: {encodings: {logs: new_x/a, traces: text}, encoding_extension: new_x}}, service: {extensions: [new_x/a]}}`,
			after:    `{extensions: {oldx/a: }, receivers: {r: {encoding: oldx/a, logs: {encoding: oldx}}, receiver_creator: {receivers: {q: {config: {encoding: oldx/a}}}}}, exporters: {e: {encodings: {logs: oldx/a, traces: text}, encoding_extension: oldx}}, service: {extensions: [oldx/a]}}`,
			warnings: []string{`extensions: "new_x"`},
		},
		{
			name:     "lists that are written as text, and spaces that upstream ignores",
			before:   `{processors: {resourcedetection: {detectors: "env,k8s_api"}, " new_p /a": }, service: {pipelines: {logs: {processors: "resourcedetection, new_p /a"}}}}`,
			after:    `{processors: {resourcedetection: {detectors: "env,k8snode"}, " oldp /a": }, service: {pipelines: {logs: {processors: "resourcedetection, oldp /a"}}}}`,
			warnings: []string{`detectors: "k8s_api"`, `processors: "new_p"`},
		},
		{
			name:   "the same words elsewhere",
			before: `{receivers: {new_p: {new_r: [new_r]}, x/new_r: , k8s_api: }, processors: {new_r: {detectors: [k8s_api], k8s_api: 1, receivers: {new_r: }, encoding: new_x}}, exporters: {receiver_creator: {receivers: {new_r: }}, e: {encoding: new_r, other: new_x}}, new_r: , service: {telemetry: {new_r: new_r}, pipelines: {logs: {receivers: [new_e, x/new_r]}}}}`,
			after:  `{receivers: {new_p: {new_r: [new_r]}, x/new_r: , k8s_api: }, processors: {new_r: {detectors: [k8s_api], k8s_api: 1, receivers: {new_r: }, encoding: new_x}}, exporters: {receiver_creator: {receivers: {new_r: }}, e: {encoding: new_r, other: new_x}}, new_r: , service: {telemetry: {new_r: new_r}, pipelines: {logs: {receivers: [new_e, x/new_r]}}}}`,
		},
		{
			name:   "what is not of the expected shape",
			before: `{receivers: [new_r], exporters: {e: {encoding: [new_x], encodings: {logs: {new_x: }}}}, processors: {resourcedetection: 7}, service: {extensions: {new_x: }, pipelines: {logs: , traces: [new_r], metrics: {receivers: 7, exporters: [7, [new_e]]}}}}`,
			after:  `{receivers: [new_r], exporters: {e: {encoding: [new_x], encodings: {logs: {new_x: }}}}, processors: {resourcedetection: 7}, service: {extensions: {new_x: }, pipelines: {logs: , traces: [new_r], metrics: {receivers: 7, exporters: [7, [new_e]]}}}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			after, warnings, err := convert(t, everyKind, parse(t, tt.before))
			require.NoError(t, err)
			require.Equal(t, parse(t, tt.after), after)
			require.Len(t, warnings, len(tt.warnings))
			for i, want := range tt.warnings {
				require.True(t, strings.HasPrefix(warnings[i], want), warnings[i])
			}
			again, warnings, err := convert(t, everyKind, after)
			require.NoError(t, err)
			require.Empty(t, warnings, "a second conversion finds nothing")
			require.Equal(t, after, again)
		})
	}
}

func TestBothNamesOfOneComponentAreRefused(t *testing.T) {
	for _, tt := range []struct{ before, want string }{
		{`{processors: {new_p/a: , oldp/a: }}`, `"processors": must hold one of "new_p/a" and "oldp/a", which are one component by its later and its present name`},
		{`{processors: {resourcedetection/x: {k8s_api: , k8snode: }}}`, `"processors::resourcedetection/x": must hold one of "k8s_api" and "k8snode", which are one component by its later and its present name`},
	} {
		before := parse(t, tt.before)
		after, warnings, err := convert(t, everyKind, before)
		require.EqualError(t, err, tt.want)
		require.Empty(t, warnings)
		require.Equal(t, parse(t, tt.before), after, "nothing is changed")
	}
	_, _, err := convert(t, everyKind, parse(t, `{processors: {new_p/a: , oldp/b: }}`))
	require.NoError(t, err, "two components")
}

func TestEveryPairOfNamesIsReported(t *testing.T) {
	_, _, err := convert(t, everyKind, parse(t, `{receivers: {new_r: , oldr: }, processors: {new_p: , oldp: }}`))
	require.ErrorContains(t, err, `"new_r" and "oldr"`)
	require.ErrorContains(t, err, `"new_p" and "oldp"`)
}

// Whoever made the configuration may go on to use the mappings and lists that it was made of.
func TestTheCallersMapsAreLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"sections and pipelines": `{receivers: {new_r: {a: 1}}, service: {extensions: [new_x], pipelines: {logs: {receivers: [new_r], processors: [new_p]}}}}`,
		"detectors":              `{processors: {resource_detection: {detectors: [k8s_api], k8s_api: {b: 1}}}}`,
		"templates":              `{receivers: {receiver_creator: {receivers: {new_r: {encoding: new_x}}}}}`,
		"encodings":              `{exporters: {e: {encodings: {logs: new_x, traces: new_x}, deep: {encoding: new_x}}}}`,
		"what is refused":        `{receivers: {new_r: }, processors: {new_p/a: , oldp/a: }}`,
	} {
		t.Run(name, func(t *testing.T) {
			callers := parse(t, text)
			conf := confmap.NewFromStringMap(callers)
			held := *conf // shares all that it holds
			err := (&converter{logger: zap.NewNop(), names: everyKind}).Convert(t.Context(), conf)
			require.Equal(t, name == "what is refused", err != nil)
			require.Equal(t, parse(t, text), callers)
			require.Equal(t, parse(t, text), xconfmap.ToStringMapRaw(&held))
			if err != nil {
				require.Equal(t, parse(t, text), xconfmap.ToStringMapRaw(conf), "nothing is changed")
			}
		})
	}
}

// What an environment variable holds is a number or a text, as the field it ends in wants it.
func TestExpandedValuesKeepTheirText(t *testing.T) {
	t.Setenv("CODE", "0123")
	t.Setenv("DETECTORS", "[env, k8s_api]")
	t.Setenv("RECEIVER", "sql_query")
	core, logs := observer.New(zap.WarnLevel)
	resolver, err := confmap.NewResolver(confmap.ResolverSettings{
		URIs: []string{`yaml:{receivers: {sql_query: {code: "${env:CODE}"}},
			processors: {resource_detection: {detectors: "${env:DETECTORS}"}},
			service: {pipelines: {logs: {receivers: ["${env:RECEIVER}"]}}}}`},
		ProviderFactories:  []confmap.ProviderFactory{yamlprovider.NewFactory(), envprovider.NewFactory()},
		ConverterFactories: []confmap.ConverterFactory{NewFactory()},
		ConverterSettings:  confmap.ConverterSettings{Logger: zap.New(core)},
	})
	require.NoError(t, err)
	conf, err := resolver.Resolve(context.Background())
	require.NoError(t, err)
	require.Equal(t, 3, logs.Len())

	var config struct {
		Receivers map[string]struct {
			Code string `mapstructure:"code"`
		} `mapstructure:"receivers"`
		Processors map[string]struct {
			Detectors []string `mapstructure:"detectors"`
		} `mapstructure:"processors"`
	}
	require.NoError(t, conf.Unmarshal(&config, confmap.WithIgnoreUnused()))
	require.Equal(t, "0123", config.Receivers["sqlquery"].Code)
	require.Equal(t, []string{"env", "k8snode"}, config.Processors[detecting].Detectors)
	require.Equal(t, []any{"sqlquery"}, conf.Get("service::pipelines::logs::receivers"))
}

// FuzzConvert holds for every configuration: without later names it stays as it is, and
// converted once it is converted.
func FuzzConvert(f *testing.F) {
	for _, seed := range []string{
		"", "receivers:", "processors: {resourcedetection: {detectors: [k8snode], k8snode: {}}}",
		`{receivers: {otlp: {protocols: {grpc: , http: }}}, exporters: {debug: }, service: {pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}}`,
		`{exporters: {otlp_http: {keepalive: {enabled: false}}, prometheus_remote_write: {http: {keepalive: {max_idle_conns: 1}}}}}`,
		`{processors: {resource_detection: {detectors: "env,k8s_api"}}, connectors: {count/a: []}, service: {extensions: [x], pipelines: {logs: {receivers: [count/a], exporters: load_balancing}}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var before map[string]any
		if yaml.Unmarshal([]byte(text), &before) != nil {
			t.Skip("no configuration")
		}
		untouched := xconfmap.ToStringMapRaw(confmap.NewFromStringMap(before))
		after, warnings, err := convert(t, laterNames, before)
		if err != nil || !mentionsLaterName(text) {
			require.Equal(t, untouched, after)
			require.Empty(t, warnings)
			return
		}
		again, warnings, err := convert(t, laterNames, after)
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, after, again)
	})
}

func mentionsLaterName(text string) bool {
	for _, renamed := range laterNames {
		for later := range renamed {
			if strings.Contains(text, later) {
				return true
			}
		}
	}
	for _, s := range spellings {
		if strings.Contains(text, s.later) {
			return true
		}
	}
	// Escapes may hide a name.
	return strings.Contains(text, `\`)
}

func TestTableIsSound(t *testing.T) {
	for kind, renamed := range laterNames {
		for later, present := range renamed {
			require.NotContains(t, renamed, present.here, "%s: %s is mapped on", kind, later)
			require.Equal(t, present.here == "k8snode", strings.ReplaceAll(later, "_", "") != strings.ReplaceAll(present.here, "_", ""), "%s: a name is written apart and not changed", later)
			require.Regexp(t, `^0\.1[4-9]\d\.0$`, present.since, "compares as text")
		}
	}
}

// A name of 0.152 that only the older module carried here does not know is no fault of the
// configuration: stock 0.152 reads it without a word.
func TestNamesOf0152AreReadWithoutAWarning(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	conf := confmap.NewFromStringMap(parse(t, `{receivers: {yang_grpc: , splunk_enterprise: }}`))
	require.NoError(t, (&converter{logger: zap.New(core), names: laterNames}).Convert(context.Background(), conf))
	require.Equal(t, parse(t, `{receivers: {yanggrpc: , splunkenterprise: }}`), xconfmap.ToStringMapRaw(conf))
	var said []string
	for _, entry := range logs.All() {
		said = append(said, entry.Level.String()+" "+entry.Message)
	}
	require.Equal(t, []string{
		`warn receivers: "splunk_enterprise" is a later name of "splunkenterprise", which is read in its place`,
		`info receivers: "yang_grpc" is the name in 0.152 of "yanggrpc", which is read in its place`,
	}, said)
}

// Of the modules whose 0.152.0 is not served, those carried at 0.146.0 have other names than 0.152.
func TestNamesOf0152OfOlderModulesAreRead(t *testing.T) {
	var of0152 []string
	for kind, renamed := range laterNames {
		for later, present := range renamed {
			if !present.isLater() {
				of0152 = append(of0152, kind+" "+later)
			}
		}
	}
	require.Subset(t, of0152, []string{
		"extensions google_cloud_logentry_encoding", "receivers file_stats", "receivers prometheus_remote_write", "receivers ssh_check",
		"receivers tcp_check", "receivers tls_check", "receivers yang_grpc",
	})
}

func TestReadmeListsEveryName(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var want []string
	for kind, renamed := range laterNames {
		for later, p := range renamed {
			want = append(want, "| "+strings.TrimSuffix(kind, "s")+" | `"+later+"` | "+p.since+" | `"+p.here+"` |")
		}
	}
	var rows []string
	for line := range strings.Lines(string(readme)) {
		if strings.Contains(line, " | `") && strings.Contains(line, " | 0.1") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	slices.Sort(want)
	slices.Sort(rows)
	require.Equal(t, want, rows)
}
