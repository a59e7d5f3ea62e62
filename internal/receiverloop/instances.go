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

// Get returns the instance of a configuration, which create makes where there is none. The configuration is a pointer. Each pipeline's
// signal gets the instance once and starts it once.
func (i *Instances[R]) Get(cfg component.Config, create func() (R, error)) (*Instance[R], error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if instance, exists := i.of[cfg]; exists {
		instance.pipelines++
		return instance, nil
	}
	r, err := create()
	if err != nil {
		return nil, err
	}
	if i.of == nil {
		i.of = map[component.Config]*Instance[R]{}
	}
	instance := &Instance[R]{Receiver: r, pipelines: 1, forget: func() { i.forget(cfg) }}
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

	forget    func()
	pipelines int // that have got it
	hosts     hosts
	stop      sync.Once
	stopErr   error
}

// Start starts the receiver on the call of the last pipeline: what comes after the receiver in the others has not been started before.
// What the receiver reports of its status goes to the hosts of all calls.
func (i *Instance[R]) Start(ctx context.Context, host component.Host) error {
	if i.hosts.add(host) < i.pipelines {
		return nil
	}
	return i.Receiver.Start(ctx, &i.hosts)
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
	mu  sync.Mutex
	all []component.Host
}

var (
	_ component.Host           = (*hosts)(nil)
	_ componentstatus.Reporter = (*hosts)(nil)
)

// add returns how many hosts there are now.
func (h *hosts) add(host component.Host) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, host)
	return len(h.all)
}

// GetExtensions returns those of the Collector, which are the same from every host.
func (h *hosts) GetExtensions() map[component.ID]component.Component {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[0].GetExtensions()
}

// Report reports an event to every host.
func (h *hosts) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, host := range h.all {
		componentstatus.ReportStatus(host, event)
	}
}
