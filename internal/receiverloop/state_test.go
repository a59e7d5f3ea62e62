// SPDX-License-Identifier: Apache-2.0

package receiverloop

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap/zapcore"
)

// byColon takes what is before the first colon for the problem and the whole text for the reason.
func byColon(err error) (problem, reason string) {
	problem, _, _ = strings.Cut(err.Error(), ":")
	return problem, err.Error()
}

func TestStateIsReportedWhenItChanges(t *testing.T) {
	const (
		degraded  = "test receiver is degraded"
		still     = "test receiver is still degraded"
		recovered = "test receiver has recovered"
	)
	broken, pushA, pushB := errors.New("broken"), &PushError{"metrics", errors.New("port 1")}, &PushError{"metrics", errors.New("port 2")}
	for name, tt := range map[string]struct {
		identify func(error) (string, string)
		reports  [][]error
		logs     []string
	}{
		"nothing is wrong":             {reports: [][]error{{}, {nil}, {nil, nil}}},
		"a problem begins and ends":    {reports: [][]error{{nil}, {broken}, {broken}, {nil}, {nil}}, logs: []string{degraded, recovered}},
		"it comes back":                {reports: [][]error{{broken}, {nil}, {broken}}, logs: []string{degraded, recovered, degraded}},
		"all errors are one problem":   {reports: [][]error{{broken, nil}, {nil, pushA}, {errors.New("other"), pushB}, {}}, logs: []string{degraded, recovered}},
		"another problem":              {byColon, [][]error{{errors.New("a: 1")}, {errors.New("b: 1")}, {}}, []string{degraded, degraded, recovered}},
		"another reason":               {byColon, [][]error{{errors.New("a: 1")}, {errors.New("a: 2")}, {errors.New("a: 2")}, {}}, []string{degraded, still, recovered}},
		"the same problem, identified": {byColon, [][]error{{broken}, {nil, broken}}, []string{degraded}},
		"one more problem":             {byColon, [][]error{{broken}, {broken, pushA}, {broken}, {}}, []string{degraded, degraded, degraded, recovered}},
		"pushes are one problem":       {byColon, [][]error{{pushA}, {pushB}, {errors.Join(pushA)}, {}}, []string{degraded, recovered}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Settings{Identify: tt.identify})
			for _, errs := range tt.reports {
				r.Report(errs...)
			}
			require.Equal(t, tt.logs, r.messages())
			var statuses []componentstatus.Status
			var changes []bool
			for _, message := range tt.logs {
				switch message {
				case degraded:
					statuses, changes = append(statuses, componentstatus.StatusRecoverableError), append(changes, true)
				case recovered:
					statuses, changes = append(statuses, componentstatus.StatusOK), append(changes, false)
				}
			}
			require.Equal(t, statuses, r.host.Statuses())
			require.Equal(t, changes, r.self.Report().Degraded)
		})
	}
}

func TestReportCarriesEveryError(t *testing.T) {
	r := newRig(t, Settings{})
	r.Report(errors.New("first"), nil, errors.New("second"))
	require.Equal(t, 1, r.logs.FilterLevelExact(zapcore.WarnLevel).Len())
	require.Equal(t, "first\nsecond", r.logs.All()[0].ContextMap()["error"])
}

func TestPermanentErrorIsTheLastReport(t *testing.T) {
	r := newRig(t, Settings{})
	r.Report(errors.New("broken"))
	r.ReportPermanent(errors.New("for ever"))
	r.ReportPermanent(errors.New("again"))
	r.Report()
	require.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusPermanentError}, r.host.Statuses())
	require.Equal(t, []string{"test receiver is degraded", "test receiver cannot work"}, r.messages())
	require.Equal(t, 1, r.logs.FilterLevelExact(zapcore.ErrorLevel).Len())
	require.Equal(t, []bool{true, true}, r.self.Report().Degraded)
}
