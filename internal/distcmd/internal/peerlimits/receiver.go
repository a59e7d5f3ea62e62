// SPDX-License-Identifier: Apache-2.0

package peerlimits

import (
	"context"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/xconsumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/xreceiver"
)

// middlewareID is no type of a component, so that no configuration can name it.
var middlewareID = component.MustNewIDWithName("tracecore", "peer limits")

// limitReceiver puts the middleware before an otlp receiver, as its configuration could.
func limitReceiver(factory receiver.Factory) receiver.Factory {
	limited := limitedFactory{Factory: factory, alias: factory.(alias)}
	if profiles, ok := factory.(xreceiver.Factory); ok {
		return limitedProfilesFactory{limitedFactory: limited, profiles: profiles}
	}
	return limited
}

type limitedFactory struct {
	receiver.Factory
	alias
}

// CreateTraces implements [receiver.Factory].
func (f limitedFactory) CreateTraces(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	return limit(cfg)(f.Factory.CreateTraces(ctx, set, cfg, next))
}

// CreateMetrics implements [receiver.Factory].
func (f limitedFactory) CreateMetrics(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	return limit(cfg)(f.Factory.CreateMetrics(ctx, set, cfg, next))
}

// CreateLogs implements [receiver.Factory].
func (f limitedFactory) CreateLogs(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	return limit(cfg)(f.Factory.CreateLogs(ctx, set, cfg, next))
}

type limitedProfilesFactory struct {
	limitedFactory

	profiles xreceiver.Factory
}

// CreateProfiles implements [xreceiver.Factory].
func (f limitedProfilesFactory) CreateProfiles(ctx context.Context, set receiver.Settings, cfg component.Config, next xconsumer.Profiles) (xreceiver.Profiles, error) {
	return limit(cfg)(f.profiles.CreateProfiles(ctx, set, cfg, next))
}

// ProfilesStability implements [xreceiver.Factory].
func (f limitedProfilesFactory) ProfilesStability() component.StabilityLevel {
	return f.profiles.ProfilesStability()
}

// limit adds the middleware to a configuration with HTTP, last and so nearest to the receiver, and
// lets the receiver find it. All signals of a receiver share the configuration.
func limit(cfg component.Config) func(component.Component, error) (component.Component, error) {
	return func(c component.Component, err error) (component.Component, error) {
		config, isOTLP := cfg.(*otlpreceiver.Config)
		if err != nil || !isOTLP || !config.Protocols.HTTP.HasValue() {
			return c, err
		}
		settings := config.Protocols.HTTP.Get()
		own := configmiddleware.Config{ID: middlewareID}
		if !slices.Contains(settings.ServerConfig.Middlewares, own) {
			settings.ServerConfig.Middlewares = append(settings.ServerConfig.Middlewares, own)
		}
		return limitedReceiver{c, middleware{routes: []route{
			newRoute(string(settings.TracesURLPath), traces),
			newRoute(string(settings.MetricsURLPath), metrics),
			newRoute(string(settings.LogsURLPath), logs),
			newRoute("/v1development/profiles", profiles),
		}}}, nil
	}
}

// limitedReceiver starts a receiver with a host that has the middleware.
type limitedReceiver struct {
	component.Component

	middleware middleware
}

// Start implements [component.Component].
func (r limitedReceiver) Start(ctx context.Context, host component.Host) error {
	return r.Component.Start(ctx, limitingHost{host, r.middleware})
}

// limitingHost has one more extension. The otlp receiver asks a host for extensions and reports
// status to it, no more.
type limitingHost struct {
	component.Host

	middleware middleware
}

// GetExtensions implements [component.Host].
func (h limitingHost) GetExtensions() map[component.ID]component.Component {
	extensions := map[component.ID]component.Component{}
	maps.Copy(extensions, h.Host.GetExtensions())
	extensions[middlewareID] = h.middleware
	return extensions
}

// Report implements [componentstatus.Reporter].
func (h limitingHost) Report(event *componentstatus.Event) {
	componentstatus.ReportStatus(h.Host, event)
}
