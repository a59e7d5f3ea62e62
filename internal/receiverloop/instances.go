// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// Instances keeps one receiver per configuration, so that its pipelines of several signals share what it holds, as connections and
// files. The zero value is ready. It is safe for concurrent use.
type Instances[R component.Component] struct {
	mu sync.Mutex
	of map[component.Config]*Instance[R]
}

// Get returns the instance of a configuration, which create makes where there is none. The configuration is a pointer.
func (i *Instances[R]) Get(cfg component.Config, create func() (R, error)) (*Instance[R], error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if instance, exists := i.of[cfg]; exists {
		return instance, nil
	}
	r, err := create()
	if err != nil {
		return nil, err
	}
	if i.of == nil {
		i.of = map[component.Config]*Instance[R]{}
	}
	instance := &Instance[R]{Receiver: r, forget: func() { i.forget(cfg) }}
	i.of[cfg] = instance
	return instance, nil
}

func (i *Instances[R]) forget(cfg component.Config) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.of, cfg)
}

// Instance is a receiver that is started and stopped once, however many pipelines do so.
type Instance[R component.Component] struct {
	Receiver R

	forget      func()
	hosts       hosts
	start, stop sync.Once
	startErr    error
	stopErr     error
}

// Start starts the receiver on the first call. What the receiver reports of its status goes to the hosts of all calls.
func (i *Instance[R]) Start(ctx context.Context, host component.Host) error {
	i.hosts.add(host)
	i.start.Do(func() { i.startErr = i.Receiver.Start(ctx, &i.hosts) })
	return i.startErr
}

// Shutdown stops the receiver on the first call.
func (i *Instance[R]) Shutdown(ctx context.Context) error {
	i.stop.Do(func() {
		i.forget()
		i.stopErr = i.Receiver.Shutdown(ctx)
	})
	return i.stopErr
}

// hosts are one host to a receiver: the Collector has one for each pipeline's signal.
type hosts struct {
	mu   sync.Mutex
	all  []component.Host
	last *componentstatus.Event // nil before the first
}

var (
	_ component.Host           = (*hosts)(nil)
	_ componentstatus.Reporter = (*hosts)(nil)
)

func (h *hosts) add(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, host)
	if h.last != nil {
		componentstatus.ReportStatus(host, h.last)
	}
}

// GetExtensions returns those of the Collector, which are the same from every host.
func (h *hosts) GetExtensions() map[component.ID]component.Component {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[0].GetExtensions()
}

// Report reports an event to every host, those to come included.
func (h *hosts) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = event
	for _, host := range h.all {
		componentstatus.ReportStatus(host, event)
	}
}
