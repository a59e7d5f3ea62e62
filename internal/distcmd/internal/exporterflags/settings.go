// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ifSet leaves the default of the setting where the flag is not given.
func ifSet(path string) func(*config, value) error {
	return func(c *config, v value) error {
		if v.text != "" {
			c.set(path, v.text)
		}
		return nil
	}
}

// when writes a constant where the flag is true.
func when(path, constant string) func(*config, value) error {
	return func(c *config, v value) error {
		if v.isTrue() {
			c.set(path, constant)
		}
		return nil
	}
}

// The bounds of the settings that flags in milliseconds become.
const (
	leastInterval, mostInterval = 100 * time.Millisecond, time.Hour
	leastWindow, mostWindow     = time.Second, 24 * time.Hour
)

func window(path string) func(*config, value) error {
	return func(c *config, v value) error {
		d, err := v.milliseconds(leastWindow, mostWindow)
		c.set(path, d.String())
		return err
	}
}

func (v value) milliseconds(least, most time.Duration) (time.Duration, error) {
	n, err := wholeNumber(v.text)
	if err != nil || n < least.Milliseconds() || n > most.Milliseconds() {
		return 0, fmt.Errorf("must be from %d to %d milliseconds, got %s", least.Milliseconds(), most.Milliseconds(), v.text)
	}
	return time.Duration(n) * time.Millisecond, nil
}

func interval(c *config, v value) error {
	d, err := v.milliseconds(leastInterval, mostInterval)
	c.interval = d
	c.set("receivers::dcgm::collection_interval", d.String())
	return err
}

var (
	//go:embed dcp-metrics-included.csv
	dcpCounters string
	//go:embed 1.x-compatibility-metrics.csv
	oldCounters string
)

// presets are the counters files that dcgm-exporter's image has. Other images have none at these paths.
var presets = map[string]string{
	"/etc/dcgm-exporter/default-counters.csv":          "default",
	"/etc/dcgm-exporter/dcp-metrics-included.csv":      dcpCounters,
	"/etc/dcgm-exporter/1.x-compatibility-metrics.csv": oldCounters,
}

func counters(c *config, v value) error {
	counters := v.text
	file, err := os.Open(v.text)
	switch preset, isPreset := presets[v.text]; {
	case err == nil:
		_ = file.Close()
	case isPreset && errors.Is(err, os.ErrNotExist):
		counters = preset
	case strings.ContainsAny(v.text, "\n,"): // It is the text of one.
	default:
		return fmt.Errorf("must be a counters file that can be read: %w", err)
	}
	c.set("receivers::dcgm::dcgm_exporter::counters", counters)
	return nil
}

// address takes what a listener takes: HOST:PORT, where HOST may be absent and PORT a name.
func address(c *config, v value) error {
	_, port, err := net.SplitHostPort(v.text)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		return fmt.Errorf("must be HOST:PORT or :PORT, with an IPv6 address in [], got %q", v.text)
	}
	c.set("exporters::prometheus::endpoint", v.text)
	return nil
}

func hostnameLabel(c *config, v value) error {
	if v.text != "" && c.given["no-hostname"].isTrue() {
		return errors.New("must not be given with --no-hostname, which leaves the label out")
	}
	return ifSet("receivers::dcgm::dcgm_exporter::hostname_label")(c, v)
}

// allOf takes f, which is all of them.
func allOf(entities, label string) func(*config, value) error {
	return func(_ *config, v value) error {
		if v.text == "f" {
			return nil
		}
		return fmt.Errorf("must be f, which is all %s, got %q: choose some by the label %s in queries", entities, v.text, label)
	}
}

// migOf says what a choice of devices without numbers has series of.
var migOf = map[string]string{"f": "flex", "g": "gpus", "i": "instances", "g+i": "both", "i+g": "both"}

var someGPUs = regexp.MustCompile(`^g:(\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$`)

const mostGPUs = 1024

// devices takes f, g, i, g+i and g:0,2-3.
func devices(c *config, v value) error {
	mig, isChoice := migOf[v.text]
	match := someGPUs.FindStringSubmatch(v.text)
	switch {
	case mig == "flex":
		return nil
	case isChoice:
		c.set("receivers::dcgm::dcgm_exporter::mig", mig)
		return nil
	case match == nil:
		return fmt.Errorf("must be f, g, i, g+i or g:NUMBERS, got %q: choose single instances by the label GPU_I_ID in queries", v.text)
	}
	var numbers []string
	for part := range strings.SplitSeq(match[1], ",") {
		some, err := numbersOf(part)
		if err != nil {
			return err
		}
		numbers = append(numbers, some...)
	}
	c.set("receivers::dcgm::devices", numbers)
	c.set("receivers::dcgm::dcgm_exporter::mig", migOf["g"])
	return nil
}

