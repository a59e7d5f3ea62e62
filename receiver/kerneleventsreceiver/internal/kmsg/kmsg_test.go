// SPDX-License-Identifier: Apache-2.0

package kmsg

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for frame, want := range map[string]Record{
		"6,339,5140900,-;NET: Registered protocol family 10": {Sequence: 339, Since: 5140900 * time.Microsecond, Priority: 6, Text: []byte("NET: Registered protocol family 10")},
		"30,340,5690716,-;udevd[80]: starting version 181":   {Sequence: 340, Since: 5690716 * time.Microsecond, Facility: 3, Priority: 6, Text: []byte("udevd[80]: starting version 181")},
		"4,0,0,c;rest of a line":                             {Priority: 4, Continuation: true, Text: []byte("rest of a line")},
		"4,0,0,+;rest of an old line":                        {Priority: 4, Continuation: true, Text: []byte("rest of an old line")},
		"2,7,8,-,caller=C12;by a processor":                  {Sequence: 7, Since: 8 * time.Microsecond, Priority: 2, Caller: []byte("C12"), Text: []byte("by a processor")},
		"2,7,8,-,new=1,caller=T5,more=2;fields to come":      {Sequence: 7, Since: 8 * time.Microsecond, Priority: 2, Caller: []byte("T5"), Text: []byte("fields to come")},
		"3,1,1,-;a\\x0ab \\x5c \\xc3\\xa4 \\q \\x0":          {Sequence: 1, Since: time.Microsecond, Priority: 3, Text: []byte("a\nb \\ ä \\q \\x0")},
		"3,1,1,-;semi;colon":                                 {Sequence: 1, Since: time.Microsecond, Priority: 3, Text: []byte("semi;colon")},
		"3,1,1,-;":                                           {Sequence: 1, Since: time.Microsecond, Priority: 3, Text: []byte{}},
		"3,18446744073709551615,9223372036854775,-;largest":  {Sequence: 18446744073709551615, Since: 9223372036854775 * time.Microsecond, Priority: 3, Text: []byte("largest")},
	} {
		got, err := Parse([]byte(frame))
		require.NoError(t, err, frame)
		require.Equal(t, want, normalized(got), frame)
	}
}

// normalized has no empty dictionary, whether there is one or none.
func normalized(r Record) Record {
	if len(r.Dictionary) == 0 {
		r.Dictionary = nil
	}
	return r
}

func TestPropertiesFollowTheText(t *testing.T) {
	r, err := Parse([]byte("6,1,2,-;usb 1-1: new device\n SUBSYSTEM=usb\n DEVICE=c189:1\n\n"))
	require.NoError(t, err)
	require.Equal(t, "usb 1-1: new device", string(r.Text))
	require.Equal(t, "usb", string(r.Property("SUBSYSTEM")))
	require.Equal(t, "c189:1", string(r.Property("DEVICE")))
	require.Nil(t, r.Property("DEV"))
	require.Nil(t, r.Property("OTHER"))
}

func TestWhatIsNoRecordIsMalformed(t *testing.T) {
	for _, frame := range []string{
		"", ";", "6", "6,1,2,-", "6,1;x", "x,1,2,-;x", "6,x,2,-;x", "6,1,x,-;x", "6,1,;x", "6,1,2;x", "-6,1,2,-;x", "99999999,1,2,-;x",
		"6,18446744073709551616,2,-;x", "6,1,9223372036854776,-;x", "6,000000000000000000000,2,-;x",
	} {
		_, err := Parse([]byte(frame))
		require.ErrorIs(t, err, ErrMalformed, frame)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("6,339,5140900,-,caller=T1;NET: \\x0a\n SUBSYSTEM=net\n"))
	f.Add([]byte("3,1,1,-;\\\\x"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		length := len(frame)
		r, err := Parse(frame)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.LessOrEqual(t, len(r.Text)+len(r.Dictionary)+len(r.Caller), length)
		require.GreaterOrEqual(t, r.Since, time.Duration(0))
		require.Nil(t, r.Property("\x00"))
	})
}

