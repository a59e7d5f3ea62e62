// SPDX-License-Identifier: Apache-2.0

package gpuattributionprocessor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tracecoreai/tracecore/processor/gpuattributionprocessor/internal/podresources/kubelettest"
)

const fast = 10 * time.Millisecond

func asks(k *kubelettest.Kubelet) func(*Config) {
	return func(cfg *Config) {
		settings := defaultKubernetes()
		settings.Socket, settings.PollInterval, settings.Timeout = k.Socket, fast, time.Second
		cfg.Kubernetes = configoptional.Some(settings)
	}
}

func reads(directory string) func(*Config) {
	return func(cfg *Config) { cfg.Jobs = configoptional.Some(JobsConfig{Directory: directory}) }
}

// now sends a value of this moment and returns the attributes that it got.
func (r *rig) now(gpu int, attrs string) map[string]any {
	r.Helper()
	md := batch(0, "", gauge("hw.power", of(gpu)+" "+attrs, 1))
	point := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
	point.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	require.NoError(r, r.metrics.ConsumeMetrics(r.Context(), md))
	return point.Attributes().AsRaw()
}

func (r *rig) until(what string, ok func() bool) {
	r.Helper()
	require.Eventually(r, ok, time.Minute, fast, what)
}

func (r *rig) untilHeldBy(gpu int, key string, want any) {
	r.Helper()
	r.until(fmt.Sprintf("%s is never %v", key, want), func() bool { return r.now(gpu, "")[key] == want })
}

