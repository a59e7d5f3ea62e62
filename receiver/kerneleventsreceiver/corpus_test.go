// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"bufio"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tracecoreai/tracecore/internal/xid"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/reports"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The formats of drivers and kernels, and what is made of them. Golden files are rewritten by go test -update.
func TestCorpus(t *testing.T) {
	set, err := rules.Shipped()
	require.NoError(t, err)
	assembler := reports.Assembler{Rules: set}
	maker := maker{codes: xid.Default(), gpus: newGPUs(driverFolder(t))}
	var out strings.Builder
	formats, used := 0, map[string]bool{}
	emit := func(events []reports.Event) {
		for i := range events {
			used[events[i].Rule.Name] = true
			if events[i].Rule.Ignore {
				maker.learn(&events[i])
				fmt.Fprintf(&out, "ignored %s\n", events[i].Lines[0])
				continue
			}
			m := maker.make(events[i], time.Now())
			out.WriteString(shown(&m))
		}
	}
	at := time.Duration(0)
	for sequence, format := range corpus(t) {
		if format.text == "" {
			emit(assembler.Flush())
			at += time.Minute
			continue
		}
		formats++
		frame := fmt.Sprintf("%d,%d,%d,-;%s", format.priority, sequence, at.Microseconds(), format.text)
		record, err := kmsg.Parse([]byte(frame))
		require.NoError(t, err)
		events, matched := assembler.Add(&record, time.Time{})
		emit(events)
		if !matched {
			fmt.Fprintf(&out, "no event: %s\n", format.text)
		}
		at += time.Millisecond
	}
	emit(assembler.Flush())
	require.GreaterOrEqual(t, formats, 150)
	for _, rule := range set.Rules() {
		require.True(t, used[rule.Name], "no format for rule %s", rule.Name)
	}
	compareGolden(t, "corpus", out.String())
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "see -update")
	require.Equal(t, string(want), got)
}

type format struct {
	priority int
	text     string
}

func corpus(tb testing.TB) []format {
	tb.Helper()
	file, err := os.Open("testdata/corpus.tsv")
	require.NoError(tb, err)
	defer func() { _ = file.Close() }()
	var formats []format
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		if strings.HasPrefix(scanner.Text(), "#") {
			continue
		}
		cells := strings.SplitN(scanner.Text(), "\t", 3)
		if len(cells) != 3 {
			require.Empty(tb, scanner.Text())
			formats = append(formats, format{})
			continue
		}
		require.NotEmpty(tb, cells[0], "every format has a source")
		var priority int
		_, err := fmt.Sscan(cells[1], &priority)
		require.NoError(tb, err)
		formats = append(formats, format{priority, cells[2]})
	}
	require.NoError(tb, scanner.Err())
	return formats
}

// driverFolder is that of a driver with one GPU, at 0000:3b:00.0.
func driverFolder(tb testing.TB) string {
	tb.Helper()
	folder := tb.TempDir()
	require.NoError(tb, os.Mkdir(filepath.Join(folder, "0000:3b:00.0"), 0o750))
	content, err := os.ReadFile("testdata/gpu-information")
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(filepath.Join(folder, "0000:3b:00.0", "information"), content, 0o600))
	return folder
}

// shown is a log record as text.
func shown(m *made) string {
	record := plog.NewLogRecord()
	m.copyTo(record)
	for _, key := range []string{"kernel.log.sequence", "kernel.log.facility", "kernel.log.priority", "kernel.rule"} {
		record.Attributes().Remove(key)
	}
	attributes := record.Attributes().AsRaw()
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s device=%q lines=%d %s\n", record.EventName(), record.SeverityText(), m.device, len(m.event.Lines), m.event.Lines[0])
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		fmt.Fprintf(&text, "  %s=%v\n", key, attributes[key])
	}
	return text.String()
}