// logFile is a file in the format of the device.
func logFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kmsg")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
	return path
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func open(t *testing.T, path string) *Reader {
	t.Helper()
	r, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// all returns the texts that there are now, with their properties.
func all(t *testing.T, r *Reader) []string {
	t.Helper()
	var texts []string
	for {
		record, err := r.Next(time.Now().Add(time.Minute))
		if err != nil {
			require.ErrorIs(t, err, ErrIdle)
			return texts
		}
		text := string(record.Text)
		if len(record.Dictionary) > 0 {
			text += " {" + string(record.Dictionary) + "}"
		}
		texts = append(texts, text)
	}
}

func line(sequence int, text string) string {
	return fmt.Sprintf("6,%d,%d,-;%s\n", sequence, sequence, text)
}

func TestAFileIsReadAndFollowed(t *testing.T) {
	path := logFile(t, line(1, "a"), " K=1\n L=2\n", line(2, "b"))
	r := open(t, path)
	require.Equal(t, []string{"a {K=1\nL=2}", "b"}, all(t, r))
	appendTo(t, path, line(3, "c")+"6,4,4,-;not compl")
	require.Equal(t, []string{"c"}, all(t, r))
	appendTo(t, path, "ete\n K=3\n")
	require.Equal(t, []string{"not complete {K=3}"}, all(t, r))
	require.Equal(t, Counts{Read: 4}, r.Counts)
}

func TestGapsAreCountedExactly(t *testing.T) {
	r := open(t, logFile(t, line(5, "first"), line(6, "next"), line(10, "three are lost"), line(11, "next"), line(13, "one is lost")))
	require.Len(t, all(t, r), 5)
	require.Equal(t, Counts{Read: 5, Lost: 4}, r.Counts)

	r = open(t, logFile(t, line(5, "five are lost")))
	r.Expect(0)
	require.Len(t, all(t, r), 1)
	require.Equal(t, Counts{Read: 1, Lost: 5}, r.Counts)
}

func TestKnownRecordsAreLeftOut(t *testing.T) {
	r := open(t, logFile(t, line(1, "a"), line(2, "b"), line(3, "c"), line(4, "d")))
	r.From(4, math.MaxInt64)
	require.Equal(t, []string{"d"}, all(t, r))
	require.Equal(t, Counts{Read: 1, Known: 3}, r.Counts)

	r = open(t, logFile(t, line(7, "a"), line(8, "b")))
	r.From(4, math.MaxInt64)
	require.Equal(t, []string{"a", "b"}, all(t, r))
	require.Equal(t, Counts{Read: 2, Lost: 3}, r.Counts, "4 to 6 were overwritten")
}

func TestASequenceThatGoesBackIsAnotherLog(t *testing.T) {
	r := open(t, logFile(t, line(7, "a"), line(8, "b"), line(0, "c"), line(1, "d")))
	r.From(8, math.MaxInt64)
	require.Equal(t, []string{"b", "c", "d"}, all(t, r))
	require.Equal(t, Counts{Read: 3, Known: 1}, r.Counts)
}

func TestSeekEndLeavesOutWhatThereIs(t *testing.T) {
	path := logFile(t, line(1, "a"))
	r := open(t, path)
	require.NoError(t, r.SeekEnd())
	appendTo(t, path, line(2, "b"))
	require.Equal(t, []string{"b"}, all(t, r))
}

func TestMalformedRecordsAreCountedAndPassed(t *testing.T) {
	r := open(t, logFile(t, "\n", "no record\n", line(1, "a"), " K=1\n", "6,2\n", line(2, "b"), "6,3,3,-\n"))
	require.Equal(t, []string{"a {K=1}", "b"}, all(t, r))
	require.Equal(t, Counts{Read: 2, Malformed: 4}, r.Counts)
}

func TestOversizedRecordsAreCountedAndPassed(t *testing.T) {
	long := strings.Repeat("x", MaxRecord)
	for name, lines := range map[string][]string{
		"in one piece":     {line(1, "a"), line(2, long), line(3, "b")},
		"of many buffers":  {line(1, "a"), line(2, long+long+long), line(3, "b")},
		"many properties":  {line(1, "a"), line(2, ""), strings.Repeat(" K="+strings.Repeat("v", 1000)+"\n", 20), line(3, "b")},
		"without an end":   {line(1, "a"), line(2, "x"), line(3, "b"), line(4, long+long)[:2*MaxRecord]},
		"two, one by one":  {line(1, "a"), line(2, "b"), line(3, long), line(4, long)},
		"as long as it is": {line(1, "a"), line(2, "b"), line(3, long)},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, logFile(t, lines...))
			require.Subset(t, all(t, r), []string{"a", "b"})
			want := uint64(1)
			if name == "two, one by one" {
				want = 2
			}
			require.Equal(t, want, r.Counts.Oversized)
			require.Zero(t, r.Counts.Malformed)
		})
	}
}

func TestAnOversizedRecordIsNotLostAsWell(t *testing.T) {
	long := strings.Repeat("x", 3*MaxRecord)
	r := open(t, logFile(t, line(1, "a"), line(2, long), line(3, "b"), line(4, long), line(6, "one is lost")))
	require.Equal(t, []string{"a", "b", "one is lost"}, all(t, r))
	require.Equal(t, Counts{Read: 3, Oversized: 2, Lost: 1}, r.Counts)
}

func TestOpenFailsWithTheReason(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(t.TempDir())
	require.ErrorContains(t, err, "is a directory")
}

// FuzzStream states that every byte is in a record that is returned, malformed or too long, however it arrives.
func FuzzStream(f *testing.F) {
	f.Add([]byte("6,1,2,-;a\n K=1\n6,2,3,-;b\n"), uint8(3))
	f.Add([]byte("\n\n \n x"), uint8(1))
	f.Fuzz(func(t *testing.T, log []byte, size uint8) {
		s := &stream{}
		var got []byte
		frames := 0
		for rest := log; ; {
			n := min(len(rest), int(size)+1)
			s.add(rest[:n])
			rest = rest[n:]
			for {
				frame, oversized := s.next(len(rest) == 0)
				require.Zero(t, oversized)
				if frame == nil {
					break
				}
				got = append(append(got, frame...), '\n')
				frames++
			}
			if len(rest) == 0 {
				break
			}
		}
		got = append(got, s.pending[s.begin:]...)
		require.Equal(t, string(log), string(got))
	})
}
