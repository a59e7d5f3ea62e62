// SPDX-License-Identifier: Apache-2.0

package healthsloextension

import (
	"context"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/health"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/metadata"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/restarts"
	"github.com/tracecoreai/tracecore/extension/healthsloextension/internal/sampling"
	"github.com/tracecoreai/tracecore/internal/telemetrysource"
)

// noSource is said where the Collector's own metrics cannot be read.
const noSource = "This distribution was built without health_slo's telemetry factory, so the Collector's own metrics cannot be read in process"

// samples is the part of the extension that reads the Collector's own metrics.
type samples struct {
	*sampling.Sampler
	gauges  *gauges
	metrics http.Handler // nil in a distribution without our telemetry factory
	verdicts
	cancel context.CancelFunc
}

func newSamples(set extension.Settings, cfg *Config, state *health.State) *samples {
	s := &samples{gauges: newGauges(state), verdicts: verdicts{owner: set.ID.String(), expected: cfg.Expect.GPUs, state: state}}
	settings := sampling.Settings{
		Window:     cfg.Window,
		Interval:   cfg.SampleInterval,
		Objectives: cfg.objectiveSettings(),
		Readiness:  func() sampling.Readiness { return readinessOf(state, &restarts.Process) },
		Publish:    s.publish,
		Logger:     set.Logger,
	}
	source, found := telemetrysource.Find(set.MeterProvider)
	switch {
	case found:
		settings.Source, s.metrics = sampling.NewInProcess(source), source.Handler()
	case cfg.ScrapeEndpoint != "":
		settings.Source = sampling.NewScrape(cfg.ScrapeEndpoint, cfg.SampleInterval)
	default:
		settings.Reason = noSource
		set.Logger.Warn(noSource+": the gauges of exporters and queues are absent, and paths::metrics answers 404. Set scrape_endpoint to the Collector's Prometheus endpoint, or build with the factory",
			zap.String("factory", "github.com/tracecoreai/tracecore/extension/healthsloextension/telemetry"))
	}
	if found && cfg.ScrapeEndpoint != "" {
		set.Logger.Info("scrape_endpoint is not used: the Collector's own metrics are read in process")
	}
	s.Sampler = sampling.NewSampler(settings)
	return s
}

// publish is called at the end of each pass.
func (s *samples) publish(view *sampling.View) {
	s.gauges.publish(view)
	s.judge(view)
}

// readinessOf leaves the first start of the process out: nothing relied on the Collector yet.
// A reload's start is an interruption.
func readinessOf(state *health.State, history *restarts.History) sampling.Readiness {
	switch {
	case state.Readiness().OK():
		return sampling.Ready
	case state.Starting() && history.FirstGeneration():
		return sampling.NotYetReady
	default:
		return sampling.Unready
	}
}

// start registers the gauges, unless another instance does, and starts sampling in a goroutine
// of the group.
func (s *samples) start(telemetry *metadata.TelemetryBuilder, wg *sync.WaitGroup, gauges bool) error {
	if gauges {
		if err := s.gauges.register(telemetry); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	wg.Go(func() { s.Run(ctx) })
	return nil
}

// gaugesOwner returns the one instance of the extension in a service that has gauges: the first
// by its id. All instances would report the same series, and overwrite each other's.
func gaugesOwner(own component.ID, extensions map[component.ID]component.Component) component.ID {
	owner := own
	for id, other := range extensions {
		if _, same := other.(*healthSLO); same && id.String() < owner.String() {
			owner = id
		}
	}
	return owner
}
