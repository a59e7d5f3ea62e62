// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// series returns the values of a family, by their labels as Prometheus writes them: k="v",….
// It is empty while nobody answers.
func series(address, family string) map[string]float64 {
	status, body := get(address, "/metrics")
	if status != 200 {
		return nil
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		return nil
	}
	values := map[string]float64{}
	for _, m := range families[family].GetMetric() {
		values[labels(m)] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return values
}

func labels(m *dto.Metric) string {
	pairs := make([]string, 0, len(m.GetLabel()))
	for _, label := range m.GetLabel() {
		pairs = append(pairs, label.GetName()+`="`+label.GetValue()+`"`)
	}
	return strings.Join(pairs, ",")
}

// waitSeries waits until exactly this series of the family has the value.
func waitSeries(t *testing.T, address, family, labels string, want float64) {
	t.Helper()
	eventually(t, func() bool {
		got, ok := series(address, family)[labels]
		return ok && got == want
	}, "%s{%s} never is %v", family, labels, want)
}
