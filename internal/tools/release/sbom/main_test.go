// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const raw = `{
	"metadata": {"component": {"version": "v0.1.0"}, "tools": [{"name": "cyclonedx-gomod", "hashes": [{"alg": "MD5"}]}]},
	"components": [
		{"name": "../../receiver/clockreceiver", "purl": "pkg:golang/../../receiver/clockreceiver@(devel)"},
		{"name": "github.com/google/licensecheck"},
		{"name": "std"}
	]
}`

// complete completes the bill above by this module's go.mod.
func complete(t *testing.T, rules string) (b bill, report string, err error) {
	t.Helper()
	dir := t.TempDir()
	list, billPath, reportPath := filepath.Join(dir, "licenses.tsv"), filepath.Join(dir, "bill.json"), filepath.Join(dir, "report.txt")
	require.NoError(t, os.WriteFile(list, []byte(rules), 0o600))
	require.NoError(t, os.WriteFile(billPath, []byte(raw), 0o600))
	err = run("..", list, billPath, reportPath)
	content, readErr := os.ReadFile(billPath)
	require.NoError(t, readErr)
	require.NoError(t, json.Unmarshal(content, &b))
	text, readErr := os.ReadFile(reportPath)
	if readErr == nil {
		report = string(text)
	}
	return b, report, err
}

const (
	allowed = "allow\tApache-2.0\tour own\nallow\tBSD-3-Clause\tpermissive\n"
	std     = "module\tstd\tBSD-3-Clause\tGo's own\n"
)

func TestBillNamesModulesAndLicences(t *testing.T) {
	b, report, err := complete(t, allowed+std)
	require.NoError(t, err)
	require.Equal(t, []string{ours + "/receiver/clockreceiver", "github.com/google/licensecheck", "std"}, b.modules())
	require.Equal(t, "pkg:golang/"+ours+"/receiver/clockreceiver@v0.1.0", b.components()[0]["purl"])
	require.Equal(t, []any{map[string]any{"license": map[string]any{"id": "BSD-3-Clause"}}}, b.components()[1]["licenses"])
	require.NotContains(t, b["metadata"].(map[string]any)["tools"].([]any)[0], "hashes")
	require.Equal(t, "Apache-2.0\n  "+ours+"/receiver/clockreceiver\n\nBSD-3-Clause\n  github.com/google/licensecheck\n  std\n\n", report)
}

func TestLicenceThatNobodyAllowedFails(t *testing.T) {
	_, report, err := complete(t, "allow\tApache-2.0\tour own\n"+std)
	require.ErrorContains(t, err, "github.com/google/licensecheck: licence BSD-3-Clause is not on the list\nstd: licence BSD-3-Clause is not on the list")
	require.NotEmpty(t, report, "the report shows what was found")
}

func TestModuleWithoutLicenceFails(t *testing.T) {
	ids, err := recognise(t.TempDir())
	require.NoError(t, err)
	require.EqualError(t, rules{}.check(map[string][]string{"example.com/m": ids}), "example.com/m: no licence was recognised")
}

func TestRulesNeedReasons(t *testing.T) {
	_, _, err := complete(t, "# comment\nallow\tMIT\n")
	require.ErrorContains(t, err, "licenses.tsv:2: must be allow, licence, reason")
	shipped, err := readRules("../licenses.tsv")
	require.NoError(t, err)
	require.True(t, shipped.allowed["Apache-2.0"])
}
