// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/kmsg"
	"github.com/tracecoreai/tracecore/receiver/kerneleventsreceiver/internal/rules"
)

const own = `
rules:
  - name: test.report
    contains: ["BEGIN"]
    pattern: '^BEGIN(?: (?P<reason>\w+))?'
    more: ['^  ']
    end: '^END'
    details: ['cpu (?P<cpu>\d+)']
    severity: error
  - name: test.line
    contains: ["LINE"]
    pattern: '^LINE (?P<reason>\w+)'
    severity: info
  - name: test.ignored
    contains: ["IGNORE"]
    pattern: '^IGNORE'
    ignore: true
`

type rig struct {
	Assembler
	t        *testing.T
	sequence uint64
	at       time.Duration
	now      time.Time
	got      []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	set, err := rules.New("own.yaml", []byte(own))
	require.NoError(t, err)
	return &rig{Assembler: Assembler{Rules: set}, t: t, now: time.Unix(1000, 0)}
}

func (r *rig) add(caller string, lines ...string) (matched bool) {
	r.t.Helper()
	for _, line := range lines {
		record := kmsg.Record{Sequence: r.sequence, Since: r.at, Text: []byte(line), Caller: []byte(caller)}
		var done []Event
		done, matched = r.Add(&record, r.now)
		r.collect(done)
		r.sequence++
		r.at += time.Microsecond
	}
	return matched
}

func (r *rig) collect(done []Event) {
	for _, e := range done {
		text := strings.Join(e.Lines, "|")
		if e.Omitted > 0 {
			text += fmt.Sprintf("+%d", e.Omitted)
		}
		r.got = append(r.got, fmt.Sprintf("%s@%d %s", e.Rule.Name, e.Sequence, text))
	}
}

func (r *rig) want(want ...string) {
	r.t.Helper()
	require.Equal(r.t, want, r.got)
	r.got = nil
}

func TestLinesAreEventsAtOnce(t *testing.T) {
	r := newRig(t)
	require.True(t, r.add("", "LINE one"))
	require.False(t, r.add("", "nothing"))
	require.True(t, r.add("", "IGNORE me"))
	require.False(t, r.add("", "  nobody's line"))
	r.want("test.line@0 LINE one", "test.ignored@2 IGNORE me")
	require.False(t, r.Waiting())
}

func TestLinesOfAReportAreOneEvent(t *testing.T) {
	r := newRig(t)
	require.True(t, r.add("", "BEGIN a", "  cpu 3", "unrelated", "LINE between", "  more"))
	r.want("test.line@3 LINE between")
	require.Equal(t, []uint64{0}, r.Open())
	require.True(t, r.add("", "END"))
	r.want("test.report@0 BEGIN a|  cpu 3|  more|END")
	require.False(t, r.add("", "END"))
	r.want()
}

func TestReportsOfOthersAreToldApart(t *testing.T) {
	r := newRig(t)
	r.add("T1", "BEGIN a")
	r.add("T2", "BEGIN b")
	r.add("T1", "  of a")
	r.add("T2", "  of b")
	require.False(t, r.add("T3", "  of nobody"))
	r.add("T1", "END")
	r.want("test.report@0 BEGIN a|  of a|END")
	r.add("", "  of the newest")
	r.collect(r.Flush())
	r.want("test.report@1 BEGIN b|  of b|  of the newest")
}

func TestANewReportEndsTheOneBefore(t *testing.T) {
	r := newRig(t)
	r.add("T1", "BEGIN a", "  1", "BEGIN b")
	r.want("test.report@0 BEGIN a|  1")
	r.collect(r.Flush())
	r.want("test.report@2 BEGIN b")
}

func TestReportsEndByTheTimeOfRecordsAndByTheClock(t *testing.T) {
	r := newRig(t)
	r.add("", "BEGIN a")
	r.at = MaxAge
	require.True(t, r.add("", "  still"))
	r.at = MaxAge + 10*time.Microsecond
	require.False(t, r.add("", "  too late"))
	r.want("test.report@0 BEGIN a|  still")

	r.add("", "BEGIN b")
	r.collect(r.Due(r.now.Add(MaxAge - 1)))
	r.want()
	r.collect(r.Due(r.now.Add(MaxAge)))
	r.want("test.report@3 BEGIN b")
}

func TestReportsAreBounded(t *testing.T) {
	r := newRig(t)
	r.add("", "BEGIN a")
	for range MaxLines + 9 {
		r.add("", "  x")
	}
	r.add("", "END")
	require.Len(t, r.got, 1)
	require.True(t, strings.HasSuffix(r.got[0], "+11"), r.got[0])
	require.Equal(t, MaxLines-1, strings.Count(r.got[0], "|"))

	r = newRig(t)
	r.add("", "BEGIN a", "  "+strings.Repeat("x", MaxBytes-16), "  cpu 4 which does not fit", "END")
	require.True(t, strings.HasSuffix(r.got[0], "|END+1"), "a line that does not fit is left out")

	r = newRig(t)
	for i := range MaxOpen + 1 {
		r.add(fmt.Sprintf("T%d", i), "BEGIN a")
	}
	r.want("test.report@0 BEGIN a")
	require.Len(t, r.Open(), MaxOpen)
}

func TestDetailsComeFromAllLines(t *testing.T) {
	r := newRig(t)
	record := kmsg.Record{Sequence: 7, Since: time.Second, Priority: 3, Facility: 1, Continuation: true, Caller: []byte("C2"), Text: []byte("BEGIN why"), Dictionary: []byte("DEVICE=+pci:0000:3b:00.0")}
	_, matched := r.Add(&record, r.now)
	require.True(t, matched)
	r.add("C2", "  on cpu 5")
	done := r.Flush()
	require.Len(t, done, 1)
	require.Equal(t, []rules.Capture{{Name: "reason", Value: "why"}, {Name: "cpu", Value: "5"}}, done[0].Captures)
	done[0].Rule, done[0].Captures = nil, nil
	require.Equal(t, Event{
		Lines: []string{"BEGIN why", "  on cpu 5"}, Sequence: 7, Since: time.Second, Priority: 3, Facility: 1, Continuation: true, Caller: "C2", Device: "+pci:0000:3b:00.0",
	}, done[0])
}

// FuzzAssembler states that every line is of one event, ignored or unmatched, whatever comes in which order.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 0, 0, 1})
	lines := []string{"BEGIN a", "  x", "END", "LINE one", "nothing", "IGNORE"}
	f.Fuzz(func(t *testing.T, script []byte) {
		r := newRig(t)
		in, out, unmatched := 0, 0, 0
		count := func(done []Event) {
			for _, e := range done {
				out += len(e.Lines) + e.Omitted
			}
		}
		for i, c := range script {
			record := kmsg.Record{Sequence: uint64(i), Since: time.Duration(i) * time.Duration(c) * time.Millisecond, Text: []byte(lines[int(c)%len(lines)])} //nolint:gosec // It is small.
			record.Caller = []byte{'T', '0' + c/64}
			done, matched := r.Add(&record, r.now)
			in++
			if !matched {
				unmatched++
			}
			count(done)
			require.LessOrEqual(t, len(r.Open()), MaxOpen)
		}
		count(r.Flush())
		require.Equal(t, in, out+unmatched)
	})
}
