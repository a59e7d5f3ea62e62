// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracecoreai/tracecore/internal/xid"
)

// node groups series by the labels that name a node, as far as a pipeline gives them.
const node = "cluster, k8s_cluster_name, job, instance, host_name, k8s_node_name"

// board and exporterBoard add those that name a GPU, or an instance of one.
const (
	board         = node + ", hw_id, hw_name, hw_model"
	exporterBoard = "cluster, job, instance, hostname, Hostname, gpu, UUID, device, modelName, GPU_I_ID"
)

// onBoard leaves a condition of a GPU the labels of the board and its own ones. Those of who holds the GPU are none of its alert's: with them
// it would begin again with each job.
func onBoard(expr string, own ...string) string { return byLabels(board, expr, own) }

// onExported is the same in dcgm-exporter's names.
func onExported(expr string, own ...string) string { return byLabels(exporterBoard, expr, own) }

func byLabels(labels, expr string, own []string) string {
	return "max by (" + strings.Join(append([]string{labels}, own...), ", ") + ") (" + expr + ")"
}

// over looks back at what has no range of its own. A counter of a board goes on where that of one holder ends and that of the next begins:
// one that is less than before has restarted, as with increase() of any counter.
func over(function, window, expr string) string {
	return function + "((" + expr + ")[{" + window + "}:{30s}])"
}

// grew holds while a counter has risen by more than this within the window. It is for counters that begin with what they count, such as
// those of kernel events: a series that begins at a value has risen by it, of which increase() says nothing. One that only was not scraped for
// up to an hour has not begun, and has risen by what it rose meanwhile.
func grew(selector, window string, more int) string {
	const before = "last_over_time(%[1]s[{1h}] offset {%[2]s})"
	return fmt.Sprintf("increase(%[1]s[{%[2]s}]) > %[3]d or (%[1]s - "+before+") > %[3]d or (%[1]s > %[3]d unless "+before+")", selector, window, more)
}

// oneOf holds where the metric has one of these values.
func oneOf(metric string, values []int) string {
	terms := make([]string, len(values))
	for i, value := range values {
		terms[i] = fmt.Sprintf("%s == %d", metric, value)
	}
	return strings.Join(terms, " or ")
}

func codes(list []int) string {
	texts := make([]string, len(list))
	for i, code := range list {
		texts[i] = strconv.Itoa(code)
	}
	return strings.Join(texts, "|")
}

// xidClasses divides all codes that are known. What is unknown belongs with the warnings.
type xidClasses struct{ critical, warning, application, ignored []int }

// applicationXIDs come from what runs on a GPU, beside those whose investigation NVIDIA begins at the application.
var applicationXIDs = []int{13, 31, 43, 45}

func classifyXIDs() (c xidClasses) {
	for _, code := range xid.Default().Codes(xid.XID) {
		into := &c.warning
		switch {
		case code.Severity >= xid.Error:
			into = &c.critical
		case code.Severity < xid.Warn:
			into = &c.ignored
		case slices.Contains(applicationXIDs, code.Number), strings.HasPrefix(code.InvestigatoryAction, "CHECK_APP"):
			into = &c.application
		}
		*into = append(*into, code.Number)
	}
	return c
}

var (
	secondsPattern  = regexp.MustCompile(`\{seconds (\d+[smhd])\}`)
	durationPattern = regexp.MustCompile(`\{(\d+[smhd])\}`)
)

// clock makes the text of a duration. Rules that users get keep it, those of a test are faster.
type clock func(time.Duration) time.Duration

func asWritten(d time.Duration) time.Duration { return d }

// fast keeps the order of durations within what a test can wait for. Beyond an hour are windows that look back for what was there: their
// alerts end when it is back, and have to last until then.
func fast(d time.Duration) time.Duration {
	switch {
	case d > time.Hour:
		return 5 * time.Minute
	case d == time.Hour:
		return 15 * time.Second
	}
	return min(max(d/60, 2*time.Second), 10*time.Second).Truncate(time.Second)
}

func (c clock) fill(expr string) string {
	expr = secondsPattern.ReplaceAllStringFunc(expr, func(m string) string {
		return strconv.Itoa(int(c(parse(secondsPattern.FindStringSubmatch(m)[1])).Seconds()))
	})
	return durationPattern.ReplaceAllStringFunc(expr, func(m string) string { return c.text(m[1 : len(m)-1]) })
}

func (c clock) text(duration string) string {
	d := c(parse(duration))
	if d == parse(duration) {
		return duration
	}
	return strconv.Itoa(int(d.Seconds())) + "s"
}

// parse takes durations of the table, which a test reads.
func parse(text string) time.Duration {
	unit := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]
	n, _ := strconv.Atoi(text[:len(text)-1]) // 0 for what is none: the patterns let digits through alone.
	return time.Duration(n) * unit
}
