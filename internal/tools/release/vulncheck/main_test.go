// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	repository    = "../../../.."
	distributions = repository + "/distribution/"
	shipped       = "../vulnerabilities.tsv"
)

var archive = func() string {
	archives, _ := filepath.Glob("../vulndb/*.tar.zst")
	return archives[len(archives)-1] // their names are dates
}()

// runOn scans folders of testdata with a database of one vulnerability, on 1 December 2026.
func runOn(t *testing.T, rows, level string, folders ...string) (string, error) {
	t.Helper()
	database, err := filepath.Abs("testdata/db")
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "vulnerabilities.tsv")
	require.NoError(t, os.WriteFile(list, []byte(rows), 0o600))
	var out bytes.Buffer
	c := check{database: "file://" + database, ignores: list, level: level}
	err = c.run(t.Context(), &out, time.Date(2026, time.December, 1, 12, 0, 0, 0, time.UTC), folders)
	return out.String(), err
}

func TestWhatIsCalledFailsUnlessARowCoversIt(t *testing.T) {
	const row = "called\tGO-2026-0001\t2026-12-01\tan example\n"
	for name, tt := range map[string]struct{ rows, level, folder, want string }{
		"called":                  {"", "symbol", "called", "called: GO-2026-0001 in example.com/vulnerable@v1.0.0, fixed in v1.0.1, called: example.com/vulnerable.Parse < example.com/called.main"},
		"not called":              {"", "symbol", "uncalled", ""},
		"imported":                {"", "package", "uncalled", "uncalled: GO-2026-0001 in example.com/vulnerable@v1.0.0, fixed in v1.0.1"},
		"required":                {"", "module", "uncalled", "uncalled: GO-2026-0001 in example.com/vulnerable@v1.0.0, fixed in v1.0.1"},
		"ignored":                 {row, "symbol", "called", ""},
		"ignored elsewhere":       {"other\tGO-2026-0001\t2026-12-01\tan example\n", "symbol", "called", "called: GO-2026-0001 in"},
		"ignored until yesterday": {"called\tGO-2026-0001\t2026-11-30\tan example\n", "symbol", "called", "called: GO-2026-0001 was ignored until 2026-11-30"},
		"ignored without need":    {row + "called\tGO-2026-0002\t2026-12-01\tan example\n", "symbol", "called", "called: GO-2026-0002 is ignored, which is no longer needed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := runOn(t, tt.rows, tt.level, "testdata/"+tt.folder)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestRowsNeedAReasonAndAnEnd(t *testing.T) {
	for rows, want := range map[string]string{
		"called\tGO-2026-0001\t2026-12-01\n":                                             "vulnerabilities.tsv:1: must be distribution, vulnerability, last day and reason",
		"called\tGO-2026-0001\t2026-12-01\t\n":                                           "vulnerabilities.tsv:1: must be distribution, vulnerability, last day and reason",
		"# comment\ncalled\tCVE-1\t2026-12-01\twhy\n":                                    "vulnerabilities.tsv:2: vulnerability must be like GO-2026-1234",
		"called\tGO-2026-0001\tnever\twhy\n":                                             "vulnerabilities.tsv:1: last day must be like 2027-01-31",
		"called\tGO-2026-0001\t2026-12-01\twhy\ncalled\tGO-2026-0001\t2026-12-02\twhy\n": "vulnerabilities.tsv:2: GO-2026-0001 is there twice for called",
	} {
		_, err := runOn(t, rows, "symbol", "testdata/called")
		require.ErrorContains(t, err, want)
	}
}

// A row that ended, or whose module has been raised since, must go. What is called is for
// `make govulncheck` to say: a row for what is only required fails there.
func TestNoIgnoreIsOutdated(t *testing.T) {
	rows, err := readIgnores(shipped)
	require.NoError(t, err)
	url, cleanUp, err := openDatabase(archive)
	require.NoError(t, err)
	defer cleanUp()
	for _, name := range []string{"otelcol-tracecore", "otelcol-tracecore-node"} {
		required, err := scanFolder(t.Context(), url, distributions+name, "module")
		require.NoError(t, err)
		require.NotEmpty(t, required, "the database knows openpgp, which has no fix")
		covered := map[string]finding{}
		for id := range rows.of(name) {
			if f, found := required[id]; found {
				covered[id] = f
			}
		}
		require.Empty(t, judge(name, covered, rows, time.Now()))
	}
	for _, row := range rows {
		require.DirExists(t, distributions+row.distribution)
	}
}

func TestMissingDatabaseIsAnErrorBeforeTheScan(t *testing.T) {
	for _, place := range []string{"file:///missing", "missing.tar.zst", "testdata/called/main.go"} {
		c := check{database: place, ignores: shipped, level: "symbol"}
		err := c.run(t.Context(), &bytes.Buffer{}, time.Now(), []string{distributions + "otelcol-tracecore"})
		require.ErrorContains(t, err, "no vulnerability database at "+place+": allow access, or set VULNDB")
	}
}
