// SPDX-License-Identifier: Apache-2.0

package restarts

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pipeline"
)

var (
	traces  = instance("otlp_grpc", pipeline.SignalTraces)
	metrics = instance("otlp_grpc", pipeline.SignalMetrics)
	key     = Key{Kind: "exporter", ID: "otlp_grpc"}
)

func instance(id string, signal pipeline.Signal) *componentstatus.InstanceID {
	return componentstatus.NewInstanceID(component.MustNewID(id), component.KindExporter, pipeline.NewID(signal))
}

// start reports through a pointer of its own, as each service does.
func start(h *History, source *componentstatus.InstanceID) {
	same := *source
	h.Observe(&same, componentstatus.NewEvent(componentstatus.StatusStarting))
	h.Observe(&same, componentstatus.NewEvent(componentstatus.StatusOK))
}

func TestRestartsOfTheLastHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		count := func() int { return h.LastHour(time.Now())[key] }
		require.Empty(t, h.LastHour(time.Now()))
		start(&h, traces)
		require.Equal(t, map[Key]int{key: 0}, h.LastHour(time.Now()), "the first start is none")
		for want := 1; want <= 3; want++ {
			time.Sleep(20 * time.Minute)
			start(&h, traces)
			require.Equal(t, want, count())
		}
		time.Sleep(20 * time.Minute)
		require.Equal(t, 3, count(), "an hour ago still counts")
		time.Sleep(time.Nanosecond)
		require.Equal(t, 2, count())
		time.Sleep(time.Hour)
		require.Zero(t, count())
	})
}

func TestInstancesFoldToTheMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		for range 3 {
			time.Sleep(time.Second)
			start(&h, traces)
		}
		start(&h, metrics)
		require.Equal(t, map[Key]int{key: 2}, h.LastHour(time.Now()))
	})
}

func TestOneEventReportedTwiceCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		start(&h, traces)
		time.Sleep(time.Second)
		event := componentstatus.NewEvent(componentstatus.StatusStarting)
		h.Observe(traces, event)
		h.Observe(traces, event)
		require.Equal(t, 1, h.LastHour(time.Now())[key])
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		for range 2 * maxRestarts {
			time.Sleep(time.Millisecond)
			start(&h, traces)
		}
		require.Equal(t, maxRestarts, h.LastHour(time.Now())[key])
		for i := range 2 * maxInstances {
			start(&h, componentstatus.NewInstanceID(component.MustNewIDWithName("otlp_grpc", string(rune('a'+i))), component.KindExporter))
		}
		require.Len(t, h.instances, maxInstances)
	})
}
