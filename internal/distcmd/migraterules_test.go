// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMigrateRules(t *testing.T) {
	const rules = "groups: [{name: g, rules: [{alert: A, expr: DCGM_FI_DEV_GPU_UTIL > 90}]}]  # all\n"
	const rewritten = "groups: [{name: g, rules: [{alert: A, expr: (DCGM_FI_DEV_GPU_UTIL_RATIO * 100) > 90}]}]  # all\n"
	dir := t.TempDir()
	file, bad, broken, link := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "bad.yaml"), filepath.Join(dir, "broken.yaml"), filepath.Join(dir, "link.yaml")
	require.NoError(t, os.WriteFile(file, []byte(rules), 0o640))
	require.NoError(t, os.WriteFile(bad, []byte("expr: DCGM_FI_DEV_NONE\n"), 0o600))
	require.NoError(t, os.WriteFile(broken, []byte("a: ["), 0o600))
	require.NoError(t, os.Symlink("rules.yaml", link))
	changes := func(name string) string {
		return name + ":1\n- DCGM_FI_DEV_GPU_UTIL > 90\n+ (DCGM_FI_DEV_GPU_UTIL_RATIO * 100) > 90\n"
	}

	out, errs, err := migrateRulesWith(t, "", file)
	require.NoError(t, err)
	require.Equal(t, changes(file), out)
	require.Empty(t, errs)
	requireFile(t, file, rules)

	out, errs, err = migrateRulesWith(t, "", file, bad, "--to", "otel")
	require.EqualError(t, err, "1 places were left as they are")
	require.Contains(t, out, "+ (gpu_utilization_sampled_ratio * 100) > 90\n")
	require.Equal(t, file+":1: note: gpu_utilization_sampled_ratio needs metrics::gpu.utilization.sampled::enabled: true in the dcgm receiver\n"+
		bad+":1: no field of DCGM is called DCGM_FI_DEV_NONE\n", errs)
	requireFile(t, file, rules)

	out, _, err = migrateRulesWith(t, rules, "-")
	require.NoError(t, err)
	require.Equal(t, rewritten, out)

	_, _, err = migrateRulesWith(t, "", link, broken, "--write")
	require.ErrorContains(t, err, broken+": read YAML: ")
	requireFile(t, file, rewritten)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
	info, err = os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	left, err := filepath.Glob(filepath.Join(dir, ".migrate*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// What one file records has new labels in the others, too, whichever comes first.
func TestMigrateRulesKnowsWhatOtherFilesRecord(t *testing.T) {
	dir := t.TempDir()
	uses, rules := filepath.Join(dir, "uses.yaml"), filepath.Join(dir, "rules.yaml")
	require.NoError(t, os.WriteFile(uses, []byte("expr: node:util{Hostname=\"a\"} > 90\n"), 0o600))
	require.NoError(t, os.WriteFile(rules, []byte("- {record: \"node:util\", expr: avg by (Hostname) (DCGM_FI_DEV_GPU_UTIL)}\n"), 0o600))
	out, errs, err := migrateRulesWith(t, "", uses, rules)
	require.NoError(t, err)
	require.Contains(t, out, "+ node:util{hostname=\"a\"} > 90\n")
	require.Equal(t, rules+":1: note: node:util has new labels: rewrite the files that have it together with this one\n", errs)
	out, _, err = migrateRulesWith(t, "", uses)
	require.NoError(t, err)
	require.Empty(t, out)
}

func TestMigrateRulesRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		`"--to": must be 4.9 or otel, got "5"`:    {"x", "--to", "5"},
		`"--from": must be 4.8 or 4.9, got "4.7"`: {"x", "--from", "4.7"},
		"no such file or directory":               {"/nowhere.yaml"},
		"requires at least 1 arg":                 nil,
	} {
		_, _, err := migrateRulesWith(t, "", args...)
		require.ErrorContains(t, err, want)
	}
}

func migrateRulesWith(t *testing.T, in string, args ...string) (out, errs string, err error) {
	t.Helper()
	cmd := NewCommand(nopSettings())
	var stdout, stderr bytes.Buffer
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SilenceErrors = true
	cmd.SetArgs(append([]string{"migrate-rules"}, args...))
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

func requireFile(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}
