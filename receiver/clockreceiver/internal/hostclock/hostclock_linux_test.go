// SPDX-License-Identifier: Apache-2.0

package hostclock

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestReadDisciplineOfThisHost(t *testing.T) {
	d, err := ReadDiscipline()
	require.NoError(t, err)
	// The kernel bounds the error at 16 s and the frequency correction at 500 ppm.
	require.True(t, d.ErrorMax > 0 && d.ErrorMax <= 16*time.Second, "ErrorMax = %s", d.ErrorMax)
	require.InDelta(t, 0, d.FrequencyOffset, 500e-6)
}

func TestDisciplineUnits(t *testing.T) {
	for _, tt := range []struct {
		name  string
		state int
		tx    unix.Timex
		want  Discipline
	}{
		{
			name: "synchronized, nanoseconds", state: unix.TIME_OK,
			tx: unix.Timex{Status: unix.STA_PLL | unix.STA_NANO, Offset: -1500, Freq: 65536 * 12, Maxerror: 2500, Esterror: 40, Tai: 37},
			want: Discipline{
				Offset: -1500 * time.Nanosecond, FrequencyOffset: 12e-6, ErrorMax: 2500 * time.Microsecond,
				ErrorEstimated: 40 * time.Microsecond, Synchronized: true, TAIOffset: 37 * time.Second,
			},
		},
		{
			name: "synchronized, microseconds", state: unix.TIME_INS,
			tx:   unix.Timex{Offset: 3, Freq: -32768},
			want: Discipline{Offset: 3 * time.Microsecond, FrequencyOffset: -0.5e-6, Synchronized: true},
		},
		{
			name: "flag says unsynchronized", state: unix.TIME_OK,
			tx:   unix.Timex{Status: unix.STA_UNSYNC},
			want: Discipline{},
		},
		{
			name: "state says unsynchronized", state: unix.TIME_ERROR,
			tx:   unix.Timex{Maxerror: 16_000_000},
			want: Discipline{ErrorMax: 16 * time.Second},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, disciplineOf(tt.state, &tt.tx))
		})
	}
}

// readings returns a clock that shows the given instants one after the other.
func readings(base time.Time, offsets ...time.Duration) func() (time.Time, error) {
	return func() (time.Time, error) {
		next := base.Add(offsets[0])
		offsets = offsets[1:]
		return next, nil
	}
}

func TestCompareTrustsTheShortestWindow(t *testing.T) {
	base := time.Unix(1000, 0)
	reference := readings(base, 0, 90, 100, 190, 200, 210, 300, 390, 400, 490)
	other := readings(base, 7000, 7100, 5205, 7300, 7400)
	offset, err := compare(reference, other)
	require.NoError(t, err)
	require.Equal(t, 5000*time.Nanosecond, offset)
}

func TestCompareOfRealClocks(t *testing.T) {
	offset, err := compare(clock(unix.CLOCK_REALTIME), clock(unix.CLOCK_REALTIME))
	require.NoError(t, err)
	require.InDelta(t, 0, offset.Seconds(), 0.1)

	_, err = compare(clock(unix.CLOCK_REALTIME), clock(-1))
	require.ErrorIs(t, err, unix.EINVAL)
}

func TestReadPHCsSkipsNoError(t *testing.T) {
	dir := t.TempDir()
	phcs, err := ReadPHCs(filepath.Join(dir, "ptp*"))
	require.NoError(t, err)
	require.Empty(t, phcs)

	device := filepath.Join(dir, "ptp0")
	require.NoError(t, os.WriteFile(device, nil, 0o600))
	require.NoError(t, os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "ptp1")))
	phcs, err = ReadPHCs(filepath.Join(dir, "ptp*"))
	require.ErrorContains(t, err, "read PTP hardware clock "+device+": clock_gettime: ")
	require.NotContains(t, err.Error(), "ptp1", "a device that vanished is no error")
	require.Empty(t, phcs)

	_, err = ReadPHCs("[")
	require.ErrorIs(t, err, filepath.ErrBadPattern)
}
