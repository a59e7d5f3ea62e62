// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestTablesHaveCommandMachineAndMedians(t *testing.T) {
	l := list{{About: "One gauge callback", Module: "extension/healthsloextension", Name: "GaugeCallback", Benchtime: "20x", Binary: true}}
	results, err := parse([]byte(`toolchain: go1.27.4
cores: 2
revision: abc
goos: linux
goarch: amd64
pkg: github.com/tracecoreai/tracecore/extension/healthsloextension
cpu: A CPU
BenchmarkGaugeCallback/one_exporter-2 100 7 ns/op 5 cpu-ns/op 9 yardstick-ns
BenchmarkGaugeCallback/one_exporter-2 100 7 ns/op 1234567 cpu-ns/op 9 yardstick-ns
BenchmarkGaugeCallback/one_exporter-2 100 7 ns/op 12345 cpu-ns/op 9 yardstick-ns
BenchmarkGaugeCallback/two-2 100 7 ns/op 0.56789 cpu-ns/op 3 B/op 9 yardstick-ns
`), "test")
	if err != nil {
		t.Fatal(err)
	}
	want := `
Measured with go1.27.4 on linux/amd64, 2 cores of A CPU, at revision abc.

### One gauge callback

` + "```sh" + `
make build-node sim && cd extension/healthsloextension && BINARY=$(git rev-parse --show-toplevel)/bin/otelcol-tracecore-node go test -run '^$' -bench '^BenchmarkGaugeCallback$' -benchtime 20x
` + "```" + `

| GaugeCallback | cpu-ns/op | B/op |
| --- | ---: | ---: |
| one exporter | 12 345 |  |
| two | 0.568 | 3 |

`
	if got := tables(l, results); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestOnlyWhatIsBetweenTheMarkersIsReplaced(t *testing.T) {
	got, err := replaceBlock("before\n"+begin+"old\n"+end+"after\n", "new\n")
	if err != nil || got != "before\n"+begin+"new\n"+end+"after\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := replaceBlock("before\n"+end+begin, "new\n"); err == nil {
		t.Error("markers in the wrong order were accepted")
	}
}

// Make bench writes the tables. Whoever changes them by hand changes results that nobody has measured.
func TestDocumentationHasTheTablesOfTheResults(t *testing.T) {
	all, err := readList("benchmarks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	results, err := readResults("results", all)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("there are no results")
	}
	content := read(t, root+"/docs/performance.md")
	if want, err := replaceBlock(content, tables(all, results)); err != nil || want != content {
		t.Errorf("docs/performance.md is not what make bench has written: %v", err)
	}
	if strings.Count(content, begin) != 1 {
		t.Error("there is more than one block")
	}
}
