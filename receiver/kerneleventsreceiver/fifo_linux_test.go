// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

// A flood of lines costs no event, and every line is accounted for.
func TestAFloodThroughAFifoLosesNothing(t *testing.T) {
	const lines, every = 100_000, 100
	m := newMachine(t)
	m.path = filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(m.path, 0o600))
	r := m.rig(func(cfg *Config) { cfg.CollectionInterval = 10 * time.Millisecond }).start()
	fifo, err := os.OpenFile(m.path, os.O_WRONLY, 0)
	require.NoError(t, err)
	writer := bufio.NewWriter(fifo)
	for i := range lines {
		text := "systemd[1]: Started Session of User root."
		if i%every == 0 {
			text = xidLine(i/every%170 + 1)
		}
		_, err := fmt.Fprintf(writer, "6,%d,%d,-;%s\n", i, i, text)
		require.NoError(t, err)
	}
	require.NoError(t, writer.Flush())
	require.Eventually(t, func() bool {
		return r.points("kernel.log.records")["matched"] == lines/every && len(r.records()) == lines/every
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, fifo.Close())
	r.stop()
	require.Equal(t, map[string]int64{"matched": lines / every, "unmatched": lines - lines/every, "known": 0, "lost": 0, "malformed": 0, "oversized": 0}, r.points("kernel.log.records"))
	for i, body := range r.bodies() {
		require.Equal(t, xidLine(i%170+1), body)
	}
}

// A stop takes what has been read of a fifo: the next receiver cannot read it again.
func TestAStopLosesNothingOfAFifo(t *testing.T) {
	const lines = 2000
	m := newMachine(t)
	m.path = filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(m.path, 0o600))
	fifo, err := os.OpenFile(m.path, os.O_RDWR, 0) // It stays open, so that the fifo keeps what nobody has read.
	require.NoError(t, err)
	go func() {
		for i := range lines {
			_, _ = fmt.Fprintf(fifo, "4,%d,%d,-;%s, line %d\n", i, 1_000_000+i, xidLine(31), i)
		}
	}()
	var bodies []string
	deadline := time.Now().Add(time.Minute)
	for len(bodies) < lines && time.Now().Before(deadline) {
		r := m.rig(stored, func(cfg *Config) { cfg.RateLimit.Burst = lines }).start()
		require.Eventually(t, func() bool { return len(r.records()) > 0 }, time.Minute, time.Millisecond)
		r.stop()
		bodies = append(bodies, r.bodies()...)
	}
	require.Len(t, bodies, lines)
	for i, body := range bodies {
		require.Equal(t, fmt.Sprintf("%s, line %d", xidLine(31), i), body)
	}
	require.NoError(t, fifo.Close())
}

// The service that writes a fifo makes another one, and its numbers start over.
func TestAFifoThatIsMadeAgainIsRead(t *testing.T) {
	m := newMachine(t)
	m.path = filepath.Join(t.TempDir(), "fifo")
	write := func(text string) {
		require.NoError(t, syscall.Mkfifo(m.path, 0o600))
		fifo, err := os.OpenFile(m.path, os.O_RDWR, 0)
		require.NoError(t, err)
		t.Cleanup(func() { _ = fifo.Close() })
		_, err = fmt.Fprintf(fifo, "4,7,1000000,-;%s\n", text)
		require.NoError(t, err)
	}
	write(xidLine(31))
	r := m.rig(stored, func(cfg *Config) { cfg.CollectionInterval = 10 * time.Millisecond }).start()
	require.Eventually(t, func() bool { return len(r.records()) == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, os.Rename(m.path, m.path+".1"))
	write(xidLine(32))
	require.Eventually(t, func() bool { return len(r.records()) == 2 }, time.Minute, time.Millisecond)
	r.stop()

	require.NoError(t, os.Remove(m.path))
	write(xidLine(33))
	again := m.rig(stored).start()
	require.Eventually(t, func() bool { return len(again.records()) == 1 }, time.Minute, time.Millisecond)
	again.stop()
	require.Equal(t, []string{xidLine(31), xidLine(32), xidLine(33)}, append(r.bodies(), again.bodies()...))
	require.Zero(t, r.points("kernel.log.records")["lost"], "a first number above 0 says nothing")
}

// What is written to the kernel log of this machine comes out of the receiver.
func TestTheKernelLogOfThisMachine(t *testing.T) {
	writer, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this machine does not let us write to its kernel log:", err)
	}
	defer func() { _ = writer.Close() }()
	reader, err := os.Open("/dev/kmsg")
	if errors.Is(err, os.ErrPermission) {
		t.Skip("this machine does not let us read its kernel log:", err)
	}
	require.NoError(t, err)
	require.NoError(t, reader.Close())

	m := newMachine(t)
	m.path = "/dev/kmsg"
	r := m.rig(func(cfg *Config) { cfg.StartAt = startNow }).start()
	require.Eventually(t, func() bool { // It may not have begun to read.
		_, err := fmt.Fprintf(writer, "<4>tracecore_test[%d]: segfault at 0\n", os.Getpid())
		return err == nil && len(r.records()) > 0
	}, time.Minute, 100*time.Millisecond)
	r.stop()
	record := r.records()[0]
	require.Equal(t, "process.segfault", record.EventName())
	pid, _ := record.Attributes().Get("process.pid")
	require.Equal(t, int64(os.Getpid()), pid.Int())
}

