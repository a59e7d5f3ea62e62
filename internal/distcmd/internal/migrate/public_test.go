// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
)

// Every query of public dashboards is translated, or reported for a name that DCGM does not have.
func TestPublicQueries(t *testing.T) {
	text, err := os.ReadFile("testdata/public-queries.tsv")
	require.NoError(t, err)
	for _, target := range []Target{Exporter49, OTel} {
		translated := 0
		for line := range strings.Lines(string(text)) {
			cells := strings.Split(strings.TrimSpace(line), "\t")
			if strings.HasPrefix(line, "#") {
				continue
			}
			require.Len(t, cells, 3)
			edits, _, err := Translator{Target: target}.expr(cells[2])
			if err != nil {
				require.ErrorContains(t, err, "no field of DCGM is called dcgm_fb_total")
				continue
			}
			got, masked, err := parse(apply(cells[2], edits))
			require.NoError(t, err)
			requireNoOldNames(t, got, masked, target)
			translated++
		}
		require.Equal(t, 38, translated)
	}
}

func requireNoOldNames(t *testing.T, expr parser.Expr, text string, target Target) {
	t.Helper()
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		s, is := n.(*parser.VectorSelector)
		if is && target == OTel {
			require.False(t, isExporters(s.Name), text)
		}
		if is {
			_, isOld := dcgmnames.In49(s.Name)
			require.False(t, isOld, text)
		}
		return nil
	})
}
