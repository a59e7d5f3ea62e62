// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/metadata"
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
	require.Equal(t, map[string]int64{"matched": lines / every, "unmatched": lines - lines/every, "lost": 0, "malformed": 0, "oversized": 0}, r.points("kernel.log.records"))
	for i, body := range r.bodies() {
		require.Equal(t, xidLine(i%170+1), body)
	}
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

// What a record costs, from its bytes to the event that is to be pushed.
func BenchmarkRecord(b *testing.B) {
	m := newMachine(b)
	for name, text := range map[string]string{
		"unmatched": "audit: type=1400 audit(1700000000.123:456): apparmor=\"STATUS\" operation=\"profile_load\" profile=\"unconfined\"",
		"XID":       xidLine(31) + ", Ch 00000012, intr 00000000. MMU Fault: ENGINE GRAPHICS",
		"link":      "mlx5_core 0000:5e:00.0 ibs2f0: Link down",
	} {
		b.Run(name, func(b *testing.B) {
			r := m.rig()
			r.pipelines(receivertest.NewNopSettings(metadata.Type))
			set, err := r.cfg.rules()
			require.NoError(b, err)
			codes, err := r.cfg.codes()
			require.NoError(b, err)
			r.receiver.store = &store{}
			r.receiver.prepare(set, codes)
			frame := fmt.Appendf(nil, "4,1,1,-;%s", text)
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				record, _ := kmsg.Parse(frame)
				r.receiver.take(&record, now)
				r.receiver.pending = r.receiver.pending[:0]
			}
		})
	}
}
