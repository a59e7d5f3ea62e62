// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/holders"
)

// attributor is what the metrics and logs pipelines of one configuration share: the sources, and the book of holders.
type attributor struct {
	cfg         *Config
	set         processor.Settings
	logger      *zap.Logger
	book        *holders.Book
	sources     []*source
	self        *selfTelemetry
	people      *people
	node        *node
	deviceNames []*regexp.Regexp

	boardMetrics map[string]bool // whether a metric has a device name; the book's lock guards it

	mu      sync.Mutex
	joined  int
	hosts   map[*member]component.Host
	cancel  context.CancelFunc
	running sync.WaitGroup
	failed  error // what was reported last
}

// attributors are those of the configurations that are in use.
var attributors = struct {
	sync.Mutex
	byConfig map[*Config]*attributor
}{byConfig: map[*Config]*attributor{}}

// share returns the attributor of a configuration.
func share(cfg *Config, set processor.Settings) (*attributor, error) {
	attributors.Lock()
	defer attributors.Unlock()
	if a := attributors.byConfig[cfg]; a != nil {
		return a, nil
	}
	a, err := newAttributor(cfg, set)
	if err != nil {
		return nil, err
	}
	attributors.byConfig[cfg] = a
	return a, nil
}

func newAttributor(cfg *Config, set processor.Settings) (*attributor, error) {
	names, err := compile("device_metrics", cfg.DeviceMetrics)
	if err != nil {
		return nil, err
	}
	a := &attributor{
		cfg: cfg, set: set, logger: set.Logger, deviceNames: names,
		people: newPeople(cfg.Attributes), node: newNode(cfg.Node, set.Logger), hosts: map[*member]component.Host{},
		boardMetrics: map[string]bool{},
	}
	if a.sources, err = newSources(cfg); err != nil {
		return nil, err
	}
	a.book = holders.NewBook(len(a.sources))
	a.self, err = newSelfTelemetry(a)
	return a, err
}

// member is one pipeline's part in an attributor.
type member struct{ *attributor }

func (a *attributor) join() *member {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.joined++
	return &member{a}
}

// Start begins to ask the sources with the first member. The context bounds Start alone.
func (m *member) Start(ctx context.Context, host component.Host) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hosts[m] = host
	if m.failed != nil {
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(m.failed))
	}
	if m.cancel != nil {
		return nil
	}
	m.node.detect(ctx)
	running, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	for _, s := range m.sources {
		m.running.Go(func() { s.run(running, m.attributor) })
	}
	return nil
}

// Shutdown ends the asking with the last member.
func (m *member) Shutdown(context.Context) error {
	m.mu.Lock()
	delete(m.hosts, m)
	m.joined--
	last := m.joined == 0
	cancel := m.cancel
	m.mu.Unlock()
	if !last {
		return nil
	}
	attributors.Lock()
	delete(attributors.byConfig, m.cfg)
	attributors.Unlock()
	if cancel != nil {
		cancel()
	}
	m.running.Wait()
	m.self.shutdown()
	return nil
}

// report says how all sources are, when that has changed.
func (a *attributor) report() {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, s := range a.sources {
		if err := s.failure(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	failed := errors.Join(errs...)
	if text(failed) == text(a.failed) {
		return
	}
	event := componentstatus.NewEvent(componentstatus.StatusOK)
	if failed != nil {
		event = componentstatus.NewRecoverableErrorEvent(failed)
	}
	a.failed = failed
	for _, host := range a.hosts {
		componentstatus.ReportStatus(host, event)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
