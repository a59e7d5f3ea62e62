// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
)

func TestAnEventIsALogRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig().start()
		m.log("nothing", xid79)
		m.write(" SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0\n")
		settle()
		r.stop()
		require.Len(t, r.records(), 1)
		record := r.records()[0]
		require.Equal(t, "gpu.xid", record.EventName())
		require.Equal(t, plog.SeverityNumberFatal, record.SeverityNumber())
		require.Equal(t, "FATAL", record.SeverityText())
		require.Equal(t, xid79, record.Body().Str())
		require.Equal(t, epoch.Add(time.Millisecond), record.Timestamp().AsTime())
		require.NotZero(t, record.ObservedTimestamp())
		want := map[string]any{
			"gpu.pci.bus_id": "00000000:3B:00.0", "gpu.xid.code": int64(79), "gpu.xid.mnemonic": "ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS",
			"gpu.xid.action": "RESTART_BM", "gpu.xid.investigatory_action": "CONTACT_SUPPORT", "hw.id": "GPU-11111111-2222-3333-4444-555555555555",
			"hw.name": "nvidia3", "hw.model": "NVIDIA H100 80GB HBM3", "hw.type": "gpu", "hw.vendor": "nvidia", "kernel.event.text": "GPU has fallen off the bus.",
			"kernel.log.boot_id": "boot-1", "kernel.log.sequence": int64(1), "kernel.log.facility": int64(0), "kernel.log.priority": int64(4),
			"kernel.log.device": "+pci:0000:3b:00.0", "kernel.rule": "gpu.xid",
		}
		got := record.Attributes().AsRaw()
		require.NotEmpty(t, got["gpu.xid.meaning"])
		require.Regexp(t, `^[0-9a-f-]{36}$`, got["log.record.uid"])
		delete(got, "gpu.xid.meaning")
		delete(got, "log.record.uid")
		require.Equal(t, want, got)
		resource := r.logs.AllLogs()[0].ResourceLogs().At(0).Resource().Attributes()
		name, ok := resource.Get("host.name")
		require.True(t, ok)
		require.NotEmpty(t, name.Str())
	})
}

func TestMetricsCountEventsAndRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig().start()
		m.log(xid79, xid79, xidLine(31), "mlx5_core 0000:5e:00.0 ibs2f0: Link down", "nothing", "NVRM: GPU Board Serial Number: 1")
		m.write("no record\n")
		m.written += 3
		m.log("three records before this one were overwritten", "NVRM: Xid (PCI:0000:99:00): 13, pid=1, name=a")
		settle()
		require.Equal(t, map[string]int64{"GPU-11111111-2222-3333-4444-555555555555 gpu.xid": 3, "00000000:99:00.0 gpu.xid": 1, "ibs2f0 infiniband.link": 1}, r.points("kernel.events"))
		require.Equal(t, map[string]int64{
			"00000000:3B:00.0 79 GPU-11111111-2222-3333-4444-555555555555": 2, "00000000:3B:00.0 31 GPU-11111111-2222-3333-4444-555555555555": 1, "00000000:99:00.0 13 ": 1,
		}, r.points("kernel.gpu.xids"))
		require.Equal(t, map[string]int64{"matched": 6, "unmatched": 2, "known": 0, "lost": 3, "malformed": 1, "oversized": 0}, r.points("kernel.log.records"))
		require.Empty(t, r.points("kernel.events.dropped"))
		r.stop()
	})
}

func TestEachPipelineWorksAlone(t *testing.T) {
	for _, only := range []string{"logs", "metrics"} {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(t)
			r := m.rig()
			r.only = only
			r.start()
			m.log(xid79)
			settle()
			r.stop()
			require.Equal(t, only == "logs", len(r.records()) == 1)
			require.Equal(t, only == "metrics", len(r.points("kernel.events")) == 1)
		})
	}
}

func TestStartAt(t *testing.T) {
	for startAt, want := range map[string][]string{startNow: {xidLine(32)}, startBoot: {xidLine(31), xidLine(32)}} {
		synctest.Test(t, func(t *testing.T) {
			m := newMachine(t)
			m.log(xidLine(31))
			r := m.rig(func(cfg *Config) { cfg.StartAt = startAt }).start()
			settle()
			m.log(xidLine(32))
			settle()
			r.stop()
			require.Equal(t, want, r.bodies(), startAt)
		})
	}
}

func TestNothingIsLostOrRepeatedOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.log(xidLine(1))
		for i := range 5 {
			r := m.rig(stored).start()
			settle()
			m.log(xidLine(10*i+2), "nothing")
			settle()
			if i%2 == 0 {
				r.stop()
			} else {
				r.kill()
			}
			m.log(xidLine(10*i + 3))
			want := []string{xidLine(10*i - 7), xidLine(10*i + 2)}
			if i == 0 {
				want[0] = xidLine(1)
			}
			require.Equal(t, want, r.bodies())
		}
	})
}

func TestAfterARebootReadingBeginsAtBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.log(xidLine(1), xidLine(2))
		r := m.rig(stored).start()
		settle()
		r.stop()
		require.NoError(t, os.Remove(m.path))
		m.boot, m.written = "boot-2", 0
		m.log(xidLine(3))
		r = m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{xidLine(3)}, r.bodies())
		require.Equal(t, 1, r.logged.FilterMessageSnippet("was booted since").Len())
	})
}

const (
	hung    = "INFO: task python3:7 blocked for more than 120 seconds."
	hungEnd = " </TASK>"
)

// A report whose lines the kernel is still writing is one event, whole, whether the receiver is killed or not.
func TestAReportThatGoesOnSurvivesAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.log("first", hung, "Call Trace:", xid79)
		r := m.rig(stored).start()
		time.Sleep(time.Second) // A report is waited for longer.
		synctest.Wait()
		require.Equal(t, []string{xid79}, r.bodies())
		r.kill()

		m.log(" <TASK>", hungEnd, xidLine(31))
		r = m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{hung, xidLine(31)}, r.bodies())
		require.Equal(t, strings.Join([]string{hung, "Call Trace:", " <TASK>", hungEnd}, "\n"), r.records()[0].Body().Str())
	})
}

func TestAReportEndsWhenNothingFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig().start()
		m.log(hung, "Call Trace:")
		settle()
		require.Equal(t, []string{hung}, r.bodies())
		m.log(hung)
		time.Sleep(time.Second)
		r.stop()
		require.Equal(t, []string{hung, hung}, r.bodies(), "a stop ends it, too")
	})
}

func TestWhatIsRefusedForNowIsPushedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig(stored)
		refusals := 3
		r.refuse = func() error {
			if refusals--; refusals >= 0 {
				return errors.New("the queue is full")
			}
			return nil
		}
		r.start()
		m.log(xidLine(31))
		settle()
		m.log(xidLine(32))
		settle()
		r.stop()
		require.Equal(t, []string{xidLine(31), xidLine(32)}, r.bodies())
		require.Empty(t, r.points("kernel.events.dropped"))
		require.Equal(t, map[string]int64{"GPU-11111111-2222-3333-4444-555555555555 gpu.xid": 2}, r.points("kernel.events"), "counted once")
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.host.statuses())
	})
}

func TestWhatIsRefusedWhileStoppingIsReadByTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig(stored)
		r.refuse = func() error { return errors.New("the queue is full") }
		r.start()
		m.log(xidLine(31))
		settle()
		r.stop()
		require.Empty(t, r.bodies())
		r = m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{xidLine(31)}, r.bodies())
	})
}

func TestWhatIsRefusedForGoodIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig()
		r.refuse = func() error { return consumererror.NewPermanent(errors.New("no")) }
		r.start()
		m.log(xidLine(31))
		settle()
		r.refuse = nil
		m.log(xidLine(32))
		settle()
		r.stop()
		require.Equal(t, []string{xidLine(32)}, r.bodies())
		require.Equal(t, map[string]int64{"gpu.xid": 1}, r.points("kernel.events.dropped"))
	})
}

func TestTooManyOfAKindAreCountedAndNotPushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig(func(cfg *Config) { cfg.RateLimit.Burst, cfg.RateLimit.EventsPerSecond = 3, 1 }).start()
		for range 10 {
			m.log(xid79)
		}
		m.log("mlx5_core 0000:5e:00.0 ibs2f0: Link down")
		settle()
		require.Len(t, r.records(), 4, "three, and one of another kind")
		m.log(xid79, xid79)
		settle()
		r.stop()
		require.Len(t, r.records(), 6)
		require.Equal(t, map[string]int64{"gpu.xid": 7}, r.points("kernel.events.dropped"))
		require.Equal(t, int64(12), r.points("kernel.events")["GPU-11111111-2222-3333-4444-555555555555 gpu.xid"])
	})
}

func TestALogThatCannotBeReadIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		require.NoError(t, os.Remove(m.path))
		r := m.rig().start()
		settle()
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, r.host.statuses())
		require.ErrorIs(t, r.host.last, os.ErrNotExist)
		require.Equal(t, 1, r.logged.FilterMessageSnippet("is degraded").Len(), "it is logged once")
		m.log(xid79)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, []string{xid79}, r.bodies())
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.host.statuses())
		r.stop()
	})
}

