// SPDX-License-Identifier: Apache-2.0

package selftelemetry_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tracecoreai/tracecore/internal/selftelemetry"
	"github.com/tracecoreai/tracecore/internal/selftelemetry/selftelemetrytest"
)

// A receiver reports the result of each collection. One that has not reached its source yet
// is degraded from the start, so that the time counts from boot.
func ExampleNewReceiver() {
	set := componenttest.NewNopTelemetrySettings() // what the Collector passes to the factory
	telemetry := selftelemetry.NewReceiver(set, component.MustNewIDWithName("dcgm", "rack2"), "watch")
	defer telemetry.Shutdown()

	telemetry.SetDegraded(true)
	collect := func(read, push func() error) {
		begin := time.Now()
		defer func() { telemetry.ObserveLatency(time.Since(begin)) }()
		if err := read(); err != nil {
			telemetry.SetDegraded(true)
			telemetry.IncError(selftelemetry.KindRead)
			return
		}
		if err := push(); err != nil {
			telemetry.IncError(selftelemetry.KindDownstream)
			return
		}
		telemetry.SetDegraded(false)
		telemetry.IncEmissions(1)
		telemetry.MarkActivity()
	}
	succeed := func() error { return nil }
	collect(succeed, succeed)
}

// An exporter counts every Consume call, and can return the counts.
func ExampleNewExporter() {
	telemetry := selftelemetry.NewExporter(componenttest.NewNopTelemetrySettings(), component.MustNewID("stdout"))
	consume := func(write func() error) error {
		if err := write(); err != nil {
			telemetry.IncCallFailure(selftelemetry.KindDownstream)
			return err
		}
		telemetry.IncCallSuccess()
		return nil
	}
	_ = consume(func() error { return nil })
	_ = consume(func() error { return errors.New("broken pipe") })
	fmt.Println(telemetry.Successes(), telemetry.Failures())
	// Output: 1 1
}

// What a component reports appears under the Collector's own meter provider.
func Example() {
	telemetry := componenttest.NewTelemetry()
	receiver := selftelemetry.NewReceiver(telemetry.NewTelemetrySettings(), component.MustNewID("clock"))
	receiver.IncEmissions(2)

	m, err := telemetry.GetMetric("tracecore.receiver.emissions_total")
	if err != nil {
		panic(err)
	}
	point := m.Data.(metricdata.Sum[int64]).DataPoints[0]
	id, _ := point.Attributes.Value("component_id")
	fmt.Println(m.Name, id.AsString(), point.Value)
	receiver.Shutdown()
	_ = telemetry.Shutdown(context.Background())
	// Output: tracecore.receiver.emissions_total clock 2
}

// A component's test looks at what was reported instead of at a meter provider.
func Example_capture() {
	var captured selftelemetrytest.Receiver
	collect := func(telemetry selftelemetry.Receiver) {
		telemetry.IncError(selftelemetry.KindConnect)
		telemetry.SetDegraded(true)
	}
	collect(&captured)
	fmt.Println(captured.Report().Errors, captured.Report().Degraded)
	// Output: map[connect:1] [true]
}
