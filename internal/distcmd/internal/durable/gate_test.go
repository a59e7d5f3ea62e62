// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
)

func wrapped(t *testing.T, factory exporter.Factory) exporter.Factory {
	t.Helper()
	factories, err := Wrap(func() (otelcol.Factories, error) {
		return otelcol.Factories{Exporters: map[component.Type]exporter.Factory{factory.Type(): factory}}, nil
	})()
	require.NoError(t, err)
	return factories.Exporters[factory.Type()]
}

// signal is an exporter of one signal, and something to send to it.
type signal struct {
	component.Component
	send func(context.Context) error
}

// exporters are what a wrapped factory makes of these settings, by signal.
func exporters(t *testing.T, cfg component.Config) map[string]signal {
	t.Helper()
	factory := wrapped(t, exportertest.NewNopFactory())
	set := exportertest.NewNopSettings(factory.Type())
	traces, err := factory.CreateTraces(t.Context(), set, cfg)
	require.NoError(t, err)
	metrics, err := factory.CreateMetrics(t.Context(), set, cfg)
	require.NoError(t, err)
	logs, err := factory.CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	profiles, err := factory.(xexporter.Factory).CreateProfiles(t.Context(), set, cfg)
	require.NoError(t, err)
	return map[string]signal{
		"traces":   {traces, func(ctx context.Context) error { return traces.ConsumeTraces(ctx, ptrace.NewTraces()) }},
		"metrics":  {metrics, func(ctx context.Context) error { return metrics.ConsumeMetrics(ctx, pmetric.NewMetrics()) }},
		"logs":     {logs, func(ctx context.Context) error { return logs.ConsumeLogs(ctx, plog.NewLogs()) }},
		"profiles": {profiles, func(ctx context.Context) error { return profiles.ConsumeProfiles(ctx, pprofile.NewProfiles()) }},
	}
}

func TestExportersWithAPersistentQueueRefuseDataUntilTheyHaveStarted(t *testing.T) {
	for name, e := range exporters(t, &withQueue{configoptional.Some(stored())}) {
		t.Run(name, func(t *testing.T) {
			err := e.send(t.Context())
			require.ErrorIs(t, err, errNotStarted)
			require.False(t, consumererror.IsPermanent(err))
			require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
			require.NoError(t, e.send(t.Context()))
			require.NoError(t, e.Shutdown(t.Context()))
		})
	}
}

func TestExportersWithoutAPersistentQueueAcceptDataAtAnyTime(t *testing.T) {
	for name, e := range exporters(t, &withQueue{configoptional.Some(exporterhelper.NewDefaultQueueConfig())}) {
		t.Run(name, func(t *testing.T) { require.NoError(t, e.send(t.Context())) })
	}
}

type broken struct{ component.ShutdownFunc }

func (broken) Start(context.Context, component.Host) error { return errors.New("broken") }

func TestExporterThatDoesNotStartStaysClosed(t *testing.T) {
	g := &gate{Component: broken{}}
	require.Error(t, g.Start(t.Context(), componenttest.NewNopHost()))
	require.False(t, g.started.Load())
}

func TestFactoriesKeepWhatTheServiceLooksFor(t *testing.T) {
	former := component.MustNewType("former")
	plain := wrapped(t, exporter.NewFactory(component.MustNewType("plain"), func() component.Config { return nil }))
	require.NotImplements(t, (*xexporter.Factory)(nil), plain)
	renamed := wrapped(t, xexporter.NewFactory(component.MustNewType("renamed"), func() component.Config { return nil },
		xexporter.WithDeprecatedTypeAlias(former)))
	require.Equal(t, former, renamed.(alias).DeprecatedAlias())
	kept := exporter.NewFactory(ungated, func() component.Config { return nil })
	require.Equal(t, kept, wrapped(t, kept))
}

func TestErrorOfTheFactoriesIsPassedOn(t *testing.T) {
	failed := errors.New("failed")
	_, err := Wrap(func() (otelcol.Factories, error) { return otelcol.Factories{}, failed })()
	require.ErrorIs(t, err, failed)
}

func TestErrorOfAnExportersFactoryIsPassedOn(t *testing.T) {
	failing := exporter.NewFactory(component.MustNewType("failing"), func() component.Config { return nil })
	factory, cfg := wrapped(t, failing), &withQueue{configoptional.Some(stored())}
	_, err := factory.CreateLogs(t.Context(), exportertest.NewNopSettings(failing.Type()), cfg)
	require.ErrorIs(t, err, pipeline.ErrSignalNotSupported)
}
