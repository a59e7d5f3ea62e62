// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// everywhere looks for every secret in all of a text.
func everywhere(text string) *clues { return &clues{text: text, all: true} }

func requireSameAsEverywhere(t *testing.T, text string) {
	t.Helper()
	var found, all []string
	hidden := apply(text, cluesOf, func(secret string) { found = append(found, secret) })
	require.Equal(t, apply(text, everywhere, func(secret string) { all = append(all, secret) }), hidden)
	require.Equal(t, all, found, text)
}

// samples are all texts of the tests of this package.
func samples() []string {
	var all []string
	for _, k := range kinds {
		for _, text := range k.texts {
			for _, secret := range k.secrets {
				all = append(all, strings.ReplaceAll(text, "§", secret))
			}
		}
	}
	return all
}

func TestCluesMissNoSecret(t *testing.T) {
	for _, text := range append(samples(),
		"pa\u017fsword=planted", "to\u212aen: planted1\n", `set(attributes["to`+"\u212a"+`en"], "planted")`, "Ba\u017fic cGxhbnRlZDp4MQ==",
		"p%61ss%77ord=planted", "password\n\n=\n\nplanted", "{\n\n\npassword: planted,\n}", "password:\n\n\n\n\"planted\"", `"password"`+"\n:\n\n\"planted\"",
	) {
		requireSameAsEverywhere(t, text)
		requireSameAsEverywhere(t, strings.ToUpper(text))
		requireSameAsEverywhere(t, strings.Repeat("a: b\n\n", 6)+text+strings.Repeat("\nc: d", 6))
		requireSameAsEverywhere(t, strings.ReplaceAll(text, " ", "\n"))
	}
}

func TestCluesMissNoSecretAmongOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // The same texts each time.
	all := append(samples(), "", "", "a: b", "c = d", "http://h/x", `{"a": 1}`)
	for range 20 {
		var text strings.Builder
		for range 30 {
			text.WriteString(all[random.IntN(len(all))])
			text.WriteString([]string{"\n", " ", "\n\n", ", "}[random.IntN(4)])
		}
		requireSameAsEverywhere(t, text.String())
	}
}

func TestEveryNameOfASecretHasAClue(t *testing.T) {
	for _, name := range secretNames {
		require.NotEmpty(t, cluesOf(name).named, name)
	}
}

func FuzzClues(f *testing.F) {
	for _, text := range samples() {
		f.Add(text, "\n")
	}
	f.Fuzz(func(t *testing.T, text, between string) {
		requireSameAsEverywhere(t, text+between+text)
	})
}

// BenchmarkText looks for secrets in what a support bundle has most of.
func BenchmarkText(b *testing.B) {
	var page, config strings.Builder
	for i := 0; page.Len() < 64<<10; i++ {
		fmt.Fprintf(&page, "# HELP otelcol_exporter_sent_metric_points_total Number of metric points successfully sent to destination. [Alpha]\n"+
			"otelcol_exporter_sent_metric_points_total{exporter=\"otlp_grpc/%d\",otel_scope_name=\"go.opentelemetry.io/collector/exporter/exporterhelper\"} %d\n", i, 7919*i)
		fmt.Fprintf(&config, "receivers:\n  otlp/%d: # a comment\n    protocols:\n      grpc: {endpoint: 127.0.0.1:%d, max_recv_msg_size_mib: 64}\n"+
			"exporters:\n  otlp_grpc/%d:\n    endpoint: gateway-%d:4317\n    sending_queue: {storage: file_storage, queue_size: 1000}\n    retry_on_failure:\n      enabled: true\n      max_elapsed_time: 0s\n", i, i, i, i)
	}
	for name, text := range map[string]string{"metrics": page.String(), "configuration": config.String()} {
		for _, look := range []struct {
			name string
			at   func(string) *clues
		}{{"with clues", cluesOf}, {"everywhere", everywhere}} {
			b.Run(name+"/"+look.name, func(b *testing.B) {
				before := cpuTime(b)
				for b.Loop() {
					require.Len(b, apply(text, look.at, func(string) {}), len(text))
				}
				b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/float64(len(text)), "cpu-ns/B")
			})
		}
	}
}

func cpuTime(b *testing.B) int64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}
