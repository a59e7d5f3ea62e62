// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// kind is what a test is about.
type kind string

const (
	fires       kind = "fires"
	quiet       kind = "stays quiet"
	firstScrape kind = "first scrape"
)

// testCase is one for promtool: samples a minute apart, and whether the alert fires at a time.
type testCase struct {
	Kind   kind
	At     string
	Firing bool
	Series []series
}

// series is a series and its values in promtool's notation.
type series struct{ Name, Values string }

func has(cases []testCase, k kind) bool {
	for _, c := range cases {
		if c.Kind == k {
			return true
		}
	}
	return false
}

func fire(at string, s ...series) testCase { return testCase{fires, at, true, s} }

func keepQuiet(at string, s ...series) testCase { return testCase{quiet, at, false, s} }

// firstFires is for values that are wrong, or counters that are above zero, when they are first seen.
func firstFires(at string, s ...series) testCase { return testCase{firstScrape, at, true, s} }

// firstIsQuiet is for rates, of which a first value says nothing.
func firstIsQuiet(at string, s ...series) testCase { return testCase{firstScrape, at, false, s} }

// gpu is a series of one GPU as the Collector's Prometheus page and dcgm-exporter have them.
func gpu(metric, labels, values string) series {
	own := `hw_id="GPU-1",hw_name="nvidia1",instance="gpu-7:9464",job="gpus"`
	if strings.HasPrefix(metric, "DCGM_") {
		own = `gpu="1",UUID="GPU-1",device="nvidia1",hostname="gpu-7",instance="gpu-7:9400",job="dcgm"`
	}
	return of(metric, own, labels, values)
}

// host is a series of a node, or of a Collector.
func host(metric, labels, values string) series {
	return of(metric, `instance="gpu-7:9464",job="gpus"`, labels, values)
}

func of(metric, own, labels, values string) series {
	if labels != "" {
		own += "," + labels
	}
	return series{metric + "{" + own + "}", values}
}

// level tests a state that is bad where it is 1: at once, after its time, or not.
func level(s func(values string) series) []testCase {
	return []testCase{
		fire("40m", s("0x5 1x40")),
		keepQuiet("40m", s("0x45")),
		firstFires("40m", s("_x5 1x40")),
	}
}

// lifetime tests what fires when a counter rises that is older than any scrape: its first value is no news.
func lifetime(s func(values string) series) []testCase {
	return []testCase{
		fire("12m", s("3x9 4x10")),
		keepQuiet("12m", s("3x30")),
		firstIsQuiet("12m", s("_x10 3x10")),
	}
}

// counter tests what fires when a counter rises by n, and when it appears with n.
func counter(n string, s func(values string) series) []testCase {
	return []testCase{
		fire("12m", s("0x10 "+n+"x10")),
		keepQuiet("3h", s(n+"x200")),
		keepQuiet("2h28m", s(n+"x120 _x20 "+n+"x60")), // Scrapes that failed are no news.
		firstFires("12m", s("_x10 "+n+"x10")),
	}
}
