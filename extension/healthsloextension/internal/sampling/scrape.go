// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// maxScrapeBytes is many times what a Collector with hundreds of components says.
	maxScrapeBytes = 16 << 20

	// acceptText prefers full names, and takes those with underscores.
	acceptText = "text/plain;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.5"
)

var errTooLong = fmt.Errorf("answer is longer than %d MiB", maxScrapeBytes>>20)

// Scrape reads from a Prometheus endpoint.
type Scrape struct {
	endpoint string
	client   http.Client
}

// NewScrape returns a source that asks the endpoint, an absolute URL, and gives it that long.
func NewScrape(endpoint string, timeout time.Duration) *Scrape {
	return &Scrape{endpoint: endpoint, client: http.Client{
		Timeout: timeout,
		// It is this very process: no proxy lies between, and no connection is worth keeping.
		Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

// Name implements [Source].
func (*Scrape) Name() string { return SourceScrape }

// Read implements [Source].
func (s *Scrape) Read(ctx context.Context) (*Reading, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoint, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", acceptText)
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", s.endpoint, response.Status)
	}
	reading, err := parseText(&limited{response.Body, maxScrapeBytes})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.endpoint, err)
	}
	return reading, nil
}

// limited is an io.LimitReader whose end is an error.
type limited struct {
	io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// parseText reads the text format, with names in UTF-8 or with underscores, and with or
// without the suffixes an endpoint may be configured to add.
func parseText(text io.Reader) (*Reading, error) {
	families, err := parseFamilies(text)
	if err != nil {
		return nil, err
	}
	reading := newReading()
	for name, family := range families {
		if fold, ok := scrapedFold(name); ok {
			for _, m := range family.GetMetric() {
				reading.add(fold, point{label: func(key string) string { return scrapedLabel(m, key) }, value: scrapedValue(m)})
			}
		}
	}
	return reading.sorted(), nil
}

// parseFamilies survives what the parser panics at, such as braces without a name.
func parseFamilies(text io.Reader) (families map[string]*dto.MetricFamily, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			families, err = nil, fmt.Errorf("parse text format: %v", reason)
		}
	}()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(text)
}

// scrapedFolds has every fold under the name with underscores.
var scrapedFolds = func() map[string]func(*Reading, point) {
	byName := make(map[string]func(*Reading, point), len(folds))
	for name, fold := range folds {
		byName[underscores(name)] = fold
	}
	return byName
}()

func scrapedFold(name string) (fold func(*Reading, point), ok bool) {
	name = underscores(name)
	for _, suffix := range []string{"", "_total", "_ratio"} {
		if fold, ok = scrapedFolds[strings.TrimSuffix(name, suffix)]; ok {
			break
		}
	}
	return fold, ok
}

func scrapedLabel(m *dto.Metric, key string) string {
	for _, label := range m.GetLabel() {
		if underscores(label.GetName()) == underscores(key) {
			return label.GetValue()
		}
	}
	return ""
}

// scrapedValue reads whichever type the endpoint declared.
func scrapedValue(m *dto.Metric) float64 {
	switch {
	case m.GetCounter() != nil:
		return m.GetCounter().GetValue()
	case m.GetGauge() != nil:
		return m.GetGauge().GetValue()
	default:
		return m.GetUntyped().GetValue()
	}
}