var benchmarked = map[string]string{
	"unmatched": "audit: type=1400 audit(1700000000.123:456): apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\"",
	"XID":       xidLine(31) + ", Ch 00000012, intr 00000000. MMU Fault: ENGINE GRAPHICS",
	"link":      "mlx5_core 0000:5e:00.0 ibs2f0: Link down",
}

// What a record costs, from its bytes to the counted event: all that is done with those beyond the rate limit. Beside it is what the
// expression of the rule costs alone, which is the least that rules as data can cost.
func BenchmarkEvent(b *testing.B) {
	benchmarkRecords(b, func(*kernelReceiver) {})
	for name, rule := range map[string]string{"XID": "gpu.xid", "link": "infiniband.link"} {
		b.Run(name+", the expression alone", func(b *testing.B) {
			set, err := rules.Shipped()
			require.NoError(b, err)
			at := slices.IndexFunc(set.Rules(), func(r *rules.Rule) bool { return r.Name == rule })
			expression, line := regexp.MustCompile(set.Rules()[at].Pattern), []byte(benchmarked[name])
			require.True(b, expression.Match(line))
			measureCPU(b)
			for b.Loop() {
				expression.FindSubmatchIndex(line)
			}
		})
	}
}

// What a record costs, from its bytes to the log record in a batch that is pushed.
func BenchmarkRecord(b *testing.B) {
	benchmarkRecords(b, func(r *kernelReceiver) { r.records(r.pending) })
}

func benchmarkRecords(b *testing.B, push func(*kernelReceiver)) {
	b.Helper()
	for name, text := range benchmarked {
		b.Run(name, func(b *testing.B) {
			rig := newMachine(b).rig(func(cfg *Config) { cfg.RateLimit.EventsPerSecond, cfg.RateLimit.Burst = 1e6, 1e6 })
			rig.pipelines(receivertest.NewNopSettings(metadata.Type))
			r := rig.receiver
			set, err := r.cfg.rules()
			require.NoError(b, err)
			codes, err := r.cfg.codes()
			require.NoError(b, err)
			r.store, r.resource = &store{}, pcommon.NewResource()
			r.prepare(set, codes)
			frame := fmt.Appendf(nil, "4,1,1,-;%s", text)
			measureCPU(b)
			for b.Loop() {
				record, _ := kmsg.Parse(frame)
				r.take(&record, time.Now())
				if len(r.pending) >= maxBatch {
					push(r)
					r.pending = r.pending[:0]
				}
			}
		})
	}
}

// measureCPU reports the time of the processor from now on, which other processes disturb less than the time of the clock.
func measureCPU(b *testing.B) {
	b.Helper()
	b.ReportAllocs()
	used := func() (nanoseconds int64) {
		var usage syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
		return usage.Utime.Nano() + usage.Stime.Nano()
	}
	before := used()
	b.Cleanup(func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") })
}