func TestAMissingPermissionSaysHowToGrantIt(t *testing.T) {
	denied := &os.PathError{Op: "open", Path: "/dev/kmsg", Err: os.ErrPermission}
	err := explain("/dev/kmsg", denied)
	require.ErrorIs(t, err, os.ErrPermission)
	for _, hint := range []string{"CAP_SYSLOG", "kernel.dmesg_restrict", "AmbientCapabilities=CAP_SYSLOG", "DeviceAllow=/dev/kmsg r", "--cap-add SYSLOG", "privileged: true"} {
		require.ErrorContains(t, err, hint)
	}
	absent := &os.PathError{Op: "open", Path: "/dev/kmsg", Err: os.ErrNotExist}
	require.ErrorContains(t, explain("/dev/kmsg", absent), "--device /dev/kmsg", "a container has no device")
	require.Equal(t, error(absent), explain("/run/kmsg", absent))
	require.NoError(t, explain("/dev/kmsg", nil))
}

func TestAStepOfTheClockMovesLaterEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig().start()
		m.log(xidLine(31))
		settle()
		m.mu.Lock()
		m.steps = time.Hour
		m.mu.Unlock()
		settle()
		m.log(xidLine(32))
		settle()
		r.stop()
		require.Equal(t, epoch, r.records()[0].Timestamp().AsTime())
		require.Equal(t, epoch.Add(time.Hour+time.Millisecond), r.records()[1].Timestamp().AsTime())
	})
}

func TestTheLogSaysWhichGPUIsWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig().start()
		m.log("NVRM: Xid (PCI:0000:91:00): 13, pid=1, name=a", "NVRM: GPU at PCI:0000:91:00: GPU-aaaaaaaa-2222-3333-4444-555555555555", "NVRM: Xid (PCI:0000:91:00): 31, pid=1, name=a")
		settle()
		r.stop()
		_, known := r.records()[0].Attributes().Get("hw.id")
		require.False(t, known)
		id, known := r.records()[1].Attributes().Get("hw.id")
		require.True(t, known)
		require.Equal(t, "GPU-aaaaaaaa-2222-3333-4444-555555555555", id.Str())
	})
}

func TestWhatACrashLeftIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		require.NoError(t, os.Mkdir(m.pstore, 0o750))
		path := filepath.Join(m.pstore, "dmesg-efi-170000000001")
		require.NoError(t, os.WriteFile(path, []byte("Panic#1 Part1\n<0>[ 12.3] Kernel panic - not syncing: Fatal exception\n"), 0o600))
		at := time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)
		require.NoError(t, os.Chtimes(path, at, at))
		r := m.rig(stored).start()
		settle()
		r.stop()
		require.Len(t, r.records(), 1)
		record := r.records()[0]
		require.Equal(t, "kernel.crash", record.EventName())
		require.Equal(t, at, record.Timestamp().AsTime())
		require.Contains(t, record.Body().Str(), "Kernel panic - not syncing")
		_, hasSequence := record.Attributes().Get("kernel.log.sequence")
		require.False(t, hasSequence)

		require.NoError(t, os.WriteFile(filepath.Join(m.pstore, "dmesg-efi-2"), []byte("again"), 0o600))
		r = m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{"again"}, r.bodies())

		r = m.rig(func(cfg *Config) { cfg.StartAt = startNow }).start()
		settle()
		r.stop()
		require.Empty(t, r.bodies(), "what was before is not asked for")
	})
}

func TestStorageThatIsMissingIsAnErrorOfStart(t *testing.T) {
	m := newMachine(t)
	for want, extensions := range map[string]map[component.ID]component.Component{
		`"storage": extension "file_storage" is not among "service::extensions"`: nil,
		`"storage": extension "file_storage" is no storage extension`:            {component.MustNewID("file_storage"): struct{ component.Component }{}},
	} {
		r := m.rig(stored)
		r.only = "logs"
		r.host.extensions = extensions
		r.pipelines(receivertest.NewNopSettings(metadata.Type))
		require.ErrorContains(t, r.pipes[0].Start(t.Context(), r.host), want)
		require.NoError(t, r.pipes[0].Shutdown(t.Context()))
	}
}

func TestABadStoredPositionIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.stored[cursorKey] = []byte("{")
		m.log(xid79)
		r := m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{xid79}, r.bodies())
		require.Equal(t, 1, r.logged.FilterMessageSnippet("cannot be read").Len())
	})
}