func TestPodsStartEndAndFollowEachOther(t *testing.T) {
	k := kubelettest.New(t)
	k.Run(t)
	r := newRig(t, asks(k)).start()
	r.untilHeldBy(1, "k8s.pod.name", nil)
	k.Set(kubelettest.Holding("ml", "a", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	r.untilHeldBy(1, "k8s.pod.name", "a")
	require.Equal(t, map[string]any{
		"hw.id": kubelettest.GPU(1), "k8s.pod.name": "a", "k8s.namespace.name": "ml", "k8s.container.name": "main",
	}, r.now(1, ""))
	k.Set(kubelettest.Holding("ml", "b", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	r.untilHeldBy(1, "k8s.pod.name", "b")
	k.Set()
	r.untilHeldBy(1, "k8s.pod.name", nil)
}

func TestAKubeletThatFailsHangsOrRestartsCostsFreshnessAlone(t *testing.T) {
	k := kubelettest.New(t)
	k.Run(t)
	k.Set(kubelettest.Holding("ml", "a", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	telemetry := componenttest.NewTelemetry()
	r := newRig(t, asks(k), func(set *processor.Settings) { set.TelemetrySettings = telemetry.NewTelemetrySettings() })
	host := &statusHost{}
	require.NoError(t, r.metrics.Start(t.Context(), host))
	require.NoError(t, r.logs.Start(t.Context(), componenttest.NewNopHost()))
	r.untilHeldBy(1, "k8s.pod.name", "a")

	for name, fault := range map[string]struct{ begin, end func() }{
		"failing":    {func() { k.Fail(errors.New("out of order")) }, func() { k.Fail(nil) }},
		"hanging":    {func() { k.Hang(true) }, func() { k.Hang(false) }},
		"restarting": {k.Stop, func() { time.Sleep(2 * time.Millisecond); k.Run(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			fault.begin()
			r.until("no error is reported", func() bool { return host.last() == componentstatus.StatusRecoverableError })
			require.Equal(t, "a", r.now(1, "")["k8s.pod.name"], "the last good answer stands")
			fault.end()
			r.until("recovery is not reported", func() bool { return host.last() == componentstatus.StatusOK })
			require.Equal(t, "a", r.now(1, "")["k8s.pod.name"])
		})
	}
	require.Positive(t, counted(t, telemetry, "tracecore.gpu_attribution.kubelet_restarts_total", ""))
	require.Positive(t, counted(t, telemetry, "tracecore.gpu_attribution.errors_total", "read"))
	require.Positive(t, counted(t, telemetry, "tracecore.gpu_attribution.errors_total", "connect"))
	require.Positive(t, counted(t, telemetry, "tracecore.gpu_attribution.lookups_total", "attributed"))
	require.EqualValues(t, 1, counted(t, telemetry, "tracecore.gpu_attribution.holders", ""))
	require.EqualValues(t, 0, counted(t, telemetry, "tracecore.gpu_attribution.unresolved_devices", ""))
	age, err := telemetry.GetMetric("tracecore.gpu_attribution.source_age_seconds")
	require.NoError(t, err)
	require.Less(t, age.Data.(metricdata.Gauge[float64]).DataPoints[0].Value, 60.)
}

func TestNeitherDataNorStopWaitsForTheKubelet(t *testing.T) {
	k := kubelettest.New(t)
	k.Run(t)
	k.Set(kubelettest.Holding("ml", "a", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	r := newRig(t, func(cfg *Config) { asks(k)(cfg); cfg.Kubernetes.Get().Timeout = time.Hour }).start()
	r.untilHeldBy(1, "k8s.pod.name", "a")
	k.Hang(true)
	asked := k.Asked()
	r.until("the kubelet is not asked", func() bool { return k.Asked() > asked })
	require.Equal(t, "a", r.now(1, "")["k8s.pod.name"])
}

func TestAKubeletThatIsBackHasToSayTwiceThatPodsAreGone(t *testing.T) {
	k := kubelettest.New(t)
	k.Run(t)
	r := newRig(t, asks(k))
	source := r.shared().sources[0]
	closing, err := source.open()
	require.NoError(t, err)
	defer closing()
	ask := func() { source.once(t.Context(), r.shared()) }
	k.Set(kubelettest.Holding("ml", "a", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	ask()
	r.now(1, "")
	k.Fail(errors.New("out of order"))
	ask()
	require.Error(t, source.failure())
	k.Fail(nil)
	k.Set()
	ask()
	require.NoError(t, source.failure())
	require.Equal(t, "a", r.now(1, "")["k8s.pod.name"])
	ask()
	require.Nil(t, r.now(1, "")["k8s.pod.name"])
	k.Set(kubelettest.Holding("ml", "b", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	ask()
	require.Equal(t, "b", r.now(1, "")["k8s.pod.name"])
	k.Set()
	ask()
	require.Nil(t, r.now(1, "")["k8s.pod.name"], "without a failure once is enough")
}

func TestAnAnswerThatIsTooOldIsNoneAnyMore(t *testing.T) {
	k := kubelettest.New(t)
	k.Run(t)
	k.Set(kubelettest.Holding("ml", "a", "main", "nvidia.com/gpu", kubelettest.GPU(1)))
	r := newRig(t, func(cfg *Config) { asks(k)(cfg); cfg.MaxAge = 200 * time.Millisecond }).start()
	r.untilHeldBy(1, "k8s.pod.name", "a")
	k.Stop()
	r.untilHeldBy(1, "k8s.pod.name", nil)
}

func TestJobsOfADirectoryAreFollowed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "jobs")
	r := newRig(t, reads(dir))
	jobs := r.shared().sources[0]
	closing, err := jobs.open()
	require.NoError(t, err)
	defer closing()
	jobs.once(t.Context(), r.shared())
	require.ErrorIs(t, jobs.failure(), os.ErrNotExist)
	info := batch(0, "", gauge("gpu.info", of(1)+" dcgm.gpu.id=4", 1))
	require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), info))
	require.Nil(t, r.now(1, "")["slurm.job.id"])
	require.NoError(t, os.Mkdir(dir, 0o700))
	jobs.once(t.Context(), r.shared())
	require.NoError(t, jobs.failure())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "job.17"), []byte("user=alice\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "4"), []byte("17\n"), 0o600))
	jobs.once(t.Context(), r.shared())
	require.Equal(t, "17", r.now(1, "")["slurm.job.id"])
	require.Equal(t, "alice", r.now(1, "")["slurm.job.user"])
}

func TestAChangeOfTheDirectoryIsSeenAtOnce(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, reads(dir)).start()
	require.NoError(t, r.metrics.ConsumeMetrics(t.Context(), batch(0, "", gauge("gpu.info", of(1)+" dcgm.gpu.id=4", 1))))
	r.until("no answer", func() bool { return r.shared().sources[0].age(time.Now()) > 0 })
	begin := time.Now()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "4"), []byte("17\n"), 0o600))
	r.untilHeldBy(1, "slurm.job.id", "17")
	require.NoError(t, os.Remove(filepath.Join(dir, "4")))
	r.untilHeldBy(1, "slurm.job.id", nil)
	require.Less(t, time.Since(begin), lookAgain, "and not at the next look")
}

func TestSourcesThatAreNotConfiguredAreUsedWhereTheyExist(t *testing.T) {
	r := newRig(t, nil)
	for _, s := range r.shared().sources {
		s.path = filepath.Join(t.TempDir(), "absent")
		require.True(t, s.maybe)
	}
	for _, s := range r.shared().sources {
		s.once(t.Context(), r.shared())
		require.NoError(t, s.failure(), "what does not exist is no error")
	}
	only := newRig(t, reads(t.TempDir()))
	require.Len(t, only.shared().sources, 1)
	require.False(t, only.shared().sources[0].maybe)
}

func TestPipelinesOfOneConfigurationShareTheirSources(t *testing.T) {
	k := kubelettest.New(t)
	k.Run(t)
	r := newRig(t, asks(k))
	require.Same(t, r.shared(), r.logs.(*logsProcessor).attributor)
	other := newRig(t, asks(k))
	require.NotSame(t, r.shared(), other.shared())
}

func TestTheStatusOfSourcesReachesPipelinesThatStartLater(t *testing.T) {
	r := newRig(t, reads(filepath.Join(t.TempDir(), "absent")))
	require.NoError(t, r.metrics.Start(t.Context(), componenttest.NewNopHost()))
	r.until("no error", func() bool {
		r.shared().mu.Lock()
		defer r.shared().mu.Unlock()
		return r.shared().failed != nil
	})
	late := &statusHost{}
	require.NoError(t, r.logs.Start(t.Context(), late))
	require.Equal(t, componentstatus.StatusRecoverableError, late.last())
	require.Contains(t, late.text(), "jobs: read job directory: open ")
}

// statusHost notes what is reported.
type statusHost struct {
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *statusHost) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.StatusNone
	}
	return h.events[len(h.events)-1].Status()
}

func (h *statusHost) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events[len(h.events)-1].Err().Error()
}

// counted sums the points of an instrument that have an attribute of that value.
func counted(t *testing.T, telemetry *componenttest.Telemetry, name, value string) int64 {
	t.Helper()
	m, err := telemetry.GetMetric(name)
	require.NoError(t, err)
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	sum := int64(0)
	for _, point := range points {
		has := value == ""
		for _, kv := range point.Attributes.ToSlice() {
			has = has || kv.Value.AsString() == value
		}
		if has {
			sum += point.Value
		}
	}
	return sum
}