// numbersOf reads 3 and 2-5.
func numbersOf(part string) ([]string, error) {
	from, to, isRange := strings.Cut(part, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	if err := errors.Join(err1, err2); err != nil || last < first || last > mostGPUs {
		return nil, fmt.Errorf("must have numbers up to %d in order, got %q", mostGPUs, part)
	}
	var numbers []string
	for n := first; n <= last; n++ {
		numbers = append(numbers, strconv.Itoa(n))
	}
	return numbers, nil
}

func dump(c *config, v value) error {
	if v.isTrue() {
		c.set("receivers::dcgm::dump::path", filepath.Join(c.given["dump-directory"].text, "dcgm.jsonl"))
	}
	return nil
}

func dumpDirectory(c *config, v value) error {
	if c.given["dump-enabled"].isTrue() && !filepath.IsAbs(v.text) {
		return fmt.Errorf("must be an absolute path, got %q", v.text)
	}
	return nil
}

func pprof(c *config, v value) error {
	if v.isTrue() {
		c.set("extensions::pprof::endpoint", "localhost:1777")
	}
	return nil
}

func logFormat(c *config, v value) error {
	c.set("service::telemetry::logs::encoding", map[string]string{"text": "console", "json": "json"}[v.text])
	return nil
}

// modelName does what strings.Fields and a join with dashes do.
func modelName(c *config, v value) error {
	if v.isTrue() {
		c.statement(`replace_pattern(attributes["modelName"], "\\s+", "-")`)
	}
	return nil
}

// oldLabels are the labels that have another name in the namespace of 1.x.
func oldLabels(c *config, v value) error {
	if !v.isTrue() {
		return nil
	}
	for _, rename := range [][2]string{{"UUID", "uuid"}, {"pod", "pod_name"}, {"namespace", "pod_namespace"}, {"container", "container_name"}} {
		c.statement(fmt.Sprintf(`set(attributes["%s"], attributes["%s"]) where attributes["%s"] != nil`, rename[1], rename[0], rename[0]))
		c.statement(fmt.Sprintf(`delete_key(attributes, "%s")`, rename[0]))
	}
	return nil
}

// What concerns Kubernetes counts with --kubernetes alone, as in dcgm-exporter.

const (
	kubelet    = "processors::gpu_attribution::kubernetes::"
	podsSocket = "/var/lib/kubelet/pods-api/pods-api.sock"
)

func (c *config) onKubernetes() bool { return c.given["kubernetes"].isTrue() }

func kubernetes(c *config, v value) error {
	if v.isTrue() {
		c.set(kubelet+"socket", c.given["pod-resources-kubelet-socket"].text)
	}
	return nil
}

func socket(c *config, v value) error {
	if c.onKubernetes() && !filepath.IsAbs(v.text) {
		return fmt.Errorf("must be an absolute path, got %q", v.text)
	}
	return nil
}

// jobs takes what the processor takes.
func jobs(c *config, v value) error {
	if v.text != "" && !filepath.IsAbs(v.text) {
		return fmt.Errorf("must be an absolute path, got %q", v.text)
	}
	return ifSet("processors::gpu_attribution::jobs::directory")(c, v)
}

func dra(c *config, v value) error {
	if v.isTrue() && c.onKubernetes() {
		c.set(kubelet+"resource_slices::endpoint", "https://kubernetes.default.svc")
	}
	return nil
}

func podUID(c *config, v value) error {
	if v.isTrue() && c.onKubernetes() {
		c.set(kubelet+"pods_socket", podsSocket)
	}
	return nil
}

func podLabels(c *config, v value) error {
	if v.isTrue() && c.onKubernetes() && c.given["kubernetes-pod-label-allowlist-regex"].text == "" {
		c.set(kubelet+"pod_labels", []string{".*"})
	}
	return podUID(c, v)
}

// podLabelPatterns match parts of keys in dcgm-exporter, and whole keys here.
func podLabelPatterns(c *config, v value) error {
	var patterns []string
	for _, pattern := range v.list() {
		if _, err := regexp.Compile(pattern); err != nil {
			return fmt.Errorf("must be regular expressions: %w", err)
		}
		patterns = append(patterns, ".*(?:"+strings.ReplaceAll(pattern, "$", "$$")+").*")
	}
	if patterns != nil && c.onKubernetes() && c.given["kubernetes-enable-pod-labels"].isTrue() {
		c.set(kubelet+"pod_labels", patterns)
	}
	return nil
}

func resources(c *config, v value) error {
	var names []string
	for _, name := range v.list() {
		names = append(names, regexp.QuoteMeta(name))
	}
	if names != nil && c.onKubernetes() {
		c.set(kubelet+"resources", names)
	}
	return nil
}
