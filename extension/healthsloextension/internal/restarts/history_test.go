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
	own      = componentstatus.NewInstanceID(component.MustNewID("health_slo"), component.KindExtension)
	storage  = componentstatus.NewInstanceID(component.MustNewID("file_storage"), component.KindExtension)
	traces   = exporter(pipeline.SignalTraces)
	metrics  = exporter(pipeline.SignalMetrics)
	both     = exporter(pipeline.SignalTraces, pipeline.SignalMetrics)
	key      = Key{Kind: "exporter", ID: "otlp_grpc"}
	ownKey   = Key{Kind: "extension", ID: "health_slo"}
	otherKey = Key{Kind: "extension", ID: "file_storage"}
)

// exporter is an exporter's identity in a service whose pipelines are these.
func exporter(signals ...pipeline.Signal) *componentstatus.InstanceID {
	var ids []pipeline.ID
	for _, signal := range signals {
		ids = append(ids, pipeline.NewID(signal))
	}
	return componentstatus.NewInstanceID(component.MustNewID("otlp_grpc"), component.KindExporter, ids...)
}

// start starts a service with these components, in their order. It reports through pointers
// of its own, as each service does, and each event twice, as two extensions do.
func start(h *History, sources ...*componentstatus.InstanceID) {
	for _, source := range sources {
		time.Sleep(time.Nanosecond)
		same := *source
		for _, status := range []componentstatus.Status{componentstatus.StatusStarting, componentstatus.StatusOK} {
			event := componentstatus.NewEvent(status)
			h.Observe(&same, event)
			h.Observe(&same, event)
		}
	}
}

func TestRestartsOfTheLastHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		count := func() int { return h.LastHour(time.Now())[ownKey] }
		require.Empty(t, h.LastHour(time.Now()))
		start(&h, own)
		require.Equal(t, map[Key]int{ownKey: 0}, h.LastHour(time.Now()), "the first start is none")
		for want := 1; want <= 3; want++ {
			time.Sleep(20*time.Minute - time.Nanosecond)
			start(&h, own)
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

func TestRestartsCountOncePerServiceWhateverThePipelines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		f := func(want map[Key]int, sources ...*componentstatus.InstanceID) {
			t.Helper()
			start(&h, sources...)
			require.Equal(t, want, h.LastHour(time.Now()))
		}
		f(map[Key]int{ownKey: 0, key: 0}, own, traces)
		require.True(t, h.FirstGeneration())
		f(map[Key]int{ownKey: 1, key: 1}, own, both)
		require.False(t, h.FirstGeneration())
		f(map[Key]int{ownKey: 2, key: 2}, own, traces, metrics)
		f(map[Key]int{ownKey: 3, key: 2}, own)
		f(map[Key]int{ownKey: 4, key: 3}, own, metrics, traces)
	})
}

// The order of extensions follows their dependencies and is else of no account.
func TestExtensionsThatComeAndGoCountToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		f := func(others, all int, sources ...*componentstatus.InstanceID) {
			t.Helper()
			start(&h, sources...)
			require.Equal(t, map[Key]int{ownKey: all, key: all, otherKey: others}, h.LastHour(time.Now()))
		}
		start(&h, own, traces)
		f(0, 1, storage, own, traces)
		f(1, 2, storage, own, traces)
		f(2, 3, own, storage, traces)
		f(2, 4, own, traces)
		f(3, 5, storage, own, both)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h History
		for range 2 * maxRestarts {
			time.Sleep(time.Millisecond)
			start(&h, own)
		}
		require.Equal(t, maxRestarts, h.LastHour(time.Now())[ownKey])
		for i := range 2 * maxComponents {
			start(&h, componentstatus.NewInstanceID(component.MustNewIDWithName("otlp_grpc", string(rune('a'+i))), component.KindExporter))
		}
		require.Len(t, h.components, maxComponents)
	})
}
