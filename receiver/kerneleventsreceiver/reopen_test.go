// SPDX-License-Identifier: Apache-2.0

package kerneleventsreceiver

import (
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
)

func TestAReportThatTheFirstRecordBeganSurvivesAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.log(hung, "Call Trace:")
		r := m.rig(stored).start()
		time.Sleep(time.Second)
		synctest.Wait()
		r.kill()

		m.log(hungEnd, xidLine(31))
		r = m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{hung, xidLine(31)}, r.bodies())
		require.Equal(t, strings.Join([]string{hung, "Call Trace:", hungEnd}, "\n"), r.records()[0].Body().Str())
	})
}

// replacements are what rotation and restarts do to a log that is no device. The numbers of its records start over.
var replacements = map[string]func(*machine){
	"removed": func(m *machine) { require.NoError(m.t, os.Remove(m.path)) },
	"renamed": func(m *machine) {
		m.log(xidLine(90))
		require.NoError(m.t, os.Rename(m.path, m.path+".1"))
	},
	"truncated": func(m *machine) { require.NoError(m.t, os.Truncate(m.path, 0)) },
}

func TestALogThatIsReplacedIsReadFromItsBeginning(t *testing.T) {
	for name, replace := range replacements {
		for _, startAt := range []string{startNow, startBoot, startStored} {
			t.Run(name+" "+startAt, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newMachine(t)
					r := m.rig(stored, func(cfg *Config) {
						if cfg.StartAt = startAt; startAt != startStored {
							cfg.Storage = nil
						}
					}).start()
					settle()
					m.log("nothing", xidLine(31), xidLine(32))
					settle()
					replace(m)
					m.written = 0
					m.log(xidLine(33))
					settle()
					m.log(xidLine(34))
					settle()
					r.stop()
					want := []string{xidLine(31), xidLine(32), xidLine(90), xidLine(33), xidLine(34)}
					if name != "renamed" {
						want = append(want[:2], want[3:]...)
					}
					require.Equal(t, want, r.bodies())
					require.Empty(t, r.host.statuses(), "it is no error")
				})
			})
		}
	}
}

func TestALogThatIsGoneIsReportedUntilItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		r := m.rig().start()
		m.log(xidLine(31))
		settle()
		require.NoError(t, os.Remove(m.path))
		settle()
		require.ErrorIs(t, r.host.last, os.ErrNotExist)
		m.written = 0
		m.log(xidLine(32))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		r.stop()
		require.Equal(t, []string{xidLine(31), xidLine(32)}, r.bodies())
		require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.host.statuses())
	})
}

func TestAStoredPositionIsOfOneFile(t *testing.T) {
	for name, replace := range replacements {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(t)
				m.log(xidLine(31), "nothing", "nothing")
				r := m.rig(stored).start()
				settle()
				r.stop()
				first := r.records()[0]

				replace(m)
				m.written = 0
				m.log("short")
				m.write("4,1,2000000,-;" + xidLine(31) + "\n")
				m.log(xidLine(32), xidLine(33), xidLine(34))
				r = m.rig(stored).start()
				settle()
				r.stop()
				require.Equal(t, []string{xidLine(31), xidLine(32), xidLine(33), xidLine(34)}, r.bodies())
				require.NotEqual(t, first.Attributes().AsRaw()["log.record.uid"], r.records()[0].Attributes().AsRaw()["log.record.uid"])
			})
		})
	}
}

func TestAnUIDIsOfARecordAndItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.write("4,1,1000000,-;" + xidLine(31) + "\n4,1,2000000,-;" + xidLine(31) + "\n")
		uids := map[any]int{}
		for range 2 {
			r := m.rig().start()
			settle()
			r.stop()
			for _, record := range r.records() {
				uids[record.Attributes().AsRaw()["log.record.uid"]]++
			}
		}
		require.Len(t, uids, 2, "one number in two logs is two events")
		for _, times := range uids {
			require.Equal(t, 2, times, "each is the same in both runs")
		}
	})
}

func TestWhatALaterLineOfAFileSaysIsNewWhateverItsNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMachine(t)
		m.log("nothing", "nothing", xidLine(31))
		r := m.rig(stored).start()
		settle()
		r.stop()
		m.written = 0 // The service that writes it was started again.
		m.log(xidLine(32), xidLine(33))
		r = m.rig(stored).start()
		settle()
		r.stop()
		require.Equal(t, []string{xidLine(32), xidLine(33)}, r.bodies())
		require.Equal(t, map[string]int64{"matched": 2, "unmatched": 0, "known": 3, "lost": 0, "malformed": 0, "oversized": 0}, r.points("kernel.log.records"))
	})
}
