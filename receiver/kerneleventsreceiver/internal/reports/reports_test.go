// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"fmt"
	"strings"
	"sync"
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
  - name: test.device
    contains: ["DEVICE"]
    pattern: '^DEVICE (?P<disk>\w+)(?: (?P<state>bad))?'
    more: ['^DEVICE \w+:', '^part']
    details: ['^part of (?P<disk>\w+)']
    same: [disk]
    severity: error
  - name: test.slow
    contains: ["SLOW"]
    pattern: '^SLOW'
    more: ['^item']
    end: '^DONE'
    within: 30s
    severity: error
  - name: test.greedy
    contains: ["GREEDY"]
    pattern: '^GREEDY'
    more: ['^[BILO]']
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

// ownRules are compiled once: fuzzing takes a rig for each of its inputs.
var ownRules = sync.OnceValues(func() (*rules.Set, error) { return rules.New("own.yaml", []byte(own)) })

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
	set, err := ownRules()
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

// A report takes no line that is an event of another kind, whatever its expressions for more match.
func TestAReportHidesNoOtherEvent(t *testing.T) {
	r := newRig(t)
	r.add("", "GREEDY", "LINE one", "Other words", "IGNORE", "BEGIN b")
	r.collect(r.Flush())
	r.want("test.line@1 LINE one", "test.ignored@3 IGNORE", "test.greedy@0 GREEDY|Other words", "test.report@4 BEGIN b")

	r.add("", "GREEDY")
	_, belongs := r.Continue(&kmsg.Record{Text: []byte("LINE two")})
	require.False(t, belongs, "nor after a restart")
}

func TestLinesOfTwoDevicesAreTwoReports(t *testing.T) {
	r := newRig(t)
	r.add("", "DEVICE a", "DEVICE b bad", "DEVICE a: details", "part of b", "part of nobody's", "part of a")
	require.False(t, r.add("", "part of c"))
	r.add("", "part without a name", "DEVICE a")
	r.want("test.device@0 DEVICE a|DEVICE a: details|part of a")
	done := r.Flush()
	require.Equal(t, "b", rules.Find(done[0].Captures, "disk"))
	r.collect(done)
	r.want("test.device@1 DEVICE b bad|part of b|part without a name", "test.device@8 DEVICE a")
}

func TestARuleSaysHowLongItsReportsTake(t *testing.T) {
	r := newRig(t)
	r.add("", "SLOW", "BEGIN a")
	r.at = 20 * time.Second
	r.add("", "item", "DONE")
	r.want("test.report@1 BEGIN a", "test.slow@0 SLOW|item|DONE")

	r.add("", "SLOW")
	r.collect(r.Due(r.now.Add(30*time.Second - 1)))
	r.want()
	r.collect(r.Due(r.now.Add(30 * time.Second)))
	r.want("test.slow@4 SLOW")
}

func TestEventsAreUTF8(t *testing.T) {
	r := newRig(t)
	record := kmsg.Record{Caller: []byte("T\xff"), Dictionary: []byte("DEVICE=+pci:\xfe"), Text: []byte("BEGIN \xff\xfe")}
	_, matched := r.Add(&record, r.now)
	require.True(t, matched)
	_, belongs := r.Continue(&kmsg.Record{Text: []byte("  \xc3\x28")})
	require.True(t, belongs)
	done, _ := r.Add(&kmsg.Record{Text: []byte("LINE a\xe4")}, r.now)
	done = append(done, r.Flush()...)
	require.Equal(t, []string{"LINE a\uFFFD"}, done[0].Lines)
	require.Equal(t, []string{"BEGIN \uFFFD", "  \uFFFD("}, done[1].Lines)
	require.Equal(t, "T\uFFFD", done[1].Caller)
	require.Equal(t, "+pci:\uFFFD", done[1].Device)
}

// FuzzAssembler states that every line is of one event, ignored or unmatched, whatever comes in which order.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 0, 0, 1})
	lines := []string{"BEGIN a", "  x", "END", "LINE one", "nothing", "IGNORE", "DEVICE a", "DEVICE b", "part of a", "GREEDY", "SLOW"}
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
